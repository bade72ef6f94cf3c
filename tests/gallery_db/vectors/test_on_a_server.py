"""The index by which a server searches vectors itself: what it finds, what it follows, and how its building ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from gallery_db import Gallery, GalleryBusyError, GalleryError
from gallery_db.database import postgres_search
from gallery_db.database.address import Server
from gallery_db.database.postgres import restore_dump
from gallery_db.vectors import Nearest
from gallery_db.vectors.similar import SimilarFaces
from iconface_core.types import F32, EmbedderId, FaceEmbedding
from tests.gallery_db.factories import DIM, E, found, photo, put
from tests.support.narrow import present
from tests.support.postgres import Cluster, programs
from tests.support.waiting import until

HARD = EmbedderId("o'hara: 100 %s")
"""A name that has to be quoted in every way there is."""


@pytest.fixture
def server(postgres_cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    with postgres_cluster.database("gallery") as url:
        yield Server(url, tmp_path / "data")


@pytest.fixture
def gallery(server: Server) -> Iterator[Gallery]:
    with Gallery.open(server) as gallery:
        yield gallery


def hard(n: int, dim: int) -> F32:
    """Long tailed: many people of few faces, and all have something in common."""
    rng = np.random.default_rng(5)
    people = rng.standard_normal((n // 10, dim)) + 0.5 * rng.standard_normal(dim)
    faces = people[rng.zipf(1.5, n) % len(people)] + rng.uniform(0.5, 1.3, (n, 1)) * rng.standard_normal((n, dim))
    unit: F32 = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(np.float32)
    return unit


def states(gallery: Gallery) -> dict[str, str]:
    return {index["embedder"]: index["state"] for index in gallery.describe()["search"]}


def test_it_finds_what_comparing_all_finds_and_forgets(gallery: Gallery, server: Server):
    n, k, dim = 2_600, 10, 128  # more than 100 pages: of fewer the server cleans indexes anyway
    vectors = hard(n + 100, dim)
    with gallery.begin() as tx:
        ids = [
            r.id
            for r in tx.faces.replace_for_photo(
                photo(tx, "all"), [replace(found(9 * i), embeddings=()) for i in range(n)]
            ).stored
        ]
        tx.faces.set_embeddings([(i, FaceEmbedding(HARD, v, 1.0)) for i, v in zip(ids, vectors, strict=False)])
        assert not tx.faces.searched_there(HARD, dim)
    gallery.build_search_index(64)
    with gallery.begin(write=False) as tx:
        assert tx.faces.searched_there(HARD, dim)
        stored, queries = tx.faces.matrix(HARD), vectors[n:]
        products = queries @ stored.vectors.T
        best = np.argsort(-products, axis=1)[:, :k]
        nearest, similarities = Nearest(gallery.vectors_dir, HARD, dim).among(tx)(queries, k)
        recall = [len(set(a) & set(b)) / k for a, b in zip(nearest, stored.face_ids[best], strict=True)]
        assert np.mean(recall) >= 0.99
        there = np.searchsorted(stored.face_ids, nearest)
        np.testing.assert_allclose(similarities, np.take_along_axis(products, there, axis=1), atol=1e-6)
        assert np.all(np.diff(similarities, axis=1) <= 0)
        everything, _ = tx.faces.nearest(HARD, queries[:1], n + 500)
        assert len(set(everything[0, :n].tolist()) & set(ids)) >= 0.99 * n, "more than one list holds"
        assert set(everything[0, n:].tolist()) == {-1}
        plan = "\n".join(tx._conn.scalars(text("EXPLAIN " + _plan(HARD, dim))))
        assert postgres_search.index_name(HARD, dim) in plan
    with gallery.begin() as tx:
        ada = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([ids[7]], ada)
    vector = vectors[7].astype("<f2").tobytes()
    assert vector in index_file(server)
    gallery.forget(ada)
    assert vector not in index_file(server), "one of so many is not worth the server's while, unless it is told"


def _plan(embedder: str, dim: int) -> str:
    where = postgres_search.condition(embedder, dim).replace("%%", "%").replace(": ", "\\: ")
    order = postgres_search.expression(dim)
    return f"SELECT face_id FROM embedding WHERE {where} ORDER BY {order} <#> (SELECT {order} FROM embedding LIMIT 1)"


def test_every_number_is_read_as_it_was_stored(gallery: Gallery):
    """Of two bytes there are 63,488 finite ones."""
    assert gallery.build_search_index(64) == [], "nothing to search yet"
    with gallery.begin() as tx:
        put(tx, "a")
    gallery.build_search_index(64)
    patterns = np.arange(1 << 16, dtype="<u2")
    finite = patterns[patterns & 0x7C00 != 0x7C00].reshape(4, -1)
    with gallery.begin(write=False) as tx:
        for part in finite:
            query = text(f"SELECT CAST({postgres_search.FUNCTION}(:bytes) AS text)")
            said = str(tx._conn.scalar(query, {"bytes": part.tobytes()}))
            read = np.array(said.strip("[]").split(","), np.float32)
            np.testing.assert_array_equal(read, part.view("<f2").astype(np.float32))


def test_what_changes_is_seen_at_once(gallery: Gallery):
    with gallery.begin() as tx:
        a, b, c = put(tx, "a", 1, 2, 3)
    gallery.build_search_index(64)
    ask = Nearest(gallery.vectors_dir, E, DIM)

    def closest(seed: int, k: int = 1) -> list[int]:
        ids, _ = ask.among(tx)(np.stack([found(seed=seed).embeddings[0].vector]), k)
        return list(ids[0].tolist())

    with gallery.begin() as tx:
        assert (closest(2), sorted(closest(2, 4))) == ([b], [-1, a, b, c])
        [d] = put(tx, "d", 4)
        assert closest(4) == [d], "in the transaction that stores it"
        tx.faces.set_embeddings([(d, found(seed=9).embeddings[0])])
        assert closest(9) == [d]
        ada = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([b], ada)
    gallery.forget(ada)
    with gallery.begin(write=False) as tx:
        assert sorted(closest(2, 4)) == [-1, a, c, d]
    assert not gallery.vectors_dir.exists(), "nobody opened an index of this machine"


def index_file(server: Server) -> bytes:
    """What the server's disk holds of it."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("CHECKPOINT")
        name = postgres_search.index_name(HARD, 128)
        row = conn.execute("SELECT pg_read_binary_file(pg_relation_filepath(%s))", [name]).fetchone()
        return bytes(present(row)[0])


