"""Galleries in both engines: what uses `gallery`, `tx`, `gallery_template` or `engine` runs once in each. A test about
the file itself, or about SQLite's plans, says so: `@pytest.mark.sqlite`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from gallery_db import Gallery
from gallery_db.database.address import Server
from gallery_db.database.schema import job, meta, metadata
from gallery_db.database.sqlite import make_engine
from gallery_db.gallery import Tx
from tests.support.postgres import OFF, Cluster

from .factories import example


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_kind" in metafunc.fixturenames:
        one = OFF or metafunc.definition.get_closest_marker("sqlite") is not None
        metafunc.parametrize("engine_kind", ["sqlite"] if one else ["sqlite", "postgresql"], scope="module")


@pytest.fixture
def where(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | Server]:
    """Where an empty gallery is."""
    if engine_kind == "sqlite":
        home: Path = request.getfixturevalue("home")
        yield home / "data" / "gallery.db"
        return
    with request.getfixturevalue("postgres_cluster").database("gallery") as url:
        yield Server(url, tmp_path / "data")


@pytest.fixture
def gallery(where: Path | Server) -> Iterator[Gallery]:
    """An empty gallery."""
    with Gallery.open(where) as gallery:
        yield gallery


class _RolledBack:
    """`begin` for property tests: every example starts from the same empty gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    @contextmanager
    def begin(self):
        with example(self._gallery) as conn:
            yield Tx(conn)


@pytest.fixture(scope="module")
def gallery_template(engine_kind, request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    if engine_kind == "sqlite":
        with Gallery.open(folder / "g.db") as g:
            yield _RolledBack(g)
        return
    with request.getfixturevalue("postgres_cluster").database("gallery") as url, Gallery.open(Server(url, folder)) as g:
        yield _RolledBack(g)


@pytest.fixture(scope="session")
def postgres_queue(postgres_cluster: Cluster) -> Iterator[Engine]:
    """The tables of the queue, whose transactions do not wait for each other."""
    postgres_cluster.create("queue")
    engine = postgres_cluster.engine("queue")
    metadata.create_all(engine, tables=[job, meta])
    yield engine
    engine.dispose()


@pytest.fixture
def postgres(postgres_queue: Engine) -> Engine:
    """An empty queue in PostgreSQL."""
    with postgres_queue.begin() as conn:
        conn.execute(text("TRUNCATE job, meta RESTART IDENTITY"))
    return postgres_queue


@pytest.fixture
def engine(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty queue in either engine. SQLite's writes from the start, as `Gallery.begin` does."""
    if engine_kind == "postgresql":
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
