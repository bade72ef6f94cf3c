"""What the pages of restorations show, read in one transaction: the cards of a shelf, and one restoration in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import WHOLE_PHOTO, FaceRecord, JobRecord, RestorationRecord
from iconface_core.calibration import Calibration
from iconface_core.reasons import from_json, read_reasons
from iconface_core.types import BBox

from ...languages import _, ngettext
from ...library.degradation import stored
from ...models.registry import Registry
from ...paths import printable
from ...restoring.expected_gain import expected_gain
from ...restoring.listing import CHOICE
from ...restoring.presence import Presence, copy_is_there, presence
from ..pictures import Which, restored_address
from ..restore_jobs import RestoreJobs, live_jobs
from ..words.likeness import LikenessBar, likeness_bar
from ..words.people import WHOLE, named
from ..words.reasons import helps, in_numbers, on_page
from ..words.restorations import GAINS, Says, verdict_words
from ..words.text import listed


@dataclass(frozen=True, slots=True)
class RestorationPictures:
    """Where the pictures of a restoration are. `face` is the box in its photo, None when it is not known any more."""

    record: RestorationRecord
    face: BBox | None

    def at(self, which: Which, side: int, *, whole: bool = False) -> str:
        """The address of the face before or after, or of the whole picture; `side` is the longest one, pixels."""
        return restored_address(which, self.record, side, None if whole else self.face)


@dataclass(frozen=True, slots=True)
class RestorationCard:
    """One entry of a shelf. `entry` stands for it, `id` leads to its page, `stamp` says what it shows (`stamp_of`).
    `taken`: when the photo was, None for one without a date. `gone`: why there is no restored picture, "" when there is
    one. `helpers` are the references' faces. `queued`: a job for it waits or runs."""

    entry: int
    id: int
    stamp: str
    who: str
    says: Says
    faces: int
    taken: str | None
    version: int
    pictures: RestorationPictures
    gone: str
    photo: str
    helpers: Sequence[int]
    gain: str
    queued: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a face. `face_id` is None for a file from outside the library, and for a face that is gone."""

    face_id: int | None
    photo: str
    words: Sequence[str]
    score: float
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Version:
    """One result for the same face."""

    id: int
    number: int
    label: str
    there: bool
    pictures: RestorationPictures


@dataclass(frozen=True, slots=True)
class Shown:
    """One restoration. `rows` are the faces of its copy, `face` the one in the gallery. Likeness in words is None
    without anybody to compare with. `choice`: why it is this result of several, "" where there was one."""

    record: RestorationRecord
    rows: Sequence[RestorationRecord]
    names: Mapping[int, str]
    stamp: str
    says: Says
    file: Presence
    face: FaceRecord | None
    photo_id: int | None
    photo: str
    when: datetime
    likeness: LikenessBar | None
    references: Sequence[Reference]
    versions: Sequence[Version]
    pictures: RestorationPictures
    gain: str
    job: JobRecord | None
    choice: str

    @property
    def name(self) -> str | None:
        """The person's, None without one."""
        return name_of(self.record, self.names)

    @property
    def who(self) -> str:
        """Whose face, as a title."""
        return named(self.name)


def stamp_of(rows: Sequence[RestorationRecord]) -> str:
    """What a page showed of one copy: its faces and what was decided, as text that names the rows too."""
    return "-".join(f"{r.id}.{r.state}.{r.decided or ''}" for r in sorted(rows, key=lambda r: r.id))


def entry_id(stamp: str) -> int:
    """The last row that a stamp names, which stands for the entry (`Card.entry`). Raises ValueError for no stamp."""
    return int(stamp.rpartition("-")[2].partition(".")[0])


def copy_there(tx: Tx, restoration_id: int) -> Path | None:
    """Where the restored copy is, None when it is not there. Raises UnknownIdError."""
    record = tx.restorations.get(restoration_id)
    return Path(str(record.output)) if copy_is_there(record) else None


def name_to_send(tx: Tx, restoration_id: int) -> tuple[str | None, bool]:
    """The person's name, and whether the place of the face is known. Raises UnknownIdError."""
    record = tx.restorations.get(restoration_id)
    names = {} if record.person_id is None else tx.people.names([record.person_id])
    return name_of(record, names), record.bbox is not None or _face(tx, record.face_id) is not None


def name_of(record: RestorationRecord, names: Mapping[int, str]) -> str | None:
    """The name of a restoration's person; of a whole photo, that it is one."""
    if record.restorer == WHOLE_PHOTO:
        return _(WHOLE)
    return None if record.person_id is None else names.get(record.person_id)


def cards(tx: Tx, ids: Sequence[int], registry: Registry, calibration: Calibration) -> list[RestorationCard]:
    """The entries with these ids (`on_shelf`), in order."""
    entries = [(tx.restorations.get(i), tx.restorations.with_output(i)) for i in ids]
    names = tx.people.names(sorted({r.person_id for _shown, rows in entries for r in rows if r.person_id is not None}))
    faces = {f.id: f for f in tx.faces.by_ids([r.face_id for r, _rows in entries if r.face_id is not None])}
    busy: RestoreJobs = live_jobs(tx) if any(r.state == "proposed" for r, _rows in entries) else {}
    return [_card(r, rows, names, faces, busy, registry, calibration) for r, rows in entries]


_HOW_BAD = {"": 0, "pass": 1, "unchecked": 2, "doubtful": 3, "refused": 4}
"""Verdicts in order; what another release may have written is doubtful."""


