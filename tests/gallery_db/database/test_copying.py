"""A gallery from one engine into the other, and back: every row, and no id given again."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from gallery_db import Gallery, GalleryError
from gallery_db.database import copying
from gallery_db.database.address import Server
from gallery_db.database.schema import meta, metadata
from gallery_db.records import Asked
from tests.gallery_db.factories import E, put, restored
from tests.support.postgres import Cluster


@pytest.fixture
def server(postgres_cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    with postgres_cluster.database("gallery") as url:
        yield Server(url, tmp_path / "server")


@pytest.fixture
def both(server: Server, tmp_path: Path) -> Iterator[tuple[Gallery, Gallery]]:
    """A gallery in a file with something in every table, and an empty one on the server."""
    with ExitStack() as stack:
        file = stack.enter_context(Gallery.open(tmp_path / "file" / "gallery.db"))
        with file.begin() as tx:
            root = tx.roots.add(tmp_path)
            faces = [put(tx, f"p{n}", 2 * n, 2 * n + 1) for n in range(6)]
            for name in ("Ada", "Bea", None):
                tx.decisions.create_person(name)
            tx.decisions.assign([f for f, _ in faces], 1)
            new = tx.decisions.split(1, faces[0][:1], name="Cem").person_id
            tx.decisions.reject([faces[1][1]], 2)
            tx.decisions.merge(1, [2])
            tx.meta._c.execute(metadata.tables["cluster"].insert().values(person_id=new))
            restored(tx, face_id=faces[0][0], person_id=new)
            tx.jobs.enqueue("scan", {"root": root.id})
            tx.machines.tell("attic", queues=["gpu"], missing=[root.id], version="1.0")
            tx.users.add("anna", "reviewer")
            run = tx.cleanups.begin("2026-01-01", [(1, faces[0])], idle=True, estimated_hours=0.1)
            assert run.photos == 1
            tx.questions.keep([Asked("join", (faces[2][1],), new, evidence=0.1)])
            tx.decisions.create_person("gone")  # her id is not given again
            tx.decisions.undo()  # the decision refers to a later row of its own table
            tx.photos.delete([tx.faces.get(faces[5][0]).photo_id])
        yield file, stack.enter_context(Gallery.open(server))


def everything(gallery: Gallery) -> dict[str, list[tuple[object, ...]]]:
    with gallery.begin(write=False) as tx:
        rows = {
            t.name: [tuple(r) for r in tx.meta._c.execute(select(t).order_by(*t.primary_key))]
            for t in metadata.sorted_tables
        }
    rows["meta"] = [r for r in rows["meta"] if r[0] != "index_epoch"]
    return rows


def next_ids(gallery: Gallery) -> list[object]:
    """Ids that the gallery gives next, to a person, a photo with a face and a decision."""
    with gallery.begin() as tx:
        person = tx.decisions.create_person("next")
        return [person.id, person.person_id, put(tx, "next"), tx.faces.generation(E)]


def test_there_and_back(both: tuple[Gallery, Gallery], tmp_path: Path):
    file, server = both
    before = everything(file)
    assert [name for name, rows in before.items() if not rows] == [], "the test leaves a table out"
    told: dict[str, int] = {}
    total = file.copy_to(server, told.__setitem__)
    assert everything(server) == before
    assert sum(told.values()) == total == sum(len(rows) for name, rows in before.items() if name != "meta")
    with Gallery.open(tmp_path / "back" / "gallery.db") as back:
        server.copy_to(back)
        assert everything(back) == before
        assert back.check() == []
        assert next_ids(back) == next_ids(server) == next_ids(file)
        epochs = set()
        for gallery in (file, server, back):
            with gallery.begin(write=False) as tx:
                epochs.add(tx.meta.get("index_epoch"))
        assert len(epochs) == 3


def test_a_copy_that_was_broken_off_goes_on(both: tuple[Gallery, Gallery], monkeypatch: pytest.MonkeyPatch):
    file, server = both
    monkeypatch.setattr(copying, "BATCH", 2)
    stops = iter(["photo", "face", "decision", "embedding", "vector_change"])
    for stop in stops:

        def stopped(table: str, _rows: int, stop: str = stop) -> None:
            if table == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            file.copy_to(server, stopped)
        with server.begin(write=False) as tx:
            assert tx.meta.get(copying.UNFINISHED)
    file.copy_to(server)
    assert everything(server) == everything(file)


def test_rows_that_changed_meanwhile_are_found(both: tuple[Gallery, Gallery]):
    file, server = both

    def change(table: str, _rows: int) -> None:
        if table == "vector_change":
            with server.begin() as tx:
                tx.meta._c.execute(metadata.tables["face"].update().values(quality=0.75))

    with pytest.raises(GalleryError, match=r"face \d+ differs"):
        file.copy_to(server, change)
    with server.begin(write=False) as tx:
        assert tx.meta.get(copying.UNFINISHED)


def test_only_into_an_empty_database_or_the_same_unfinished_copy(both: tuple[Gallery, Gallery], tmp_path: Path):
    file, server = both
    with server.begin() as tx:
        tx.decisions.create_person("mine")
    with pytest.raises(GalleryError, match="is not empty"):
        file.copy_to(server)
    with server.begin() as tx:
        tx.decisions.undo()
    with Gallery.open(tmp_path / "third" / "gallery.db") as third:
        with third.begin() as tx:
            tx.meta._c.execute(meta.insert().values(key=copying.UNFINISHED, value="another"))
        with pytest.raises(GalleryError, match="of another gallery"):
            file.copy_to(third)
        with pytest.raises(GalleryError, match="unfinished copy itself"):
            third.copy_to(file)
