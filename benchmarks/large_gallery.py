"""A made-up gallery of any size, written straight into the tables: people of very different sizes, 70 years of photos.

No picture is needed. Vectors lie around one direction per person, so that who resembles whom means something.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from gallery_db import Gallery
from gallery_db.database.packed import pack_landmarks
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import F32, I64, EmbedderId

FIRST = ("Anna", "Émile", "Grete", "Jürgen", "Łukasz", "Maja", "Noël", "Özlem", "Søren", "Zoë", "Carl", "Ida")
LAST = ("Beck", "Çelik", "Dvořák", "Fischer", "García", "Holm", "Ibsen", "Keller", "Müller", "Novák", "Peña", "Weiß")


@dataclass(frozen=True, slots=True)
class Size:
    """How large. `largest` and `usual` are the faces of the first and the second person; `loose` is the share of faces
    in nobody, `named` the share of people with a name."""

    people: int = 5_000
    faces: int = 200_000
    photos: int = 120_000
    dim: int = 128
    largest: int = 2_000
    usual: int = 40
    loose: float = 0.08
    named: float = 0.3


def fill(gallery: Gallery, folder: Path, embedder: EmbedderId, size: Size, *, spread: float = 0.8) -> None:
    """Write people, photos below `folder`, faces and their vectors. Person 1 is the largest, person 2 the usual one.

    A face's vector is its person's direction plus noise of length `spread`: the cosine between two faces of one person
    is about 1 / (1 + spread^2).
    """
    rng = np.random.default_rng(7)
    owners = _owners(size, rng)
    photos = _photos(owners, size, rng)
    start = datetime(1955, 1, 1)
    with gallery.begin() as tx:
        conn = tx.meta._c
        conn.exec_driver_sql(
            "INSERT INTO root (id, path, added_at, online) VALUES (1, ?, '2026-01-01T00:00:00+00:00', 1)",
            (str(folder),),
        )
        days = rng.integers(0, 70 * 365, size.photos)
        dated = rng.random(size.photos) < 0.95
        conn.exec_driver_sql(
            "INSERT INTO photo (id, root_id, path, content_hash, size, mtime_ns, inode, width, height, captured_at,"
            " format, state, attempts) VALUES (?, 1, ?, ?, 1, 1, 1, 4000, 3000, ?, 'JPEG', 'indexed', 0)",
            [
                (
                    i + 1,
                    str(folder / f"{i + 1:06d}.jpg"),
                    f"h{i + 1}",
                    (start + timedelta(days=int(days[i]), seconds=i % 86400)).isoformat() if dated[i] else None,
                )
                for i in range(size.photos)
            ],
        )
        conn.exec_driver_sql(
            "INSERT INTO person (id, name, hidden, ignored, created_by) VALUES (?, ?, ?, ?, 'machine')",
            [(p + 1, _name(p, size), p % 40 == 39, p % 80 == 78) for p in range(size.people)],
        )
        landmarks = pack_landmarks((ARCFACE_112.points / ARCFACE_112.size * 200 + 100).astype(np.float32))
        quality = rng.uniform(0.1, 1.0, size.faces)
        sure = rng.random(size.faces) < 0.1
        conn.exec_driver_sql(
            "INSERT INTO face (id, photo_id, x1, y1, x2, y2, landmarks, det_score, quality, source, person_id,"
            " confirmed, state) VALUES (?, ?, 100, 100, 300, 300, ?, 0.9, ?, 'detected', ?, ?, ?)",
            [
                (
                    i + 1,
                    int(photos[i]),
                    landmarks,
                    float(quality[i]),
                    int(owners[i]) or None,
                    bool(owners[i] and sure[i]),
                    "ignored" if not owners[i] and i % 10 == 0 else "ok",
                )
                for i in range(size.faces)
            ],
        )
        _embed(conn, embedder, owners, size, spread, rng)
        conn.exec_driver_sql("ANALYZE")


def _owners(size: Size, rng: np.random.Generator) -> I64:
    """Person of each face, 0 for nobody: two of a given size, the others ever smaller."""
    loose = int(size.loose * size.faces)
    left = size.faces - loose - size.largest - size.usual
    share = 1.0 / np.arange(3, size.people + 1) ** 0.7
    counts = np.maximum(1, np.floor(share / share.sum() * left)).astype(np.int64)
    counts = np.minimum(counts, size.largest - 1)
    counts[: max(0, left - int(counts.sum()))] += 1
    people = np.repeat(np.arange(1, size.people + 1), np.concatenate([[size.largest, size.usual], counts]))
    out = np.zeros(size.faces, np.int64)
    out[: len(people)] = people[: size.faces]
    return rng.permutation(out)


def _photos(owners: I64, size: Size, rng: np.random.Generator) -> I64:
    """Photo of each face: about two faces a photo, nobody twice in one (nearly: a random library is no better)."""
    return rng.integers(1, size.photos + 1, len(owners))


def _name(person: int, size: Size) -> str | None:
    if person >= size.named * size.people:
        return None
    return f"{FIRST[person % len(FIRST)]} {LAST[person // len(FIRST) % len(LAST)]} {person // 144 or ''}".strip()


def _embed(
    conn: Connection, embedder: EmbedderId, owners: I64, size: Size, spread: float, rng: np.random.Generator
) -> None:
    people = _unit(rng.standard_normal((size.people + 1, size.dim), np.float32))
    for first in range(0, size.faces, 20_000):
        some = owners[first : first + 20_000]
        noise = _unit(rng.standard_normal((len(some), size.dim), np.float32))
        nobody = some == 0
        vectors = _unit(np.where(nobody[:, None], noise, people[some] + spread * noise)).astype("<f2")
        conn.exec_driver_sql(
            "INSERT INTO embedding (embedder, face_id, vector, norm) VALUES (?, ?, ?, 11.0)",
            [(embedder, first + i + 1, v.tobytes()) for i, v in enumerate(vectors)],
        )


def _unit(vectors: F32) -> F32:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
