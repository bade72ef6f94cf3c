"""A gallery that an earlier release left on a server becomes what this one would make there."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from gallery_db import Gallery
from gallery_db.database.address import Server
from gallery_db.database.revisions import HEAD
from gallery_db.database.schema import metadata
from tests.support.postgres import Cluster, programs

RELEASED = sorted((Path(__file__).parent / "released_postgresql").glob("*.sql"))
"""Written by `python -m tests.migrations.test_on_a_server > .../released_postgresql/REVISION.sql`, once a revision."""


def columns(conn: Connection) -> set[tuple[object, ...]]:
    """Type and collation too, which Alembic does not compare."""
    query = """SELECT table_name, column_name, data_type, collation_name, is_nullable FROM information_schema.columns
      WHERE table_schema = 'public'"""
    return {tuple(row) for row in conn.execute(text(query))}


@contextmanager
def left_there(released: Path, cluster: Cluster, *changes: str) -> Iterator[str]:
    """The URL of a database that holds what an earlier release left, and what statements made of it."""
    with cluster.database("template0") as url:
        engine = cluster.engine(url.partition("@/")[2].partition("?")[0])
        with engine.begin() as conn:
            for statement in (released.read_text(), *changes):
                conn.exec_driver_sql(statement.replace("%", "%%"))
        engine.dispose()
        yield url


def must_be_as_new(url: str, cluster: Cluster, tmp_path: Path) -> None:
    with (
        cluster.database("gallery") as fresh,
        Gallery.open(Server(fresh, tmp_path)) as new,
        new.begin(write=False) as tx,
    ):
        wanted = columns(tx.meta._c)
    with Gallery.open(Server(url, tmp_path)) as gallery, gallery.begin() as tx:
        assert columns(tx.meta._c) == wanted
        assert compare_metadata(MigrationContext.configure(tx.meta._c), metadata) == []
        assert [f.person_name for f in tx.faces.find()] == ["Ada"]
        assert gallery.describe()["schema"] == HEAD
        tx.decisions.create_person("Bea")


@pytest.mark.parametrize("released", RELEASED, ids=lambda p: p.stem)
def test_an_earlier_release_s_gallery_is_brought_up_to_date(released: Path, postgres_cluster: Cluster, tmp_path: Path):
    with left_there(released, postgres_cluster) as url:
        must_be_as_new(url, postgres_cluster, tmp_path)


def test_scripts_of_migration_run_there(postgres_cluster: Cluster, tmp_path: Path):
    """By the last one before there were servers, whose column is taken out again."""
    back = (
        "ALTER TABLE public.photo DROP COLUMN perceptual_hash",
        "UPDATE public.alembic_version SET version_num = '0008'",
    )
    with left_there(RELEASED[0], postgres_cluster, *back) as url:
        must_be_as_new(url, postgres_cluster, tmp_path)


def test_this_release_is_among_them():
    """So that the next one is tested against it."""
    assert RELEASED[-1].stem == HEAD


def main() -> None:
    """Print this release's gallery, with a face in it, as SQL."""
    from tests.gallery_db.factories import put
    from tests.support.postgres import cluster

    with cluster() as running:
        running.create("gallery")
        with Gallery.open(Server(running.url("gallery"), running.folder)) as gallery, gallery.begin() as tx:
            tx.decisions.assign(put(tx, "a", 1), tx.decisions.create_person("Ada").person_id)
            tx.users.add("Ada", "admin")
        line: list[str | Path] = [
            programs() / "pg_dump",
            "--no-owner",
            "--no-privileges",
            "--inserts",
            running.url("gallery"),
        ]
        dump = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    lines = (x for x in dump.splitlines() if not re.match(r"\\|--|$", x))  # what only psql reads, and remarks
    print("\n".join(lines))


if __name__ == "__main__":
    main()
