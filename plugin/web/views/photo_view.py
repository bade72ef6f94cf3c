"""What the photo page shows: the photo, its faces in plain words, its restorations. Read in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gallery_db.browse.repository import PersonCard
from gallery_db.gallery import Tx
from gallery_db.records import WHOLE_PHOTO, FaceRecord, JobRecord, PhotoRecord, RestorationRecord
from iconface_core.types import BBox

from ...dry_run import Precondition
from ...errors import NotFoundError, UsageError
from ...job_payloads import RestorePayload, payload_of
from ...languages import N_, _, decimal
from ...offline_page import as_data_uri
from ...paths import printable
from ...restoring.presence import Presence, presence
from ..edit_conflicts import check, faces_stamp, person_stamp
from ..picture_files import Missing
from ..pictures import Pictures, version_of
from ..restore_jobs import RestoreJobs, live_jobs
from ..words.dates import day_and_time, taken
from ..words.jobs import JobLine, JobWords
from ..words.people import NO_NAME, WHOLE, named

Standing = Literal["confirmed", "suggested", "unnamed", "nobody", "ignored"]

SHOWN_RESTORATIONS = 12

PRINTED = 2000
"""Longer side of a photo on paper, pixels."""


@dataclass(frozen=True, slots=True)
class PhotoFaceView:
    """One face of the photo. `number` counts from the left, from 1. `elsewhere` are the photos its person is in.
    `version` stands in the address of its picture, `stamp` for whose it is (`face_stamp`)."""

    id: int
    number: int
    box: BBox
    standing: Standing
    name: str | None
    person_id: int | None
    elsewhere: int
    drawn: bool
    stamp: str
    version: str
    job: JobRecord | None
    restoration: RestorationRecord | None

    @property
    def label(self) -> str:
        """What stands at the box."""
        match self.standing:
            case "confirmed":
                return named(self.name)
            case "suggested":
                return f"{self.name}?"
            case "ignored":
                return _("Left out")
            case "unnamed" | "nobody":
                return _(NO_NAME)


@dataclass(frozen=True, slots=True)
class Restored:
    """One restoration of the photo. `file`: whether the copy is there."""

    id: int
    who: str
    when: str
    state: str
    file: Presence


@dataclass(frozen=True, slots=True)
class PhotoView:
    """The page. `before` and `after` are the photos beside it in its folder. `original` is the restoration whose output
    this photo is."""

    photo: PhotoRecord
    name: str
    folder: str
    taken: str
    faces: Sequence[PhotoFaceView]
    restored: Sequence[Restored]
    before: int | None
    after: int | None
    version: str
    original: RestorationRecord | None
    job: JobRecord | None

    @property
    def megabytes(self) -> str:
        return (
            f"{decimal(self.photo.size / 1e6, 1)} MB"
            if self.photo.size > 100_000
            else f"{self.photo.size / 1e3:.0f} kB"
        )

    @property
    def text_size(self) -> float:
        """Of the labels at the boxes, in pixels of the photo; the page's script makes it fit the screen."""
        return max(self.photo.width, self.photo.height) / 45


def face_stamp(tx: Tx, face: FaceRecord) -> str:
    """Stands for whose a face is and what that person is called: both are on the page. Raises UnknownIdError."""
    who = "" if face.person_id is None else person_stamp(tx, face.person_id)
    return f"{faces_stamp(tx, [face.id])}.{who}"


