"""Who else a face might be, in words for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...app import App
from ..words.likeness import alike_words

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Likely:
    """A person a face might be. `similarity` -1..1: the mean of the closest pairs of faces."""

    person_id: int
    name: str | None
    cover_face_id: int | None
    photos: int
    words: str
    similarity: float


def likely_people(app: App, face_id: int) -> Sequence[Likely] | None:
    """The people a face looks like, the most alike first, but not the one it has. Left out: who was ruled out, whom
    another face of the photo is, and who is hardly alike. None when the face was not looked at yet (it was drawn a
    moment ago). Raises UnknownIdError.

    By the index, not by `whois`: that weighs every face of the library, which takes seconds where there are many.
    """
    with app.gallery.begin(write=False) as tx:
        face = tx.faces.get(face_id)
        if tx.faces.embedding(face_id, app.embedder.id) is None:
            return None
        beside = {f.person_id for f in tx.faces.of_photo(face.photo_id) if f.id != face_id}
        refused = {person for of, person in tx.faces.rejections() if of == face_id}
        found = app.similar_faces.people_like(tx, [face_id], but=face.person_id)
        alike = {r.id: r.similarity for r in found if r.id not in beside | refused}
        cards = tx.browse.cards(alike)
    people = (
        Likely(c.id, c.name, c.cover_face_id, c.photos, words, alike[c.id])
        for c in cards
        if (words := alike_words(alike[c.id], app.embedder.calibration))
    )
    return list(people)[:SHOWN]
