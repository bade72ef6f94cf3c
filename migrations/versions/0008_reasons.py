"""Reasons are codes with parameters. The sentences of older releases stay readable as the code `legacy`."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GIVEN_UP = "left alone until"
"""How earlier releases marked a photo that had killed the worker three times."""

BATCH = 1000


def upgrade() -> None:
    conn = op.get_bind()
    for photo_id, path, said in conn.execute(
        sa.text("SELECT id, path, reason FROM photo WHERE reason IS NOT NULL")
    ).all():
        _set(conn, "photo", "reason", photo_id, _of_photo(path, said))
    for job_id, said in conn.execute(sa.text("SELECT id, error FROM job WHERE error IS NOT NULL")).all():
        _set(conn, "job", "error", job_id, legacy(said))
    _rewrite(conn, "job", "progress", _result)
    _rewrite(conn, "restoration", "references", _references)
    _rewrite(conn, "face", "degradation", _degradation)


def downgrade() -> None:
    """Back to sentences as far as there are any: an older release shows the code of what this one found out."""
    conn = op.get_bind()
    for table, column in (("photo", "reason"), ("job", "error")):
        query = sa.text(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608 - our own names
        for row_id, text in conn.execute(query).all():
            _write(conn, table, column, row_id, said(json.loads(text)))
    for table, column in (("job", "progress"), ("restoration", "references"), ("face", "degradation")):
        _rewrite(conn, table, column, _plain)


def legacy(text: str) -> dict[str, Any]:
    return {"code": "legacy", "params": {"text": text}}


def said(reason: dict[str, Any]) -> str:
    """What an older release can show, and recognise a photo by that was given up."""
    params = reason["params"]
    if reason["code"] == "quarantined":
        cause = said(params["cause"])
        return f"{cause}, {params['times']} times; {GIVEN_UP}: iconface scan --retry-failed"
    text: str = params.get("text", reason["code"].replace("_", " "))
    return text


def _of_photo(path: str, text: str) -> dict[str, Any]:
    text = text.removeprefix(f"{path}: ")
    if GIVEN_UP not in text:
        return legacy(text)
    cause = text.split("; ")[0].removesuffix(", 3 times")
    return {"code": "quarantined", "params": {"cause": legacy(cause), "times": 3}}


def _result(value: Any) -> Any:
    """What a job left: `text`, and for each face what was said of it."""
    if not isinstance(value, dict):
        return value
    out = {**value}
    # Of a job that still runs, `text` is the photo at hand; its next report replaces it.
    for key in ("text", "skipped_reason", "who", "references_note", "reason"):
        if isinstance(out.get(key), str) and out[key]:
            nothing = out[key] == "nothing new"  # the page lists no such jobs
            out[key] = {"code": "nothing_new", "params": {}} if nothing else legacy(out[key])
    for key in ("reasons", "notes", "problems", "offline"):
        if isinstance(out.get(key), list):
            out[key] = [legacy(v) if isinstance(v, str) else v for v in out[key]]
    if isinstance(out.get("failed"), dict):
        out["failed"] = {path: legacy(v) if isinstance(v, str) else v for path, v in out["failed"].items()}
    for key in ("degradation", "identity"):
        out |= {key: _result(out[key])} if key in out else {}
    for key in ("faces", "references"):
        out |= {key: [_result(v) for v in out[key]]} if isinstance(out.get(key), list) else {}
    return out


def _references(value: Any) -> Any:
    return [_result(v) for v in value] if isinstance(value, list) else value


def _degradation(value: Any) -> Any:
    return _result(value)


def _plain(value: Any) -> Any:
    """The same with every reason as text."""
    if isinstance(value, dict):
        if value.keys() == {"code", "params"}:
            return said(value)
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _rewrite(conn: sa.Connection, table: str, column: str, change: Callable[[Any], Any]) -> None:
    """Rows in order of id, a thousand at a time: a library has hundreds of thousands of faces."""
    after = 0
    query = sa.text(
        f'SELECT id, "{column}" FROM {table} WHERE id > :after AND "{column}" IS NOT NULL ORDER BY id LIMIT {BATCH}'  # noqa: S608
    )
    while rows := conn.execute(query, {"after": after}).all():
        after = rows[-1][0]
        changed = []
        for row_id, text in rows:
            try:
                old = json.loads(text)
            except ValueError:  # a damaged row stays as it is
                continue
            new = change(old)
            if new != old:
                changed.append({"id": row_id, "value": json.dumps(new, separators=(",", ":"))})
        if changed:
            conn.execute(sa.text(f'UPDATE {table} SET "{column}" = :value WHERE id = :id'), changed)  # noqa: S608


def _set(conn: sa.Connection, table: str, column: str, row_id: int, reason: dict[str, Any]) -> None:
    _write(conn, table, column, row_id, json.dumps(reason, separators=(",", ":")))


def _write(conn: sa.Connection, table: str, column: str, row_id: int, text: str) -> None:
    conn.execute(sa.text(f"UPDATE {table} SET {column} = :value WHERE id = :id"), {"value": text, "id": row_id})  # noqa: S608
