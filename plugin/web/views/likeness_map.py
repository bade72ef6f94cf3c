"""The people as a map: who looks alike stands close together, and whom a line joins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gallery_db.browse.repository import PersonCard, PersonPlace
from gallery_db.gallery import Tx
from iconface_core.calibration import Calibration
from iconface_core.identity.plane import plane
from iconface_core.types import F32, EmbedderId

from ..words.likeness import alike_level, alike_words
from .person_view import versions

NAMED, UNNAMED = 80, 200
"""So many people with a name and groups without one are shown, those in most photos."""

FACES = 6
"""Clearest faces of each that stand for them."""

ALIKE = 3
"""So many are named as alike of each."""

LEAST = 3
"""Fewer make no map."""

WIDTH, HEIGHT, MARGIN = 1000.0, 640.0, 70.0
SMALL, LARGE = 16.0, 34.0
"""Radius of somebody in one photo, and of who is in most."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who looks like somebody else. `words` go on "they look ..."."""

    id: int
    name: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A person on the map, at `x`, `y` with the radius `r`. `alike`: the most alike first."""

    id: int
    name: str | None
    photos: int
    face_id: int | None
    version: str
    x: float
    y: float
    r: float
    alike: Sequence[Alike]


@dataclass(frozen=True, slots=True)
class Line:
    """Joins two who look alike; `level` 1 to 3, the most alike is 3."""

    x1: float
    y1: float
    x2: float
    y2: float
    level: int


@dataclass(frozen=True, slots=True)
class LikenessMap:
    """`spots` in order of photos, the most first, so that a small one lies over a large one."""

    spots: Sequence[Spot]
    lines: Sequence[Line]


def likeness_map(tx: Tx, embedder: EmbedderId, calibration: Calibration) -> LikenessMap:
    """Of the people in the lists. Empty where there are too few."""
    cards = _cards(tx)
    rows, means = _means(tx, embedder, [c.id for c in cards])
    cards = [cards[i] for i in rows]
    if len(cards) < LEAST:
        return LikenessMap([], [])
    close = np.einsum("id,jd->ij", means, means)  # the mean similarity of their faces; starts no threads, as BLAS would
    np.fill_diagonal(close, -1.0)
    unit = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    places = _places(plane(unit))
    alike = [_alike(i, row, cards, calibration) for i, row in enumerate(close)]
    known = versions(tx, [c.cover_face_id for c in cards])
    most = max(c.photos for c in cards)
    spots = [
        Spot(
            c.id, c.name, c.photos, c.cover_face_id, known.get(c.cover_face_id or 0, ""),
            x, y, SMALL + (LARGE - SMALL) * (c.photos / max(most, 1)) ** 0.5, [also for _, also in alike[i]],
        )
        for i, (c, (x, y)) in enumerate(zip(cards, places.tolist(), strict=True))
    ]  # fmt: skip
    pairs = {(min(i, j), max(i, j)) for i, found in enumerate(alike) for j, _ in found}
    lines = [_line(spots[i], spots[j], float(close[i, j]), calibration) for i, j in sorted(pairs)]
    return LikenessMap(sorted(spots, key=lambda s: (-s.photos, s.id)), lines)


def _cards(tx: Tx) -> list[PersonCard]:
    named = [c for c in tx.browse.people("shown", limit=NAMED) if c.name is not None]
    first_unnamed = PersonPlace(unnamed=True, photos=2**31, person_id=0)
    return named + tx.browse.people("shown", after=first_unnamed, limit=UNNAMED)


def _means(tx: Tx, embedder: EmbedderId, people: Sequence[int]) -> tuple[list[int], F32]:
    """Which of these people have a vector, and the means (n, d) of theirs."""
    best = tx.browse.best(people, FACES)
    found = tx.faces.matrix(embedder, np.array(sorted(best), np.int64))
    place = {person: i for i, person in enumerate(people)}
    at = np.array([place[best[face]] for face in found.face_ids.tolist()], np.int64)
    rows, inverse, counts = np.unique(at, return_inverse=True, return_counts=True)
    sums = np.zeros((len(rows), found.vectors.shape[1]), np.float32)
    np.add.at(sums, inverse, found.vectors)
    means: F32 = (sums / counts[:, None]).astype(np.float32)
    return rows.tolist(), means


def _places(points: F32) -> F32:
    """Points of the plane on the map, one unit as long across as along."""
    widest = np.maximum(np.abs(points).max(axis=0), 1e-9)
    scale = min((WIDTH / 2 - MARGIN) / widest[0], (HEIGHT / 2 - MARGIN) / widest[1])
    return np.array([WIDTH / 2, HEIGHT / 2], np.float32) + points * np.float32(scale)


def _alike(which: int, row: F32, cards: Sequence[PersonCard], calibration: Calibration) -> list[tuple[int, Alike]]:
    """The most alike of one, by their places in `cards`."""
    return [
        (i, Alike(cards[i].id, cards[i].name, words))
        for i in np.argsort(-row)[:ALIKE].tolist()
        if i != which and (words := alike_words(float(row[i]), calibration))
    ]


def _line(a: Spot, b: Spot, similarity: float, calibration: Calibration) -> Line:
    return Line(a.x, a.y, b.x, b.y, alike_level(similarity, calibration))
