"""What the engines could read differently without a word, and what only one of them has."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from gallery_db import Gallery, GalleryBusyError, GalleryError, GalleryUnreachableError, SchemaTooNewError
from gallery_db.database import schema
from gallery_db.database.address import Server, is_server
from gallery_db.database.words import smaller
from gallery_db.faces.measures import DegradedFilter
from gallery_db.gallery import Tx
from tests.gallery_db.factories import E, found, photo, put
from tests.support.postgres import Cluster


@pytest.fixture
def server(postgres_cluster: Cluster, tmp_path: Path):
    """A gallery in PostgreSQL, whatever the other engine does."""
    with postgres_cluster.database("gallery") as url:
        yield Server(url, tmp_path / "data")


def test_ids_outgrow_four_bytes(tx: Tx):
    far = 1 << 40
    tx.meta._c.execute(schema.person.insert().values(id=far, created_by="user", name="Ada"))
    [f] = put(tx, "a")
    tx.decisions.assign([f], far)
    assert (tx.faces.get(f).person_id, tx.people.summary(far).faces) == (far, 1)


def test_an_id_that_is_none_is_refused_alike(gallery: Gallery):
    with pytest.raises(OverflowError), gallery.begin() as tx:
        tx.faces.get(1 << 70)


def test_a_quality_is_read_as_it_was_stored(tx: Tx):
    """In four bytes .1 is not .1: a page that goes on from there would pass faces over."""
    p = photo(tx, "crowd")
    ids = {r.id for r in tx.faces.replace_for_photo(p, [found(100 * i, i, quality=0.1) for i in range(5)]).stored}
    seen = list[int]()
    place = None
    while page := tx.browse.loose(after=place, limit=2):
        seen += [f.id for f in page]
        place = page[-1].place
    assert sorted(seen) == sorted(ids)
    assert {f.quality for f in tx.faces.by_ids(seen)} == {0.1}


NAMES = ["a", "A", "a b", "a-b", "ab", "B", "é", "z", "Z", "_", "0", "a.jpg"]


def test_paths_are_in_the_order_of_their_bytes(tx: Tx):
    """A language would sort "a b" beside "ab", and leave "/" out: then a folder is no range."""
    for name in NAMES:
        photo(tx, f"{name}/x.jpg")
    paths = [p.path for p in tx.photos.find()]
    assert paths == sorted(paths, key=str.encode)
    for name in NAMES:
        assert list(tx.photos.known_at([], [f"/lib/{name}"])) == [f"/lib/{name}/x.jpg"]


def test_every_text_of_a_server_is_compared_by_bytes(server: Server):
    """Whatever language the database has: the server of these tests knows none that would show the difference."""
    query = """SELECT table_name || '.' || column_name FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type = 'character varying' AND collation_name IS DISTINCT FROM 'C'"""
    with Gallery.open(server) as gallery, gallery.begin(write=False) as tx:
        assert tx.meta._c.scalars(text(query)).all() == ["alembic_version.version_num"]


def test_what_is_not_known_comes_last(tx: Tx):
    p = photo(tx, "a")
    faces = [found(0, 1, quality=None), found(100, 2, quality=0.2), found(200, 3, quality=0.8)]
    unknown, poor, good = (r.id for r in tx.faces.replace_for_photo(p, faces).stored)
    assert [f.id for f in tx.browse.loose()] == [good, poor, unknown]
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([unknown, poor, good], ada)
    assert tx.people.summary(ada).cover_face_id == good
    assert tx.browse.best([ada], 1) == {good: ada}
    assert tx.questions.beside(ada, limit=1) == [good]


def test_of_two_values_none_is_smaller_than_one_that_is_missing(tx: Tx):
    """PostgreSQL's LEAST leaves NULL out: a face without a score would count as degraded."""
    q = schema.question.c
    assert tx.meta._c.scalar(select(smaller(q.evidence, 1.0)).select_from(schema.question)) is None
    [f] = put(tx, "a")
    tx.measures.set([(f, {"version": 3, "eye_distance": 20.0})])
    assert tx.measures.degraded(DegradedFilter(version=3, min_score=0.0, min_eye_distance=0.0)) == []


def test_an_id_is_never_given_twice(gallery: Gallery):
    """Nor after a transaction that was rolled back, which leaves a gap in one engine and none in the other."""
    with gallery.begin() as tx:
        given = [tx.decisions.create_person("Ada").person_id]
        tx.decisions.undo()
    with pytest.raises(ZeroDivisionError), gallery.begin() as tx:
        tx.decisions.create_person("Bea")
        raise ZeroDivisionError
    with gallery.begin() as tx:
        given.append(tx.decisions.create_person("Cem").person_id)
        tx.decisions.undo(2)  # Ada is there again, under her old id
        assert tx.people.names() == {given[0]: "Ada", given[1]: "Cem"}
        given.append(tx.decisions.create_person("Dil").person_id)
    assert given == sorted(set(given))


