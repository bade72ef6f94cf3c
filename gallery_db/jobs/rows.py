"""A job as a row of its table, and back. Payloads quote file names, which need not be text."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from gallery_db.database.this_machine import this_machine, translated
from gallery_db.records import JobRecord
from iconface_core.reasons import from_text


def ascii_json(value: object) -> str:
    """JSON in ASCII: a file name that is not UTF-8 survives as the escapes of its stray bytes."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def to_record(conn: Connection, row: Row[Any]) -> JobRecord:
    """A row of the whole table. Paths in it are this machine's."""
    mounts = this_machine(conn).mounts
    values = dict(row._mapping)
    values["dedupe"] = None if row.dedupe is None else mounts.here(row.dedupe)
    values["payload"] = translated(_to_object(row.payload), mounts.here)
    values["progress"] = None if row.progress is None else translated(_to_object(row.progress), mounts.here)
    values["error"] = from_text(row.error)
    return JobRecord(**values)


def _to_object(text: str) -> Mapping[str, Any]:
    """One damaged row must not keep everybody from the queue: its job fails, for want of what its handler needs."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"damaged": text}
