"""Whole columns of faces and vectors as arrays. Plain cursors: rows as objects would cost more than the query."""

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from sqlalchemy import Connection

from gallery_db.database.packed import unpack_vectors
from gallery_db.database.words import words_for
from gallery_db.records import FaceColumns, FaceMatrix
from iconface_core.types import I64, EmbedderId

_BLOCK = 20_000  # rows held as Python objects at a time


_SIZE = "SELECT count(*), min(length(vector)), max(length(vector)) FROM embedding WHERE embedder = :embedder"
_VECTORS = "SELECT face_id, vector, norm FROM embedding WHERE embedder = :embedder"
# julianday counts from noon; 1721424.5 is midnight before 0001-01-01, day 1 of `date.toordinal`.
_COLUMNS = """
SELECT f.id, f.photo_id, f.quality, f.det_score,
  coalesce(CAST(julianday(substr(p.captured_at, 1, 10)) - 1721424.5 AS INTEGER), -1),
  coalesce(f.cluster_id, -1), coalesce(f.person_id, -1), f.confirmed, f.state
FROM face f JOIN photo p ON p.id = f.photo_id
WHERE p.state != 'restored' AND f.state != 'forgotten'"""
# Everything that identification reads besides the vectors, in one value: no row becomes an object.
_OWNERS = """
SELECT group_concat(f.id || ' ' || f.person_id || ' ' || CAST(f.confirmed AS INTEGER) || f.state) FROM face f
WHERE f.person_id IS NOT NULL AND f.photo_id NOT IN (SELECT id FROM photo WHERE state = 'restored')"""
_IN_PHOTOS_OF = """
SELECT id FROM face WHERE photo_id IN
  (SELECT photo_id FROM face WHERE id IN (SELECT value FROM json_each(:ids))) ORDER BY id"""
# One parameter whatever the number of ids.
_AMONG_FACE_IDS = "AND face_id IN (SELECT value FROM json_each(:ids))"
_AMONG_IDS = "AND f.id IN (SELECT value FROM json_each(:ids))"
_DTYPES: tuple[Any, ...] = (
    np.int64,
    np.int64,
    np.float32,
    np.float32,
    np.int64,
    np.int64,
    np.int64,
    np.bool_,
    "<U9",
)


def matrix(conn: Connection, embedder: EmbedderId, face_ids: I64 | None) -> FaceMatrix:
    among = ""
    values: dict[str, str] = {"embedder": embedder}
    if face_ids is not None:
        among, values = _AMONG_FACE_IDS, {**values, "ids": json.dumps(face_ids.tolist())}
    with _cursor(conn, f"{_SIZE} {among}", values) as cursor:
        n, shortest, longest = cursor.fetchone()
    if shortest != longest:
        raise ValueError(f"vectors of {embedder} differ in length ({shortest} to {longest} bytes)")
    dim = (longest or 0) // 2
    out = FaceMatrix(np.empty(n, np.int64), np.empty((n, dim), np.float32), np.empty(n, np.float32))
    start = 0
    with _cursor(conn, f"{_VECTORS} {among} ORDER BY face_id", values) as cursor:
        for rows in _blocks(cursor):
            ids, vectors, norms = zip(*rows, strict=True)
            part = slice(start, start + len(rows))
            out.face_ids[part], out.norms[part] = ids, norms
            out.vectors[part] = unpack_vectors(b"".join(vectors), dim)
            start += len(rows)
    return out


def columns(conn: Connection, face_ids: I64 | None) -> FaceColumns:
    among, values = ("", {}) if face_ids is None else (_AMONG_IDS, {"ids": json.dumps(face_ids.tolist())})
    parts: list[list[Any]] = [[np.empty(0, t)] for t in _DTYPES]
    with _cursor(conn, f"{_COLUMNS} {among} ORDER BY f.id", values) as cursor:
        for rows in _blocks(cursor):
            for part, column, dtype in zip(parts, zip(*rows, strict=True), _DTYPES, strict=True):
                part.append(np.array(column, dtype))  # None becomes NaN in float columns
    return FaceColumns(*(np.concatenate(p) for p in parts))


def in_photos_of(conn: Connection, face_ids: I64) -> I64:
    with _cursor(conn, _IN_PHOTOS_OF, {"ids": json.dumps(face_ids.tolist())}) as cursor:
        return np.array([i for rows in _blocks(cursor) for [i] in rows], np.int64)


def owners_stamp(conn: Connection) -> str:
    with _cursor(conn, _OWNERS, {}) as cursor:
        [text] = cursor.fetchone()
    return hashlib.sha256((text or "").encode()).hexdigest()


@contextmanager
def _cursor(conn: Connection, words: str, values: Mapping[str, str]) -> Generator[Any]:
    """The driver's own cursor, after the statement; rows are still with the engine."""
    raw: Any = conn.connection.dbapi_connection
    words = words_for(conn.dialect.name, words)
    if conn.dialect.name == "sqlite":
        with closing(raw.execute(words, values)) as cursor:
            yield cursor
        return
    with raw.cursor(name="columns", binary=True) as cursor:  # named: it stays on the server, and so do the rows
        yield cursor.execute(re.sub(r":(\w+)", r"%(\1)s", words), values)


def _blocks(cursor: Any) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(_BLOCK):
        yield rows
