"""The few words in which the engines differ. Statements are written as SQLite has them; PostgreSQL's are made here."""

import re
from functools import cache
from typing import Any

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


class json_ids(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """JSON array of an aggregate's ids, without blanks; "[]" of none."""

    type = String()
    inherit_cache = True


@compiles(json_ids)
def _(element: json_ids, compiler: Any, **kw: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **kw)})"


@compiles(json_ids, "postgresql")
def _(element: json_ids, compiler: Any, **kw: Any) -> str:
    ids = compiler.process(element.clauses, **kw)
    return f"coalesce(replace(CAST(json_agg({ids} ORDER BY {ids}) AS text), ' ', ''), '[]')"


class json_count(FunctionElement[int]):  # noqa: N801
    """Length of a JSON array."""

    type = Integer()
    inherit_cache = True


@compiles(json_count)
def _(element: json_count, compiler: Any, **kw: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **kw)})"


@compiles(json_count, "postgresql")
def _(element: json_count, compiler: Any, **kw: Any) -> str:
    return f"json_array_length(CAST({compiler.process(element.clauses, **kw)} AS json))"


class json_elements(FunctionElement[Any]):  # noqa: N801
    """Rows of a JSON array of ids, as `value`: used by `table_valued`, the values by `as_id`."""

    inherit_cache = True


@compiles(json_elements)
def _(element: json_elements, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(json_elements, "postgresql")
def _(element: json_elements, compiler: Any, **kw: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS json))"


class as_id(FunctionElement[int]):  # noqa: N801
    type = Integer()
    inherit_cache = True


@compiles(as_id)
def _(element: as_id, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(as_id, "postgresql")
def _(element: as_id, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS bigint)"


class json_member(FunctionElement[Any]):  # noqa: N801
    """A member of a JSON object by its path ("$.score"), to be cast; NULL where it has none."""

    type = String()
    inherit_cache = True


@compiles(json_member)
def _(element: json_member, compiler: Any, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)})"


@compiles(json_member, "postgresql")
def _(element: json_member, compiler: Any, **kw: Any) -> str:
    column, path = (compiler.process(c, **kw) for c in element.clauses)
    return f"(CAST({column} AS json) ->> substr(CAST({path} AS text), 3))"


class smaller(FunctionElement[Any]):  # noqa: N801
    """Of two values; NULL when one is (LEAST would leave it out)."""

    inherit_cache = True


class larger(FunctionElement[Any]):  # noqa: N801
    """Of two values; NULL when one is."""

    inherit_cache = True


@compiles(smaller)
def _(element: smaller, compiler: Any, **kw: Any) -> str:
    return f"min({compiler.process(element.clauses, **kw)})"


@compiles(larger)
def _(element: larger, compiler: Any, **kw: Any) -> str:
    return f"max({compiler.process(element.clauses, **kw)})"


@compiles(smaller, "postgresql")
@compiles(larger, "postgresql")
def _(element: smaller | larger, compiler: Any, **kw: Any) -> str:
    a, b = (compiler.process(c, **kw) for c in element.clauses)
    first, second = ("<=", ">") if isinstance(element, smaller) else (">=", "<")
    return f"CASE WHEN {a} {first} {b} THEN {a} WHEN {a} {second} {b} THEN {b} END"