def test_a_changed_vector_counts_once_and_a_removed_one_too(tx: Tx):
    [f] = put(tx, "a")
    first = tx.faces.generation(E)
    vector = tx.faces.embedding(f, E)
    assert vector is not None
    tx.faces.set_embeddings([(f, vector)])
    assert tx.faces.changed_since(E, first).tolist() == [f]
    second = tx.faces.generation(E)
    tx.photos.delete([tx.faces.get(f).photo_id])
    assert tx.faces.changed_since(E, second).tolist() == [f]


def test_what_only_reads_cannot_write(server: Server):
    with (
        Gallery.open(server) as gallery,
        pytest.raises(GalleryError, match="read-only"),
        gallery.begin(write=False) as tx,
    ):
        tx.meta.set("a", "b")


def test_who_reads_sees_one_state(server: Server):
    with Gallery.open(server) as gallery, gallery.begin(write=False) as reader:
        assert reader.meta.get("a") is None
        with gallery.begin() as writer:
            writer.meta.set("a", "b")
        assert reader.meta.get("a") is None


def test_a_writer_that_waits_too_long_is_told(server: Server):
    with Gallery.open(server) as gallery, Gallery.open(server, busy_timeout_ms=50) as other, gallery.begin() as tx:
        tx.meta.set("a", "b")
        with pytest.raises(GalleryBusyError, match="another process"), other.begin():
            pass


def test_a_connection_that_breaks_is_explained_and_the_next_one_works(server: Server):
    with Gallery.open(server) as gallery:
        with pytest.raises(GalleryUnreachableError, match="does not answer"), gallery.begin() as tx:
            tx.meta.set("a", "lost")
            end_connections(server)
            tx.meta.get("a")
        with gallery.begin() as tx:
            assert tx.meta.get("a") is None


def end_connections(server: Server) -> None:
    engine = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid != pg_backend_pid()"
    with engine.connect() as conn:
        conn.execute(text(ours), {"name": server.name})
    engine.dispose()


def test_opening_what_is_not_there_or_not_ours(server: Server, tmp_path: Path):
    nowhere = Server(f"postgresql://ada:geheim@/gallery?host={tmp_path}", tmp_path)
    with pytest.raises(GalleryUnreachableError, match="does not answer") as no_server:
        Gallery.open(nowhere)
    assert "geheim" not in str(no_server.value) + repr(nowhere)
    with pytest.raises(GalleryError, match="iconface database create"):
        Gallery.open(Server(server.url.replace(server.name, "no_such"), tmp_path))
    engine = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match="9999"):
        Gallery.open(server)
    with engine.begin() as conn:
        conn.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(GalleryError, match="another program"):
        Gallery.open(server)
    engine.dispose()


def test_a_database_that_does_not_know_all_names_is_refused(postgres_cluster: Cluster, tmp_path: Path):
    postgres_cluster.create("narrow", options="ENCODING 'LATIN1'")
    with pytest.raises(GalleryError, match="LATIN1"):
        Gallery.open(Server(postgres_cluster.url("narrow"), tmp_path))
    postgres_cluster.drop("narrow")


def test_damage_is_found(server: Server):
    with Gallery.open(server) as gallery:
        assert gallery.check() == []
        with gallery.begin() as tx:
            tx.meta._c.execute(text("ALTER TABLE person ADD CHECK (name != 'x') NOT VALID"))
        [problem] = gallery.check()
        assert "person" in problem
        gallery.compact()


WORD = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


@given(user=WORD, password=st.text("xyz%:", min_size=3, max_size=9), host=WORD, in_query=st.booleans())
def test_no_password_is_ever_shown(user, password, host, in_query):
    secret = f"!{password}!"
    url = (
        f"postgresql://{user}@{host}/db?password={secret}&sslmode=require"
        if in_query
        else f"postgresql://{user}:{secret}@{host}/db?sslmode=require"
    )
    server = Server(url, Path("/data"))
    for said in (server.shown, repr(server), str(server)):
        assert secret not in said
        assert f"{user}@{host}/db?sslmode=require" in said


@pytest.mark.parametrize("url", ["", "gallery.db", "mysql://a/b", "postgresql://host", "postgresql://host:x/b"])
def test_what_is_no_address(url: str):
    with pytest.raises(GalleryError, match="looks like postgresql://"):
        Server(url, Path("/data"))
    assert not is_server("/home/a/gallery.db")


def test_a_file_needs_no_server_s_packages(tmp_path: Path):
    code = """
import sys, pathlib
from gallery_db import Gallery
with Gallery.open(pathlib.Path(sys.argv[1])) as g:
    with g.begin() as tx:
        who = tx.decisions.create_person("Ada").person_id
        tx.decisions.undo()
        tx.questions.keep([])
        tx.faces.columns()
    with g.begin(write=False) as tx:
        tx.browse.people("shown"); tx.questions.open(); tx.faces.owners_stamp()
print(sorted({m.partition(".")[0] for m in sys.modules} & {"psycopg", "psycopg_binary", "pgvector", "procrastinate"}))
assert not {"gallery_db.database.postgres", "gallery_db.database.postgres_search"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "g.db"], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
