"""Copies that a decision wants gone from the disk, until they are: a crash between the two is made good later."""

from collections.abc import Iterable

from sqlalchemy import Connection

from gallery_db.database.rows import from_json, to_json
from gallery_db.meta import MetaRepo
from gallery_db.notes import COPIES_TO_REMOVE


def pending(conn: Connection) -> frozenset[int]:
    return frozenset(from_json(MetaRepo(conn).get(COPIES_TO_REMOVE)) or ())


def want(conn: Connection, restoration_ids: Iterable[int]) -> None:
    _set(conn, pending(conn) | frozenset(restoration_ids))


def settled(conn: Connection, restoration_ids: Iterable[int]) -> None:
    """They are gone, or wanted again."""
    _set(conn, pending(conn) - frozenset(restoration_ids))


def _set(conn: Connection, ids: frozenset[int]) -> None:
    MetaRepo(conn).set(COPIES_TO_REMOVE, to_json(sorted(ids)) if ids else None)
