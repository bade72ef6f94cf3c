import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.database.backups import backup, restore_backup
from gallery_db.vectors import _faiss, open_store, sync, sync_store
from iconface_core.types import EmbedderId
from tests.gallery_db.factories import DIM, E, embedded, photo, put, unit


def index_equals_database(gallery: Gallery, **kwargs) -> sync.SyncedStore:
    with gallery.begin(write=False) as tx:
        synced = open_store(gallery.vectors_dir, tx, E, DIM, **kwargs)
        faces = tx.faces.matrix(E)
    assert len(synced.store) == len(faces)
    if len(faces):
        ids, similarities = synced.store.search(faces.vectors, 1)
        assert ids[:, 0].tolist() == faces.face_ids.tolist()
        assert np.allclose(similarities, 1, atol=0.02)
    return synced


@pytest.fixture
def filled(gallery: Gallery) -> Gallery:
    with gallery.begin() as tx:
        for i in range(8):
            put(tx, f"p{i}", i)
    index_equals_database(gallery)
    return gallery


def files(gallery: Gallery) -> tuple[Path, Path]:
    return gallery.vectors_dir / f"{E}.faiss", gallery.vectors_dir / f"{E}.json"


def becomes_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda index, stamp: None,
        lambda index, stamp: index.write_bytes(b"IxM2"),
        lambda index, stamp: index.write_bytes(index.read_bytes()[:-5]),
        lambda index, stamp: index.write_bytes(index.read_bytes()[:-5] + b"wrong"),
        lambda index, stamp: index.unlink(),
        lambda index, stamp: becomes_fifo(index),
        lambda index, stamp: becomes_fifo(stamp),
        lambda index, stamp: (stamp.unlink(), stamp.symlink_to("/dev/zero")),
        lambda index, stamp: stamp.unlink(),
        lambda index, stamp: stamp.write_text("{"),
        lambda index, stamp: stamp.write_text('{"unknown": 1}'),
        lambda index, stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"generation": 10**9})),
        lambda index, stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"epoch": "another"})),
        lambda index, stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"embedder": "another"})),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_damage_costs_time_only(filled: Gallery, damage, late):
    damage(*files(filled))
    if late:
        with filled.begin() as tx:
            put(tx, "late", 99)
    index_equals_database(filled)
    assert {p.suffix for p in filled.vectors_dir.iterdir()} == {".faiss", ".json"}  # no temporary file is left


def test_a_crafted_index_never_reaches_faiss(filled: Gallery, monkeypatch):
    def read(path):
        raise AssertionError("read a file whose hash does not fit")

    files(filled)[0].write_bytes(b"crafted")
    monkeypatch.setattr(_faiss, "read", read)
    index_equals_database(filled)


def test_small_changes_are_replayed_not_rebuilt(filled: Gallery, monkeypatch):
    synced = index_equals_database(filled)
    with filled.begin() as tx:
        put(tx, "new", 50)
        tx.faces.set_embeddings([(1, embedded(60))])
        tx.photos.delete([tx.faces.get(2).photo_id])
    with filled.begin(write=False) as tx:
        assert sync_store(synced, tx)
        assert synced.generation == tx.faces.generation(E)
        assert (
            sorted(synced.store.search(unit(50)[None], 20)[0][0].tolist())[-8:] == tx.faces.matrix(E).face_ids.tolist()
        )
    monkeypatch.setattr(sync, "_build", None)  # opening must not need it
    index_equals_database(filled)


def test_nothing_is_written_when_nothing_changed(filled: Gallery):
    before = [p.stat().st_mtime_ns for p in files(filled)]
    index_equals_database(filled)
    assert [p.stat().st_mtime_ns for p in files(filled)] == before


def test_large_galleries_get_an_approximate_index(filled: Gallery):
    with filled.begin() as tx:
        tx.faces.replace_for_photo(photo(tx, "crowd"), [])
        for i in range(100, 300):
            put(tx, f"p{i}", i)
    assert index_equals_database(filled).store.kind == "flat"
    assert index_equals_database(filled, ivf_above=60).store.kind == "ivf-sq8"
    assert index_equals_database(filled, ivf_above=60).store.kind == "ivf-sq8"
    with filled.begin() as tx:
        tx.photos.delete([p.id for p in tx.photos.find()][:190])
    assert index_equals_database(filled, ivf_above=60).store.kind == "flat"


@pytest.mark.sqlite
def test_a_restored_backup_starts_another_timeline(filled: Gallery, tmp_path):
    """Else as many changes as before could make an old index look current."""
    backup(filled.path, tmp_path / "b.db")
    with filled.begin() as tx:
        put(tx, "x", 70)
    index_equals_database(filled)
    filled.close()
    restore_backup(tmp_path / "b.db", filled.path)
    with Gallery.open(filled.path) as again:
        with again.begin() as tx:
            put(tx, "y", 80)
        index_equals_database(again)


def test_embedders_never_mix(filled: Gallery):
    other = EmbedderId("a/b:c")
    with filled.begin() as tx:
        tx.faces.set_embeddings([(1, embedded(5, other, 16))])
    with filled.begin(write=False) as tx:
        assert len(open_store(filled.vectors_dir, tx, other, 16).store) == 1
        with pytest.raises(ValueError, match="16 numbers"):
            open_store(filled.vectors_dir, tx, other, 32)
    assert all(p.parent == filled.vectors_dir for p in filled.vectors_dir.rglob("*"))
    index_equals_database(filled)


ACT = st.tuples(st.sampled_from(["put", "delete", "change", "sync", "reopen"]), st.integers(0, 9))


@settings(max_examples=15)
@given(acts=st.lists(ACT, max_size=15))
def test_any_history_leaves_index_and_database_equal(tmp_path_factory, acts):
    with Gallery.open(tmp_path_factory.mktemp("history") / "g.db") as g:
        synced = None
        for n, (act, i) in enumerate(acts):
            with g.begin() as tx:
                faces = {p.path: p.id for p in tx.photos.find()}
                if act == "put":
                    put(tx, str(i), 10 * n + i)
                elif act == "delete":
                    tx.photos.delete([faces.get(f"/lib/{i}", 0)])
                elif act == "change":
                    tx.faces.set_embeddings([(int(f), embedded(500 + n)) for f in tx.faces.matrix(E).face_ids[:1]])
            with g.begin(write=False) as tx:
                if act == "sync" and synced is not None:
                    sync_store(synced, tx)
                elif act == "reopen":
                    synced = open_store(g.vectors_dir, tx, E, DIM)
        index_equals_database(g)
