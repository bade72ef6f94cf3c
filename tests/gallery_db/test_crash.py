"""kill -9 at any moment: nothing committed is lost, nothing is doubled, and the index follows the database."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.vectors import open_store
from tests.support.narrow import present

from .factories import DIM, E
from .vectors.test_sync import index_equals_database

WRITER = """
import sys, pathlib
sys.path.insert(0, {root!r})
from gallery_db import Gallery
from gallery_db.vectors import open_store
from tests.gallery_db.factories import DIM, E, put
g = Gallery.open(pathlib.Path(sys.argv[1]))
for n in range(10**6):
    with g.begin() as tx:
        faces = put(tx, f"{{n}}", 2 * n, 2 * n + 1)
        tx.jobs.enqueue("group", {{"faces": faces}}, dedupe=str(n))
        if n % 3 == 0:
            tx.decisions.create_person(f"p{{n}}")
    if n % 5 == 0:
        with g.begin(write=False) as tx:
            open_store(g.vectors_dir, tx, E, DIM)
    print(n, flush=True)
"""


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.13])
def test_killed_while_writing(tmp_path: Path, wait: float):
    db = tmp_path / "g.db"
    root = str(Path(__file__).resolve().parents[2])
    code = WRITER.format(root=root)
    writer = subprocess.Popen([sys.executable, "-c", code, str(db)], stdout=subprocess.PIPE, text=True, cwd=root)
    out = present(writer.stdout)
    said = [out.readline() for _ in range(4)]
    time.sleep(wait)
    os.kill(writer.pid, signal.SIGKILL)
    said += out.readlines()
    out.close()
    writer.wait()
    done = [int(line) for line in said if line.endswith("\n")]
    assert len(done) >= 4

    with Gallery.open(db) as g:
        with g.begin() as tx:
            conn = tx.meta._c
            assert conn.exec_driver_sql("pragma integrity_check").scalar() == "ok"
            assert conn.exec_driver_sql("pragma foreign_key_check").all() == []
            photos = list(tx.photos.find())
            assert {f"/lib/{n}" for n in done} <= {p.path for p in photos}
            assert len(photos) <= len(done) + 1  # at most the one whose "done" was not heard
            assert tx.faces.count() == len(tx.faces.matrix(E)) == 2 * len(photos)
            assert tx.jobs.counts()["waiting"] == len(photos)
            for p in photos[:2]:  # what an interrupted scan does next
                faces = [f.id for f in tx.faces.of_photo(p.id)]
                assert len(faces) == 2
        index_equals_database(g)


def test_killed_between_index_and_stamp(tmp_path: Path, monkeypatch):
    from .factories import put

    with Gallery.open(tmp_path / "g.db") as g:
        with g.begin() as tx:
            put(tx, "a", 1)
        with g.begin(write=False) as tx:
            open_store(g.vectors_dir, tx, E, DIM)
        with g.begin() as tx:
            put(tx, "b", 2)
        replaced = Path.replace

        def die(self, target):
            if Path(target).suffix == ".json":
                raise KeyboardInterrupt
            return replaced(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", die)
            with pytest.raises(KeyboardInterrupt), g.begin(write=False) as tx:
                open_store(g.vectors_dir, tx, E, DIM)
        index_equals_database(g)
