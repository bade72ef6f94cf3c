"""The JSON rows other programs build on. Their keys are promised in docs/json.md: add, never rename."""

from typing import Any

from gallery_db.records import FaceRecord, PersonSummary

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
