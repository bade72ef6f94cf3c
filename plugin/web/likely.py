"""Who a face might be, in words for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plugin.app import App
from plugin.subjects import Subject, detection_of

WORDS = ((0.9, "very likely"), (0.5, "likely"), (0.15, "perhaps"), (0.0, "less likely"))
LEAST = 0.02
"""Who is less probable than this is not named."""


@dataclass(frozen=True, slots=True)
class Likely:
    """One person a face might be. `probability` 0..1; `similarity` -1..1 to the most alike of their `faces` faces."""

    person_id: int
    name: str | None
    cover_face_id: int | None
    photos: int
    words: str
    probability: float
    similarity: float
    faces: int


def likely_people(app: App, face_id: int) -> Sequence[Likely] | None:
    """The people a face is most likely to be, best first: nobody who is out of the question. None when the face was not
    looked at yet (it was drawn a moment ago). Raises NotFoundError."""
    with app.gallery.begin(write=False) as tx:
        face = tx.faces.get(face_id)
        embedding = tx.faces.embedding(face_id, app.embedder.id)
        photo = tx.photos.get(face.photo_id)
    if embedding is None:
        return None
    subject = Subject(
        path=Path(photo.path),
        content_hash=photo.content_hash,
        number=1,
        face=detection_of(face),
        embedding=embedding,
        quality=float(app.embedder.calibration.quality(embedding.norm)),
        face_id=face.id,
        photo_id=photo.id,
        captured_at=None if face.captured_at is None else datetime.fromisoformat(face.captured_at),
    )
    [answer] = app.whois.answer([subject])
    found = answer.identification
    named = [] if found is None else [c for c in found.candidates if c.posterior >= LEAST]
    with app.gallery.begin(write=False) as tx:
        cards = {c.id: c for c in tx.browse.cards([c.person_id for c in named])}
    return [
        Likely(
            person_id=c.person_id,
            name=cards[c.person_id].name,
            cover_face_id=cards[c.person_id].cover_face_id,
            photos=cards[c.person_id].photos,
            words=next(words for least, words in WORDS if c.posterior >= least),
            probability=c.posterior,
            similarity=c.similarity,
            faces=c.faces,
        )
        for c in named
        if c.person_id in cards
    ]
