"""Faces and photos for the tests of the gallery."""

import zlib
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from gallery_db.gallery import Gallery, Tx
from gallery_db.records import FoundFace, RestorationRecord, RestorationState
from iconface_core.types import BBox, DetectedFace, EmbedderId, FaceEmbedding

E = EmbedderId("test-8")
DIM = 8


def unit(seed: int, dim: int = DIM):
    v = np.random.default_rng(seed).standard_normal(dim).astype(np.float32)
    return v / np.linalg.norm(v)


def embedded(seed: int, embedder: EmbedderId = E, dim: int = DIM) -> FaceEmbedding:
    return FaceEmbedding(embedder, unit(seed, dim), 1.0 + seed % 10)


def found(
    x: float = 0,
    seed: int = 0,
    *,
    quality: float | None = 0.5,
    size: float = 10,
    box: BBox | None = None,
    **kwargs,
) -> FoundFace:
    box = box or BBox(x, 0, x + size, size)
    return FoundFace(
        DetectedFace(box, np.arange(10, dtype=np.float32).reshape(5, 2), 0.9), (embedded(seed),), quality, **kwargs
    )


def restored(
    tx: Tx,
    *,
    photo: str = "/lib/a.jpg",
    input_sha256: str = "in",
    seed: int = 42,
    state: RestorationState = "done",
    **given: Any,
) -> RestorationRecord:
    """What `tx.restorations.add` makes of `given` and of values for all that it asks for."""
    return tx.restorations.add(
        photo=photo,
        input_sha256=input_sha256,
        restorer="r",
        weights_sha256="w",
        options={"strength": 1.0},
        seed=seed,
        verdict="pass",
        state=state,
        **given,
    )


def photo(tx: Tx, name: str, **kwargs) -> int:
    values = {"width": 1000, "height": 100} | kwargs
    return tx.photos.upsert(f"/lib/{name}", values.pop("content_hash", f"hash-{name}"), **values).id


def put(tx: Tx, name: str, *seeds: int) -> list[int]:
    """A photo with one face per seed, side by side; returns the face ids."""
    faces = [found(100 * i, s) for i, s in enumerate(seeds or (zlib.crc32(name.encode()),))]
    return [r.id for r in tx.faces.replace_for_photo(photo(tx, name), faces).stored]


def example(gallery: Gallery) -> Connection:
    """A transaction for one example of a property of an empty gallery: to be rolled back, and its ids are the first."""
    conn = gallery._engine.connect(write=True)
    if conn.dialect.name == "postgresql":  # SQLite takes them back with the rest
        conn.execute(text("SELECT setval(seqrelid::regclass, 1, false) FROM pg_sequence"))
    return conn


def dangling(tx: Tx) -> list[Any]:
    """References to rows that are gone; PostgreSQL lets none happen."""
    conn = tx.meta._c
    return [] if conn.dialect.name == "postgresql" else list(conn.exec_driver_sql("pragma foreign_key_check"))
