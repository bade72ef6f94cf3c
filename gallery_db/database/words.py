"""The few words in which the engines differ. Statements are written as SQLite has them; PostgreSQL's are made here."""

import re
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer, String

# The lists of ids that statements are given are JSON on both: one parameter whatever their number.
_ID_LIST = "(SELECT CAST(value AS bigint) AS value FROM json_array_elements_text(CAST({} AS json)))"
_POSTGRESQL = (
    (r"\bjson_each\((:\w+)\)", _ID_LIST.format(r"\1")),
    (r" INDEXED BY \w+", ""),  # advice to SQLite's planner
    (r"\bCROSS JOIN\b", "JOIN"),  # the same: begin with the table on the left
    (r"\bmin\((\d+), ", r"least(\1, "),
    (
        r"\bjulianday\(substr\(([\w.:]+), 1, 10\)\)",
        r"(CAST(substr(\1, 1, 10) AS date) - DATE '0001-01-01' + 1721425.5)",
    ),
    (r"\bgroup_concat\((.+)\) FROM face f\b", r"string_agg(\1, ',' ORDER BY f.id) FROM face f"),
)


def statement(conn: Connection, words: str) -> TextClause:
    """Text of ours, written for SQLite, as the engine of `conn` has it."""
    return text(words_for(conn.dialect.name, words))


@cache
def words_for(dialect: str, words: str) -> str:
    if dialect == "postgresql":
        for ours, theirs in _POSTGRESQL:
            words = re.sub(ours, theirs, words)
    return words


def insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """INSERT that may go on with `on_conflict_do_update`."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


class _Word(FunctionElement[Any]):
    """A function of SQL by two names: how each engine has it, with its arguments as `{0}` and `{1}`."""

    sqlite: ClassVar[str]
    postgresql: ClassVar[str]


@compiles(_Word)
def _(element: _Word, compiler: Any, **kw: Any) -> str:
    return element.sqlite.format(*(compiler.process(c, **kw) for c in element.clauses))


@compiles(_Word, "postgresql")
def _(element: _Word, compiler: Any, **kw: Any) -> str:
    return element.postgresql.format(*(compiler.process(c, **kw) for c in element.clauses))


class json_ids(_Word):  # noqa: N801 - a function of SQL
    """JSON array of an aggregate's ids, without blanks; "[]" of none."""

    type = String()
    inherit_cache = True
    sqlite = "json_group_array({0})"
    postgresql = "coalesce(replace(CAST(json_agg({0} ORDER BY {0}) AS text), ' ', ''), '[]')"


class json_count(_Word):  # noqa: N801
    """Length of a JSON array."""

    type = Integer()
    inherit_cache = True
    sqlite = "json_array_length({0})"
    postgresql = "json_array_length(CAST({0} AS json))"


class json_elements(_Word):  # noqa: N801
    """Rows of a JSON array of ids, as `value`: used by `table_valued`, the values by `as_id`."""

    inherit_cache = True
    sqlite = "json_each({0})"
    postgresql = "json_array_elements_text(CAST({0} AS json))"


class as_id(_Word):  # noqa: N801
    type = Integer()
    inherit_cache = True
    sqlite = "{0}"
    postgresql = "CAST({0} AS bigint)"


class json_member(_Word):  # noqa: N801
    """A member of a JSON object by its path ("$.score"), to be cast; NULL where it has none."""

    type = String()
    inherit_cache = True
    sqlite = "json_extract({0}, {1})"
    postgresql = "(CAST({0} AS json) ->> substr(CAST({1} AS text), 3))"


class smaller(_Word):  # noqa: N801
    """Of two values; NULL when one is (LEAST would leave it out)."""

    inherit_cache = True
    sqlite = "min({0}, {1})"
    postgresql = "CASE WHEN {0} <= {1} THEN {0} WHEN {0} > {1} THEN {1} END"


class larger(_Word):  # noqa: N801
    """Of two values; NULL when one is."""

    inherit_cache = True
    sqlite = "max({0}, {1})"
    postgresql = "CASE WHEN {0} >= {1} THEN {0} WHEN {0} < {1} THEN {1} END"
