"""A gallery from one database into another, of whichever engine: into PostgreSQL, and back."""

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, Row, Table, bindparam, delete, func, insert, select, text, update

from gallery_db.errors import GalleryError

from .engine import Engine
from .schema import embedding, meta, metadata, vector_change

UNFINISHED = "copy_unfinished"
"""Meta key of a gallery that is being copied into: the timeline (`index_epoch`) of the one that is copied."""

BATCH = 5_000  # rows of one transaction: what a copy that is broken off does again


def copy(source: Engine, target: Engine, on_table: Callable[[str, int], None] | None = None) -> int:
    """Copy everything into `target`, which is empty or holds an unfinished copy of `source`: that one goes on. Then
    both are compared, row by row. Returns the number of rows; `on_table(name, rows)` is told of each table.

    Ids stay, and none of the past is given again. Nobody may write to either meanwhile: GalleryError when the two
    differ in the end, and when `target` holds something else.
    """
    with source.connect(write=False) as rows, rows.begin():
        _begin(rows, target)
        for table in _in_order():
            _copy_table(rows, target, table)
            if on_table is not None:
                on_table(table.name, _count(rows, table))
        with target.connect(write=True) as conn, conn.begin():
            _settle(rows, conn)
        with target.connect(write=False) as conn, conn.begin():
            total = sum(_compare(rows, conn, table, target.shown) for table in _in_order())
    with target.connect(write=True) as conn, conn.begin():
        _set(conn, UNFINISHED, None)
    return total


def _in_order() -> list[Table]:
    """What others refer to first. The journal of vectors last: copying vectors writes one of its own."""
    tables = [t for t in metadata.sorted_tables if t not in (meta, vector_change, embedding)]
    return [*tables, embedding, vector_change]


def _begin(rows: Connection, target: Engine) -> None:
    epoch = _get(rows, "index_epoch")
    if _get(rows, UNFINISHED) is not None:
        raise GalleryError("the gallery to be copied is an unfinished copy itself: finish that one first")
    with target.connect(write=True) as conn, conn.begin():
        begun = _get(conn, UNFINISHED)
        if begun is None and any(conn.scalar(select(func.count()).select_from(t)) for t in _in_order()):
            raise GalleryError(f"{target.shown} is not empty: choose an empty database")
        if begun is not None and begun != epoch:
            raise GalleryError(f"{target.shown} holds an unfinished copy of another gallery: choose an empty database")
        _set(conn, UNFINISHED, epoch)


def _copy_table(rows: Connection, target: Engine, table: Table) -> None:
    [key] = table.primary_key.columns
    # A row may refer to a later one of its own table: a decision to the one that took it back.
    own = [c.name for c in table.columns if any(f.column.table is table for f in c.foreign_keys)]
    with target.connect(write=True) as conn, conn.begin():
        if table is vector_change:
            conn.execute(delete(table))
        after = conn.scalar(select(func.max(key))) or 0
    for batch in _batches(rows, table, key, after):
        with target.connect(write=True) as conn, conn.begin():
            conn.execute(insert(table), [{**r._mapping, **dict.fromkeys(own)} for r in batch])
    if own:
        with target.connect(write=True) as conn, conn.begin():
            for batch in _batches(rows, table, key, 0):
                referring = [r for r in batch if any(getattr(r, name) is not None for name in own)]
                if referring:
                    values: dict[str, Any] = {name: bindparam(f"_{name}") for name in own}
                    change = update(table).where(key == bindparam("_key")).values(values)
                    named = [{f"_{n}": getattr(r, n) for n in own} | {"_key": r._mapping[key.name]} for r in referring]
                    conn.execute(change, named)


def _batches(conn: Connection, table: Table, key: Column[Any], after: int) -> Iterator[list[Row[Any]]]:
    while batch := list(conn.execute(select(table).where(key > after).order_by(key).limit(BATCH))):
        yield batch
        after = batch[-1]._mapping[key.name]


def _settle(rows: Connection, conn: Connection) -> None:
    """What is not in tables of rows: small facts, and which ids were given."""
    conn.execute(delete(meta).where(meta.c.key != UNFINISHED))
    facts = [dict(r._mapping) for r in rows.execute(select(meta).where(meta.c.key != "index_epoch"))]
    # From now on the two have different futures: an index that follows one must not pass for the other's.
    conn.execute(insert(meta), [*facts, {"key": "index_epoch", "value": uuid4().hex}])
    given = _given_ids(rows)
    for table in _in_order():
        [key] = table.primary_key.columns
        last = max(given.get(table.name, 0), conn.scalar(select(func.max(key))) or 0)
        if last:
            _set_given(conn, table, key, last)


def _given_ids(conn: Connection) -> Mapping[str, int]:
    """Table to the last id that was given, also when its row is gone."""
    if conn.dialect.name == "sqlite":
        return {name: seq for name, seq in conn.execute(text("SELECT name, seq FROM sqlite_sequence"))}  # noqa: C416
    query = """SELECT c.relname, pg_sequence_last_value(s.seqrelid) FROM pg_sequence s
      JOIN pg_depend d ON d.objid = s.seqrelid AND d.deptype IN ('a', 'i') JOIN pg_class c ON c.oid = d.refobjid"""
    return {name: last or 0 for name, last in conn.execute(text(query))}


def _set_given(conn: Connection, table: Table, key: Column[Any], last: int) -> None:
    if conn.dialect.name == "sqlite":
        values = {"name": table.name, "last": last}
        # Rows of the table have made its entry, if it ever had any; without AUTOINCREMENT there is none.
        changed = conn.execute(text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), values).rowcount
        if not changed and table.dialect_options["sqlite"]["autoincrement"]:
            conn.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values)
        return
    values = {"table": f'"{table.name}"', "column": key.name, "last": last}
    conn.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), values)


def _compare(rows: Connection, conn: Connection, table: Table, shown: str) -> int:
    """Raises GalleryError at the first row that differs; returns how many there are."""
    [key] = table.primary_key.columns
    number = 0
    for row, copied in zip_longest(_each(rows, table, key), _each(conn, table, key)):
        if row is None or copied is None or tuple(row) != tuple(copied):
            there = row if row is not None else copied
            raise GalleryError(
                f"{shown}: {table.name} {there._mapping[key.name]} differs from the original, which somebody has "
                "changed meanwhile: empty that database and copy again"
            )
        number += 1
    return number


def _each(conn: Connection, table: Table, key: Column[Any]) -> Iterator[Row[Any]]:
    for batch in _batches(conn, table, key, 0):
        yield from batch


def _count(conn: Connection, table: Table) -> int:
    return conn.scalar(select(func.count()).select_from(table)) or 0


def _get(conn: Connection, key: str) -> str | None:
    return conn.scalar(select(meta.c.value).where(meta.c.key == key))


def _set(conn: Connection, key: str, value: str | None) -> None:
    conn.execute(delete(meta).where(meta.c.key == key))
    if value is not None:
        conn.execute(insert(meta).values(key=key, value=value))