def test_who_is_alike_is_the_same_either_way(gallery: Gallery):
    with gallery.begin() as tx:
        ada = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign(put(tx, "a", *range(3)), ada)
        for name in "bcd":
            tx.decisions.assign(put(tx, name, ord(name), ord(name) + 1), tx.decisions.create_person().person_id)
    alike = SimilarFaces(gallery, E, DIM)
    with gallery.begin(write=False) as tx:
        before = alike.people(tx, ada), alike.faces(tx, ada)
    gallery.build_search_index(64)
    with gallery.begin(write=False) as tx:
        assert (alike.people(tx, ada), alike.faces(tx, ada)) == before != ([], [])
    assert gallery.drop_search_index() == 1
    with gallery.begin(write=False) as tx:
        assert not tx.faces.searched_there(E, DIM)
        assert (alike.people(tx, ada), alike.faces(tx, ada)) == before


def test_killed_while_it_is_built(gallery: Gallery, server: Server):
    """A writer who is not done yet holds it up, so that the middle lasts."""
    with gallery.begin() as tx:
        put(tx, "a", 1, 2)
    with gallery.begin() as tx:
        put(tx, "b", 3)
        line = [sys.executable, "-c", _BUILD, server.url, str(server.folder)]
        with subprocess.Popen(line) as process:
            until(lambda: states(gallery) == {E: "building"})
            assert gallery.check() == []
            with pytest.raises(GalleryBusyError, match="another process"):
                gallery.build_search_index(64)
            process.send_signal(signal.SIGKILL)
        until(lambda: states(gallery) == {E: "unfinished"})
        assert "iconface database index" in gallery.check()[0]
        assert not tx.faces.searched_there(E, DIM)
        put(tx, "c", 4)
    gallery.build_search_index(64)
    assert (states(gallery), gallery.check()) == ({E: "ready"}, [])
    with gallery.begin(write=False) as tx:
        assert sorted(tx.faces.nearest(E, tx.faces.matrix(E).vectors[:1], 9)[0][0, :4]) == [1, 2, 3, 4]


_BUILD = """
import sys
from pathlib import Path
from gallery_db import Gallery
from gallery_db.database.address import Server
with Gallery.open(Server(sys.argv[1], Path(sys.argv[2]))) as gallery:
    gallery.build_search_index(64)
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("ALTER DATABASE {name} SET extension_control_path = '/nowhere'", "has no pgvector: install its package"),
        (
            "CREATE EXTENSION vector; UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'",
            "0.8 or later",
        ),
        (
            "ALTER DATABASE {name} SET role = pg_monitor; GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_monitor",
            "let an administrator of the server run CREATE EXTENSION vector",
        ),
    ],
    ids=["missing", "old", "not allowed"],
)
def test_a_server_that_cannot(before: str, said: str, server: Server, postgres_cluster: Cluster):
    engine = postgres_cluster.engine(server.name)
    with engine.begin() as conn:
        for statement in before.format(name=server.name).split("; "):
            conn.exec_driver_sql(statement)
    engine.dispose()
    with Gallery.open(server) as gallery:
        with pytest.raises(GalleryError, match=said):
            gallery.build_search_index(64)
        with gallery.begin(write=False) as tx:
            assert not tx.faces.searched_there(E, DIM)


def test_a_backup_is_for_any_server(
    gallery: Gallery, postgres_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Also for one without pgvector."""
    monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)
    with gallery.begin() as tx:
        faces = put(tx, "a", 1, 2)
    gallery.build_search_index(64)
    backup = gallery.backup(tmp_path / "a.dump")
    with postgres_cluster.database("gallery") as url:
        other = Server(url, tmp_path / "other")
        with postgres_cluster.admin.connect() as conn:
            conn.exec_driver_sql(f"ALTER DATABASE {other.name} SET extension_control_path = '/nowhere'")
        restore_dump(other, backup, tmp_path)
        with Gallery.open(other) as restored:
            assert states(restored) == {E: "missing"}
            with restored.begin(write=False) as tx:
                ids, _ = Nearest(restored.vectors_dir, E, DIM).among(tx)(tx.faces.matrix(E).vectors, 1)
                assert ids.ravel().tolist() == faces
