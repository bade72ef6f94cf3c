"""The JSON rows other programs build on. Their keys are promised in docs/json.md: add, never rename."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery_db.records import DecisionRecord, FaceRecord, JobRecord, PersonSummary

Row = dict[str, Any]


def face_row(face: FaceRecord) -> Row:
    """One row of `faces list`."""
    b = face.bbox
    return {
        "face_id": face.id,
        "photo": face.photo,
        "bbox": [round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)],
        "det_score": round(face.det_score, 4),
        "quality": None if face.quality is None else round(face.quality, 4),
        "person_id": face.person_id,
        "person_name": face.person_name,
        "confirmed": face.confirmed,
        "state": face.state,
        "source": face.source,
        "captured_at": face.captured_at,
    }


def person_row(person: PersonSummary) -> Row:
    """One row of `people list`."""
    return {
        "person_id": person.id,
        "name": person.name,
        "faces": person.faces,
        "photos": person.photos,
        "cover_face_id": person.cover_face_id,
        "hidden": person.hidden,
        "ignored": person.ignored,
        "confirmed": person.confirmed,
        "birth_date": person.birth_date,
        "first_captured": person.first_captured,
        "last_captured": person.last_captured,
    }


def decision_row(decision: DecisionRecord, *, dry_run: bool) -> Row:
    """What a command that decides about people or faces prints. What was only tried has no id."""
    return {
        "decision_id": None if dry_run else decision.id,
        "kind": decision.kind,
        "summary": decision.summary,
        "person_id": decision.person_id,
        "face_id": decision.face_id,
        "dry_run": dry_run,
    }


def job_row(job: JobRecord) -> Row:
    """One row of `jobs list`."""
    return {
        "job_id": job.id,
        "kind": job.kind,
        "state": job.state,
        "what": job_subject(job),
        "origin": job.origin,
        "priority": job.priority,
        "attempts": job.attempts,
        "run_after": job.run_after,
        "error": _printable(job.error),
        "payload": _printable(job.payload),
        "progress": _printable(job.progress),
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }


def job_subject(job: JobRecord) -> str:
    """What a job is about, in a few words."""
    payload = job.payload
    if "path" in payload:
        return str(_printable(payload["path"]))
    if "paths" in payload:
        return f"{len(payload['paths'])} files"
    return f"folder {payload['root_id']}" if "root_id" in payload else ""


def job_event(job: JobRecord) -> Row:
    """The line of `watch` for a job that ended."""
    text = job.error if job.state == "failed" else (job.progress or {}).get("text")
    return {"event": "job", "job_id": job.id, "kind": job.kind, "state": job.state, "text": text}


def _printable(value: Any) -> Any:
    """The same with every name that is not UTF-8 shown with escapes: such text cannot be printed."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if isinstance(value, dict):
        return {k: _printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_printable(v) for v in value]
    return value
