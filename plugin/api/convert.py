"""What the use cases return, as the records of the public API."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .errors import Error, NotFoundError, RequestError
from .records import (
    Box,
    Decision,
    Face,
    Folder,
    Identity,
    Person,
    Reference,
    RefusedReference,
    Restoration,
    ScanResult,
)

if TYPE_CHECKING:
    from gallery_db.records import DecisionRecord, FaceRecord, PersonSummary
    from iconface_core.reasons import Reason
    from iconface_core.types import BBox

    from ..library.library_scan import LibraryReport
    from ..library.photo_faces import PhotoFace
    from ..restoring.identified_face import IdentifiedFace
    from ..restoring.result import FaceResult
    from ..rows import Row


def folder(row: "Row") -> Folder:
    return Folder(row["root_id"], Path(row["path"]), row["online"], row["photos"], _time(row["last_scan_at"]))


def person(found: "PersonSummary") -> Person:
    return Person(
        id=found.id,
        name=found.name,
        faces=found.faces,
        photos=found.photos,
        confirmed=found.confirmed,
        hidden=found.hidden,
        ignored=found.ignored,
        birth_date=None if found.birth_date is None else date.fromisoformat(found.birth_date),
    )


def face(found: "FaceRecord") -> Face:
    return Face(
        id=found.id,
        photo=Path(found.photo),
        box=_box(found.bbox),
        quality=found.quality,
        detection=found.det_score,
        person_id=found.person_id,
        person_name=found.person_name,
        confirmed=found.confirmed,
        taken=_time(found.captured_at),
    )


def scan_result(report: "LibraryReport") -> ScanResult:
    scan = report.scan
    return ScanResult(
        new=scan.new,
        changed=scan.changed,
        moved=scan.moved,
        missing=scan.missing,
        unchanged=scan.unchanged,
        failed={Path(path): _in_words(reason) for path, reason in scan.failed.items()},
        problems=(*_all_in_words(scan.offline), *_all_in_words(scan.problems)),
        people=report.people,
        faces=report.faces,
        questions=report.proposals,
    )


def identity(answer: "IdentifiedFace") -> Identity:
    rows, choice = answer.rows, answer.choice
    return Identity(
        number=answer.subject.number,
        face=_face_of(answer.subject, answer.person_id, answer.person_name),
        how=cast("Any", answer.how),  # the same words; a Literal here, text below
        reason=_in_words(answer.reason),
        references=tuple(
            Reference(c.face_id, Path(rows[c.face_id].photo), c.score, tuple(_all_in_words(c.reasons)))
            for c in (choice.chosen if choice else ())
        ),
        refused=tuple(
            RefusedReference(r.face_id, Path(rows[r.face_id].photo), r.refusal.value, _in_words(r.reason))
            for r in (choice.refused if choice else ())
        ),
        summary=_in_words(choice.summary) if choice else "nobody is known for this face, so there are no references",
    )


def restoration(result: "FaceResult") -> Restoration:
    """Raises what is wrong with the photo as a whole: such a result is about no face."""
    if result.bbox is None:
        raise _why_none(result)
    verdict = result.verdict
    return Restoration(
        photo=result.photo,
        number=result.number,
        box=_box(result.bbox),
        face_id=result.face_id,
        person_id=result.person_id,
        person_name=result.person_name,
        references=tuple(_reference(row) for row in result.references),
        restorer=result.restorer,
        strength=result.strength,
        seed=result.seed,
        verdict=None if verdict is None else verdict.kind.value,
        verdict_reason=None if verdict is None else _in_words(verdict.reason),
        similarity_before=result.similarity_before,
        similarity_after=result.similarity_after,
        output=result.output,
        left_alone=_why(result),
        notes=tuple(_all_in_words(result.notes)),
    )


def decision(record: "DecisionRecord", removed: tuple[Path, ...] = ()) -> Decision:
    at = datetime.fromisoformat(record.at)
    return Decision(record.id, at, _in_words(record.summary), record.undone_by is not None, removed)


def _why_none(result: "FaceResult") -> Error:
    kind = Error if result.failed else NotFoundError if result.no_face else RequestError
    return kind(_why(result) or f"{result.photo}: nothing could be done")


def _in_words(reason: "Reason") -> str:
    from ..reason_words import in_words  # here: naming the API imports nothing of iconface_core

    return in_words(reason)


def _all_in_words(reasons: "Iterable[Reason]") -> list[str]:
    return [_in_words(r) for r in reasons]


def _why(result: "FaceResult") -> str | None:
    return None if result.skipped is None else _in_words(result.skipped)


def _face_of(subject: "PhotoFace", person_id: int | None, person_name: str | None) -> Face:
    return Face(
        id=subject.face_id,
        photo=subject.path,
        box=_box(subject.face.bbox),
        quality=subject.quality,
        detection=subject.face.det_score,
        person_id=person_id,
        person_name=person_name,
        confirmed=subject.confirmed,
        taken=subject.captured_at,
    )


def _reference(row: Mapping[str, Any]) -> Reference:
    from iconface_core.reasons import read_reasons

    return Reference(
        row["face_id"], Path(row["photo"]), row["score"], tuple(_all_in_words(read_reasons(row["reasons"])))
    )


def _box(box: "BBox") -> Box:
    return Box(float(box.x1), float(box.y1), float(box.x2), float(box.y2))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