def _card(
    record: RestorationRecord,
    rows: Sequence[RestorationRecord],
    names: Mapping[int, str],
    faces: Mapping[int, FaceRecord],
    busy: RestoreJobs,
    registry: Registry,
    calibration: Calibration,
) -> RestorationCard:
    worst = max(rows, key=lambda r: _HOW_BAD.get(r.verdict, _HOW_BAD["doubtful"]))
    people = [r for r in rows if r.restorer != WHOLE_PHOTO] or rows
    who = list(dict.fromkeys(n for r in people if (n := name_of(r, names))))
    face = None if record.face_id is None else faces.get(record.face_id)
    return RestorationCard(
        entry=max(r.id for r in rows),
        id=record.id,
        stamp=stamp_of(rows),
        who=listed(who) or (named(None) if len(rows) == 1 else ngettext("{n} face", "{n} faces", len(rows))),
        says=verdict_words(worst, name_of(worst, names), calibration),
        faces=len(rows),
        taken=None if face is None else face.captured_at,
        version=record.version,
        pictures=_pictures(record, face),
        gone=_why_gone(record),
        photo=printable(Path(record.photo).name),
        helpers=[r["face_id"] for r in record.references if r.get("face_id") is not None][:3],
        gain=expected(record, face, registry) if record.state == "proposed" else "",
        queued=record.state == "proposed" and job_of(record, face, busy) is not None,
    )


def _why_gone(record: RestorationRecord) -> str:
    if record.state in ("rejected", "undone"):
        return _("Put back") if record.output is not None else _("Not this one")
    if record.state in ("refused", "unseen"):
        return _("No copy was made")
    words = {"gone": _("The copy is gone from the disk"), "offline": _("The disk with the copy is not connected")}
    return words.get(presence(record, compare=False), "")


def shown(tx: Tx, restoration_id: int, calibration: Calibration, registry: Registry) -> Shown:
    """One restoration with everything that belongs to it. Raises UnknownIdError."""
    record = tx.restorations.get(restoration_id)
    rows = tx.restorations.with_output(restoration_id)
    names = tx.people.names(sorted({r.person_id for r in rows if r.person_id is not None}))
    face = _face(tx, record.face_id)
    photo = None if face is not None else tx.photos.by_path(record.photo)
    before, after = (
        None if s is None else float(calibration.llr(s)) for s in (record.similarity_before, record.similarity_after)
    )
    return Shown(
        record=record,
        rows=rows,
        names=names,
        stamp=stamp_of(rows),
        says=verdict_words(record, name_of(record, names), calibration),
        file=presence(record) if record.state == "done" else "none",
        face=face,
        photo_id=face.photo_id if face is not None else None if photo is None else photo.id,
        photo=printable(face.photo if face is not None else record.photo),
        when=local(record.created_at),
        likeness=None if before is None or after is None else likeness_bar(before, after, name_of(record, names)),
        references=references(tx, record.references),
        versions=_versions(tx, record, face),
        pictures=_pictures(record, face),
        gain=expected(record, face, registry) if record.state == "proposed" else "",
        job=job_of(record, face, live_jobs(tx)),
        choice=on_page(from_json(record.options[CHOICE])) if CHOICE in record.options else "",
    )


def references(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[Reference]:
    """References as they were kept with a restoration."""
    there = {f.id for f in tx.faces.by_ids([r["face_id"] for r in rows if r.get("face_id") is not None])}
    return [
        Reference(
            r["face_id"] if r.get("face_id") in there else None,
            printable(Path(r["photo"]).name),
            helps(said),
            float(r["score"]),
            in_numbers(said),
        )
        for r in rows
        for said in [read_reasons(r["reasons"])]
    ]


def expected(record: RestorationRecord, face: FaceRecord | None, registry: Registry) -> str:
    """What a proposal promises, in words."""
    degradation = None if face is None else stored(face.degradation)
    if degradation is None:
        return ""
    scores = [float(r["score"]) for r in record.references]
    return _(GAINS[expected_gain(registry.gain_of(record.restorer), degradation, scores).level])


def job_of(record: RestorationRecord, face: FaceRecord | None, jobs: RestoreJobs) -> JobRecord | None:
    """The job that is at work on this face, or waits."""
    path = record.photo if face is None else face.photo
    return jobs.get((path, record.face_id)) or jobs.get((path, None))


def local(at: str) -> datetime:
    """A stored UTC time on this machine's clock."""
    return datetime.fromisoformat(at).astimezone()


def _face(tx: Tx, face_id: int | None) -> FaceRecord | None:
    try:
        return None if face_id is None else tx.faces.get(face_id)
    except UnknownIdError:
        return None


def _pictures(record: RestorationRecord, face: FaceRecord | None) -> RestorationPictures:
    return RestorationPictures(record, record.bbox or (None if face is None else face.bbox))


def _versions(tx: Tx, record: RestorationRecord, face: FaceRecord | None) -> list[Version]:
    same = tx.restorations.of_face(
        photo=record.photo, face_id=record.face_id, input_sha256=record.input_sha256, bbox=record.bbox
    )
    made = [r for r in reversed(same) if r.output is not None]
    return [Version(r.id, r.version, _fate(r), copy_is_there(r), _pictures(r, face)) for r in made]


def _fate(record: RestorationRecord) -> str:
    if record.state == "done":
        if record.decided == "accepted":
            return _("kept")
        return _("to decide") if copy_is_there(record) else _("gone from the disk")
    return _("put back")
