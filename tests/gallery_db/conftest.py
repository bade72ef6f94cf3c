from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from gallery_db import Gallery
from gallery_db.database.engine import make_engine
from gallery_db.database.schema import job, meta, metadata
from gallery_db.gallery import Tx

from .postgres import server


class _RolledBack:
    """`begin` for property tests: every example starts from the same empty gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._engine = gallery._engine.execution_options(write=True)

    @contextmanager
    def begin(self):
        with self._engine.connect() as conn:
            yield Tx(conn)


@pytest.fixture(scope="module")
def gallery_template(tmp_path_factory):
    with Gallery.open(tmp_path_factory.mktemp("template") / "g.db") as g:
        yield _RolledBack(g)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """A real server with the tables of the queue."""
    with server() as url:
        engine = create_engine(url)
        metadata.create_all(engine, tables=[job, meta])
        yield engine
        engine.dispose()


@pytest.fixture
def postgres(postgres_server: Engine) -> Engine:
    """An empty queue in PostgreSQL."""
    with postgres_server.begin() as conn:
        conn.execute(text("TRUNCATE job, meta RESTART IDENTITY"))
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty queue in either engine. SQLite's writes from the start, as `Gallery.begin` does."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres")
        return
    engine = make_engine(tmp_path / "queue.db").execution_options(write=True)
    metadata.create_all(engine, tables=[job, meta])
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as conn:
        yield conn
