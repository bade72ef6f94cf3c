"""People and faces to choose from: by likeness, or by what was typed. Each is read in a transaction of its own."""

from collections.abc import Collection, Sequence

from gallery_db import Gallery
from gallery_db.browse.repository import PersonCard
from gallery_db.records import FaceRecord

from ...app import App
from ..words.likeness import alike_words
from .person_view import PersonHead, person_head

STRIP = 12
"""Similar faces that are asked about in one go."""
OFFERED = 24
FOUND_BY_NAME = 25


def named_like(gallery: Gallery, typed: str, *, limit: int) -> list[PersonCard]:
    """Of the first `limit` people that a search finds those who have a name."""
    with gallery.begin(write=False) as tx:
        return [p for p in tx.browse.people("shown", search=typed, limit=limit) if p.name is not None]


def same_person(
    app: App, person_id: int, typed: str
) -> tuple[PersonHead, Sequence[tuple[PersonCard, str, float | None, int]]]:
    """A person, and who may be the same one: whose faces are alike, or whom a search finds. Of each: how alike, in
    words and as similarity (None: by name), and in how many photos both are. Raises UnknownIdError."""
    words: dict[int, tuple[str, float | None]] = {}
    with app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
        if typed.strip():
            found = [p for p in tx.browse.people("shown", search=typed, limit=FOUND_BY_NAME) if p.id != person_id]
        else:
            alike = app.similar_faces.people(tx, person_id)
            words = {a.id: (alike_words(a.similarity, app.embedder.calibration), a.similarity) for a in alike}
            found = tx.browse.cards(words)
        together = tx.browse.together(person_id, [p.id for p in found])
    return head, [(p, *words.get(p.id, ("", None)), together.get(p.id, 0)) for p in found]


def other_person(app: App, face_ids: Sequence[int], owner: int | None, typed: str) -> Sequence[tuple[PersonCard, str]]:
    """Who these faces may be instead of `owner`, and how alike they are in words: those who are alike come first, then
    those whom a search finds."""
    with app.gallery.begin(write=False) as tx:
        alike = [] if typed.strip() else app.similar_faces.people_like(tx, face_ids, but=owner, limit=OFFERED)
        words = {a.id: alike_words(a.similarity, app.embedder.calibration) for a in alike}
        found = tx.browse.cards(words)
        if len(found) < OFFERED:
            others = tx.browse.people("shown", search=typed, limit=OFFERED)
            found = [*found, *(p for p in others if p.id not in words)][:OFFERED]
    return [(p, words.get(p.id, "")) for p in found if p.id != owner]


def similar_to(
    app: App, person_id: int, skipped: Collection[int]
) -> tuple[PersonHead, Sequence[tuple[FaceRecord, str, float]]]:
    """A person, and faces that may be theirs, with the likeness in words and as similarity, apart from those that were
    `skipped`. Raises UnknownIdError."""
    with app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
        found = app.similar_faces.faces(tx, person_id, limit=STRIP + len(skipped))
        found = [f for f in found if f.id not in skipped][:STRIP]
        records = {f.id: f for f in tx.faces.by_ids([f.id for f in found])}
    alike = ((f, alike_words(f.similarity, app.embedder.calibration)) for f in found)
    return head, [(records[f.id], words, f.similarity) for f, words in alike if words and f.id in records]
