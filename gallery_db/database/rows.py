"""What several repositories need: encodings of columns, clocks, and statements over many ids."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, select

from gallery_db.errors import GalleryError, NotFoundError
from iconface_core.types import F32

MAX_VARIABLES = 30_000  # SQLite allows 32,766 per statement


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def batches(ids: Iterable[int], size: int = MAX_VARIABLES) -> Iterator[list[int]]:
    batch = [int(i) for i in ids]
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def unique(ids: Iterable[int]) -> list[int]:
    """Sorted, without repeats, as plain ints (numpy integers would be stored as blobs)."""
    return sorted({int(i) for i in ids})


def require(conn: Connection, table: Table, ids: Sequence[int]) -> None:
    """Raise NotFoundError unless every id is in `table`."""
    found = {i for part in batches(ids) for i in conn.scalars(select(table.c.id).where(table.c.id.in_(part)))}
    lost = [i for i in ids if i not in found]
    if lost:
        raise NotFoundError(f"no {table.name} with id {', '.join(map(str, lost[:5]))}{' ...' if len(lost) > 5 else ''}")


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def pack_vector(vector: F32) -> bytes:
    """Little-endian float16. Of unit vectors in 128 or 512 dimensions the cosine moves by less than 1e-3 (tested)."""
    return vector.astype("<f2").tobytes()


def unpack_vectors(blob: bytes, dim: int) -> F32:
    """(N, dim) float32 from N packed vectors, scaled back to unit length: rounding to float16 changed it a little."""
    out = np.frombuffer(blob, dtype="<f2").reshape(-1, dim).astype(np.float32)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    np.divide(out, length, out=out, where=length > 0)
    return out


def pack_landmarks(landmarks: F32) -> bytes:
    if landmarks.shape != (5, 2):
        raise ValueError(f"landmarks must be (5, 2), not {landmarks.shape}")
    return landmarks.astype("<f4").tobytes()


def unpack_landmarks(blob: bytes | None) -> F32 | None:
    return None if blob is None else np.frombuffer(blob, dtype="<f4").reshape(5, 2).astype(np.float32)


def storable_path(path: str) -> str:
    """`path`, or GalleryError when its bytes are not UTF-8: such a name can be neither stored nor printed as JSON."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="backslashreplace").decode()
        raise GalleryError(f"{shown}: the file name is not valid UTF-8; rename it to have it indexed") from None
    return path
