"""What several repositories need: encodings of columns, clocks, and statements over many ids."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, text, true

from gallery_db.errors import GalleryError, UnknownIdError

MAX_VARIABLES = 30_000  # SQLite allows 32,766 per statement


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def now(conn: Connection) -> float:
    """Unix seconds by the clock that all who share the database go by: its server's, or that of the only machine."""
    if conn.dialect.name != "postgresql":
        return time.time()
    return float(conn.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)


def batches(ids: Iterable[int], size: int = MAX_VARIABLES) -> Iterator[list[int]]:
    batch = [int(i) for i in ids]
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def unique(ids: Iterable[int]) -> list[int]:
    """Sorted, without repeats, as plain ints (numpy integers would be stored as blobs)."""
    return sorted({int(i) for i in ids})


def among(column: ColumnElement[Any], ids: Iterable[int] | None) -> Iterator[ColumnElement[bool]]:
    """Conditions for statements over the rows with these ids, as many each as one may have; one for all rows with
    None."""
    if ids is None:
        yield true()
    else:
        yield from (column.in_(batch) for batch in batches(ids))


def existing(conn: Connection, table: Table, ids: Iterable[int]) -> set[int]:
    """Those of the ids that are in `table`."""
    return {i for some in among(table.c.id, ids) for i in conn.scalars(select(table.c.id).where(some))}


def require(conn: Connection, table: Table, ids: Sequence[int]) -> None:
    """Raise UnknownIdError unless every id is in `table`."""
    found = existing(conn, table, ids)
    lost = [i for i in ids if i not in found]
    if lost:
        raise UnknownIdError(
            f"no {table.name} with id {', '.join(map(str, lost[:5]))}{' ...' if len(lost) > 5 else ''}"
        )


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def storable_path(path: str) -> str:
    """`path`, or GalleryError when its bytes are not UTF-8: such a name can be neither stored nor printed as JSON."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="backslashreplace").decode()
        raise GalleryError(f"{shown}: the file name is not valid UTF-8; rename it to have it indexed") from None
    return path