def face_unchanged(photo_id: int, face_id: int, stamp: str) -> Precondition:
    """A face of this photo is as the page showed it. Raises UnknownIdError, NotFoundError, Conflict."""

    def given(tx: Tx) -> None:
        face = tx.faces.get(face_id)
        if face.photo_id != photo_id:
            raise NotFoundError(f"face {face_id} is not in photo {photo_id}")
        check(stamp, face_stamp(tx, face), _("this face"))

    return given


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a face is: nobody's, somebody's, of whom there are so many `photos`. `stamp` is `face_stamp`."""

    person_id: int | None
    name: str | None
    photos: int
    stamp: str


def whose_face(tx: Tx, face_id: int) -> Whose:
    """Raises UnknownIdError."""
    face = tx.faces.get(face_id)
    photos = sum(c.photos for c in cards_of(tx, [] if face.person_id is None else [face.person_id]))
    return Whose(face.person_id, face.person_name, photos, face_stamp(tx, face))


def cards_of(tx: Tx, people: Sequence[int]) -> Sequence[PersonCard]:
    """These people, to choose from."""
    return tx.browse.cards(people)


def restore_progress(tx: Tx, job_id: int, face_id: int) -> tuple[JobRecord, JobLine, RestorationRecord | None]:
    """A job that restores a face, in words too, and what it left: the result or the refusal. Raises UnknownIdError."""
    job = tx.jobs.get(job_id)
    [line] = JobWords(tx).lines([job])
    asked = payload_of(job, RestorePayload)
    done = [] if asked is None else tx.restorations.of_face(photo=asked.path, face_id=face_id)[:1]
    made = done[0] if done and job.state == "done" and done[0].state in ("done", "refused") else None
    return job, line, made


def photo_as_data(pictures: Pictures, photo_id: int) -> str:
    """The upright photo, `PRINTED` pixels wide or high at most, as a data URI. Raises UsageError when it cannot be
    read."""
    found = pictures.photo(photo_id, PRINTED)
    made = found if isinstance(found, Missing) else pictures.ready(found) or pictures.make(found).result()
    if isinstance(made, Missing):
        raise UsageError(_("The photo cannot be read now."))
    return as_data_uri(made)


def photo_view(tx: Tx, photo_id: int) -> PhotoView:
    """Raises UnknownIdError."""
    photo = tx.photos.get(photo_id)
    path = Path(photo.path)
    jobs = live_jobs(tx)
    history = tx.restorations.history(photo=photo.path, limit=200)
    before, after = tx.photos.neighbours(photo.path)
    return PhotoView(
        photo=photo,
        name=printable(path.name),
        folder=printable(path.parent),
        taken=taken(photo.captured_at, photo.dated) if photo.dated else day_and_time(photo.captured_at),
        faces=_faces(tx, photo, jobs, history),
        restored=_restored(tx, history),
        before=before,
        after=after,
        version=version_of(photo.content_hash),
        original=tx.restorations.by_output(path=photo.path) if photo.state == "restored" else None,
        job=jobs.get((photo.path, None)),
    )


def _faces(tx: Tx, photo: PhotoRecord, jobs: RestoreJobs, history: Sequence[RestorationRecord]) -> list[PhotoFaceView]:
    faces = tx.faces.of_photo(photo.id)
    cards = {c.id: c for c in tx.browse.cards({f.person_id for f in faces if f.person_id is not None})}
    out = []
    for number, f in enumerate(faces, 1):
        card = cards.get(f.person_id or 0)
        mine = (r for r in history if r.face_id == f.id and r.state in ("done", "proposed", "refused"))
        out.append(
            PhotoFaceView(
                id=f.id,
                number=number,
                box=f.bbox,
                standing=_standing(f),
                name=f.person_name,
                person_id=f.person_id,
                elsewhere=0 if card is None else card.photos - 1,
                drawn=f.source == "manual",
                stamp=face_stamp(tx, f),
                version=version_of(photo.content_hash, f.bbox),
                job=jobs.get((photo.path, f.id)),
                restoration=next(mine, None),
            )
        )
    return out


def _standing(f: FaceRecord) -> Standing:
    if f.state == "ignored":
        return "ignored"
    if f.person_id is None:
        return "nobody"
    if f.confirmed:
        return "confirmed"
    return "suggested" if f.person_name else "unnamed"


def _restored(tx: Tx, history: Sequence[RestorationRecord]) -> list[Restored]:
    """One entry per copy: a copy may hold several restored faces."""
    names = tx.people.names([r.person_id for r in history if r.person_id is not None])
    copies: dict[object, list[RestorationRecord]] = {}
    for r in history:
        copies.setdefault(r.output if r.output is not None else r.id, []).append(r)
    out = []
    for rows in list(copies.values())[:SHOWN_RESTORATIONS]:
        known = sorted({names[r.person_id] for r in rows if r.person_id in names})
        first = rows[0]
        file = presence(first, compare=False)
        who = ", ".join(known) or (_(WHOLE) if first.restorer == WHOLE_PHOTO else "")
        out.append(Restored(first.id, who, day_and_time(first.created_at), _state(first, file), file))
    return out


def _state(r: RestorationRecord, file: Presence) -> str:
    if r.state == "done" and file in ("gone", "offline"):
        return _("The copy is no longer there") if file == "gone" else _("The copy is on a disk that is not connected")
    if r.state == "done":
        return {"accepted": _("Kept"), "rejected": _("Put back"), None: _("To decide")}[r.decided]
    return _(_STATES[r.state])


_STATES: Mapping[str, str] = {
    "refused": N_("Refused"),
    "undone": N_("Taken back"),
    "proposed": N_("Proposed"),
    "rejected": N_("Put back"),
    "unseen": N_("No visible change"),
}
