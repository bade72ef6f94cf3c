"""What could be done differently when a restoration is made again."""

from typing import Any

from gallery_db.gallery import Tx

from ...app import App
from .restoration_view import shown

MOST_FACES = 60
"""Faces of a person to choose references from, the best first."""


def choices_for(tx: Tx, app: App, restoration_id: int, person_id: int | None) -> dict[str, Any]:
    """What the form is given: people, and faces to choose references from. `person_id`: if it is somebody else. Raises
    UnknownIdError."""
    seen = shown(tx, restoration_id, app.embedder.calibration, app.registry)
    who = person_id or seen.record.person_id
    rows = [] if who is None else tx.faces.reference_candidates(who, app.embedder.id)
    named = [(p.id, p.name) for p in tx.people.find(named=True)]
    own = None if seen.face is None else seen.face.photo_id
    used = [r.get("face_id") for r in seen.record.references] if who == seen.record.person_id else []
    best = sorted(
        (r for r in rows if r.photo_id != own), key=lambda r: (r.face_id not in used, not r.confirmed, -r.norm)
    )
    return {"seen": seen, "who": who, "named": named, "faces": best[:MOST_FACES], "used": used}
