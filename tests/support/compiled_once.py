"""SQLAlchemy keeps compiled statements with each engine. Thousands of tests open a gallery of their own, and compiling
the same statements in each took a third of their time; here they are compiled once a test process."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from gallery_db.database.this_machine import this_machine

MOST = 5000


class _Compiled(dict[Any, Any]):
    """Statements by what they say and the kind of dialect, not by the engine that asked first."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_whoever_asks(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(_whoever_asks(key), compiled)


def _whoever_asks(key: Any) -> Any:
    dialect, *statement = key
    alone = this_machine(dialect).name is None  # what was compiled translates paths, each machine its own
    return (type(dialect) if alone else dialect, *statement)


@contextmanager
def compiled_once() -> Generator[None]:
    """All engines of this process share what they compiled."""
    shared = _Compiled()

    def share(conn: Connection) -> None:
        conn.execution_options(compiled_cache=shared)

    event.listen(Engine, "engine_connect", share)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", share)
