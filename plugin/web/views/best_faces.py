"""The photos of a person that would serve best as references, as the restorer chooses them, in words."""

from collections import Counter
from typing import Any

import numpy as np

from iconface_core.geometry import ARCFACE_112
from iconface_core.identity.references import DegradedFace, Refusal, select_references

from ...app import App
from ...languages import N_, _
from ...restoring.candidates import MAX_POOL
from ..words.dates import taken
from ..words.reasons import helps_in_general, in_numbers

LIMIT = 6
"""A restoration uses three; the next ones are shown too, for it leaves out those of the photo itself."""

REFUSALS: dict[Refusal, str] = {
    Refusal.LOW_QUALITY: N_("not clear enough"),
    Refusal.TOO_SMALL: N_("too small"),
    Refusal.DOUBTFUL: N_("perhaps somebody else"),
    Refusal.LOW_SCORE: N_("turned away or unclear"),
    Refusal.REPEATS: N_("of the same moment as a better one"),
    Refusal.NOT_NEEDED: N_("good, but not needed"),
}


def best_faces(app: App, person_id: int) -> dict[str, Any]:
    """Chosen for a frontal face of which nothing else is known. Raises UnknownIdError."""
    with app.gallery.begin(write=False) as tx:
        person = tx.people.get(person_id)
        rows = tx.faces.reference_candidates(person_id, app.embedder.id)
    best = sorted(rows, key=lambda r: -r.norm)[:MAX_POOL]
    nothing_known = DegradedFace(np.array(ARCFACE_112.points, np.float32), photo_hash="")
    choice = select_references(nothing_known, app.identifier.pool(best), app.embedder.calibration, limit=LIMIT)
    dates = {r.face_id: (r.photo_id, taken(r.captured_at, r.dated)) for r in best}
    chosen = [(c.face_id, *dates[c.face_id], helps_in_general(c.reasons), in_numbers(c.reasons)) for c in choice.chosen]
    refused = Counter(_(REFUSALS[r.refusal]) for r in choice.refused if r.refusal in REFUSALS)
    if len(rows) > len(best):
        refused[_(REFUSALS[Refusal.LOW_QUALITY])] += len(rows) - len(best)
    return {"person": person, "chosen": chosen, "refused": refused.most_common(), "usable": len(rows)}
