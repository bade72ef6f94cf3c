"""What this machine is called, and where it sees the photos of a gallery that several machines share.

The database holds the library's own paths. Where a machine has mounted the same folder elsewhere, paths are translated
when they leave the database and when they come in (`MappedPath`): everything above works with paths of this machine.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

_ATTRIBUTE = "iconface_machine"


class Mounts:
    """A folder as the library has it -> the same folder as this machine sees it. Of nested ones the longest counts."""

    def __init__(self, pairs: Mapping[str, str] | None = None) -> None:
        clean = {a.rstrip("/"): b.rstrip("/") for a, b in (pairs or {}).items()}
        self._here = _translation(clean)
        self._stored = _translation({b: a for a, b in clean.items()})

    def here(self, text: str) -> str:
        """A stored path as this machine sees it; what lies below no mount is as it was."""
        return self._here(text)

    def stored(self, text: str) -> str:
        """A path of this machine as the library has it."""
        return self._stored(text)


def _translation(pairs: Mapping[str, str]) -> Callable[[str], str]:
    if not pairs:
        return lambda text: text
    folders = sorted(pairs, key=len, reverse=True)
    pattern = re.compile(f"({'|'.join(map(re.escape, folders))})(?=/|\\Z)")

    def translate(text: str) -> str:
        found = pattern.match(text)
        return text if found is None else pairs[found[1]] + text[found.end() :]

    return translate


@dataclass(frozen=True)
class ThisMachine:
    """`name` tells the machines of a gallery apart; None where a gallery has only one."""

    name: str | None
    mounts: Mounts


_ALONE = ThisMachine(None, Mounts())


def attach(engine: Engine, machine: ThisMachine) -> None:
    """All connections of this engine are this machine's."""
    setattr(engine.dialect, _ATTRIBUTE, machine)


def this_machine(at: Connection | Dialect) -> ThisMachine:
    """Whose connection it is."""
    found: ThisMachine = getattr(at.dialect if isinstance(at, Connection) else at, _ATTRIBUTE, _ALONE)
    return found


def translated(value: Any, translate: Callable[[str], str]) -> Any:
    """A JSON value whose paths, wherever in it they stand, are translated."""
    if isinstance(value, str):
        return translate(value)
    if isinstance(value, Mapping):
        return {k: translated(v, translate) for k, v in value.items()}
    return [translated(v, translate) for v in value] if isinstance(value, (list, tuple)) else value


class MappedPath(TypeDecorator[str]):
    """A path: the library's in the database, this machine's outside of it."""

    impl = String(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        return None if value is None else this_machine(dialect).mounts.stored(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Out of it."""
        return None if value is None else this_machine(dialect).mounts.here(value)
