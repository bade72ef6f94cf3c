"""What came of a clean-up, face by face: from its jobs, and from the restorations they left."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.records import WHOLE_PHOTO, CleanupRecord, JobRecord, RestorationRecord
from iconface_core.reasons import Reason, from_json, read_reasons

from ..job_payloads import RESTORE, RestorePayload, payload_of
from ..reason_words import all_in_words, in_words
from ..reasons import FACE_GONE, UNSEEN
from ..rows import Row

Kind = Literal["restored", "refused", "left alone", "failed", "cancelled", "waiting"]


@dataclass(frozen=True, slots=True)
class CleanupOutcome:
    """One face (or one photo, while `face_id` is None: not begun, or unreadable). `reason` says why nothing was
    written. `state` is the restoration's now: a result may have been rejected since. `named`: the user named the
    person. `changed_mean` (0..255) and `changed_share` (0..1) are what was changed visibly."""

    kind: Kind
    photo: str
    face_id: int | None = None
    person: str | None = None
    bbox: tuple[float, ...] | None = None
    score: float | None = None
    complaints: tuple[Reason, ...] = ()
    reason: Reason | None = None
    restoration_id: int | None = None
    state: str | None = None
    restorer: str | None = None
    verdict: str | None = None
    before: float | None = None
    after: float | None = None
    references: tuple[Mapping[str, Any], ...] = ()
    output: str | None = None
    seconds: float | None = None
    named: bool = False
    changed_mean: float | None = None
    changed_share: float | None = None

    @property
    def first(self) -> tuple[bool, bool, float]:
        """Sorts what moves people to the front: results that were kept, of people with a name, that changed most."""
        return self.state != "done", not self.named, -(self.changed_mean or 0.0)

    def row(self) -> Row:
        """For readers of the table."""
        return {
            "outcome": self.kind,
            "photo": self.photo,
            "face_id": self.face_id,
            "person_name": self.person,
            "degradation": self.score,
            "complaints": all_in_words(self.complaints),
            "reason": None if self.reason is None else in_words(self.reason),
            "restoration_id": self.restoration_id,
            "state": self.state,
            "restorer": self.restorer,
            "verdict": self.verdict,
            "likeness_before": self.before,
            "likeness_after": self.after,
            "references": [str(r["photo"]) for r in self.references],
            "output": self.output,
            "seconds": self.seconds,
            "changed_mean": self.changed_mean,
            "changed_share": self.changed_share,
        }


def outcomes(tx: Tx, run: CleanupRecord | None = None) -> list[CleanupOutcome]:
    """Of one clean-up, or (None) of all whose jobs are remembered; in the order in which the photos were fed."""
    jobs = tx.jobs.find(kind=RESTORE, origin=ORIGIN) if run is None else tx.cleanups.jobs(run.id)
    made: dict[int, RestorationRecord] = {}
    for record in reversed(tx.restorations.history(origin=ORIGIN, since=_second(run))):
        if record.face_id is not None:
            made[record.face_id] = record
    names = tx.people.names()
    return [o for job in jobs for o in _of_job(job, made, names)]


def mended_photos(tx: Tx, run: CleanupRecord) -> list[RestorationRecord]:
    """The whole photos that a clean-up mended and whose copies were not taken back."""
    return tx.restorations.history(origin=ORIGIN, restorer=WHOLE_PHOTO, states=("done",), since=_second(run))


def ended_jobs(tx: Tx, run: CleanupRecord) -> list[JobRecord]:
    """The jobs of one clean-up that are through."""
    return tx.cleanups.jobs(run.id, states=("done", "failed", "cancelled"))


def counts(found: Sequence[CleanupOutcome]) -> dict[Kind, int]:
    """How many faces ended how."""
    return dict(Counter(o.kind for o in found))


def _second(run: CleanupRecord | None) -> str | None:
    """Restorations are dated to the second."""
    return None if run is None else run.started_at[:19]


def _of_job(job: JobRecord, made: Mapping[int, RestorationRecord], names: Mapping[int, str]) -> list[CleanupOutcome]:
    asked = payload_of(job, RestorePayload)
    if asked is None:
        return []
    photo, wanted = asked.path, asked.options.face_ids
    if job.state in ("waiting", "running"):
        return [CleanupOutcome("waiting", photo, face_id=i) for i in wanted]
    if job.state in ("failed", "cancelled"):
        return [
            CleanupOutcome("failed" if job.state == "failed" else "cancelled", photo, face_id=i, reason=job.error)
            for i in wanted
        ]
    rows = {r["face_id"]: r for r in (job.progress or {}).get("faces", [])}
    return [_of_face(photo, i, rows.get(i), made.get(i), names) for i in wanted]


def _of_face(
    photo: str, face_id: int, row: Mapping[str, Any] | None, record: RestorationRecord | None, names: Mapping[int, str]
) -> CleanupOutcome:
    """The restoration says more than the job when the job was killed after it had been kept, and was run again."""
    row = row or {}
    degradation = row.get("degradation") or {}
    skipped = row.get("skipped_reason")
    why = None if skipped is None else from_json(skipped)
    said: dict[str, Any] = {
        "photo": photo,
        "face_id": face_id,
        "person": _title(row.get("person_id"), names),
        "bbox": None if row.get("bbox") is None else tuple(row["bbox"]),
        "score": degradation.get("score"),
        "complaints": read_reasons(degradation.get("reasons", ())),
    }
    if record is None:
        return CleanupOutcome("left alone", **said, reason=why or FACE_GONE())
    b = record.bbox
    said |= {"person": _title(record.person_id, names), "bbox": None if b is None else (b.x1, b.y1, b.x2, b.y2)}
    kind: Kind = _KINDS.get(record.state, "restored")
    return CleanupOutcome(
        kind,
        **said,
        reason=None
        if kind == "restored"
        else why or (UNSEEN(mean=None, share=None, least=None) if kind == "left alone" else None),
        restoration_id=record.id,
        state=record.state,
        restorer=record.restorer,
        verdict=record.verdict,
        before=record.similarity_before,
        after=record.similarity_after,
        references=record.references,
        output=record.output,
        seconds=record.seconds,
        named=record.person_id is not None and bool(names.get(record.person_id)),
        changed_mean=record.changed_mean,
        changed_share=record.changed_share,
    )


_KINDS: Mapping[str, Kind] = {"refused": "refused", "unseen": "left alone"}


def _title(person_id: int | None, names: Mapping[int, str]) -> str | None:
    return None if person_id is None else names.get(person_id) or f"person {person_id}"
