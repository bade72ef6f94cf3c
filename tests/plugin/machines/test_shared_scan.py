"""A scan that several workers share makes the gallery that one process makes, and does no work twice."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select

from gallery_db import Gallery
from gallery_db.database.schema import embedding, face, photo, question
from plugin.app import App
from plugin.job_handlers import shared_scan
from plugin.jobs import worker
from plugin.library.scan_jobs import scan_soon
from plugin.progress import Silent
from tests.support.postgres import Cluster
from tests.support.stand_in_worker import machine, photos, stand_in_app, stand_in_worker
from tests.support.waiting import until


@pytest.fixture
def url(postgres_cluster: Cluster) -> Iterator[str]:
    with postgres_cluster.database("gallery") as url:
        yield url


def at_rest(gallery: Gallery) -> bool:
    with gallery.begin(write=False) as tx:
        counts = tx.jobs.counts()
    return not counts["waiting"] and not counts["running"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no supervisor here to hear of new work."""
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    monkeypatch.setattr(shared_scan, "AGAIN_S", 0.05)


@contextmanager
def working(*apps: App) -> Iterator[None]:
    """A worker of each, until the block ends."""
    workers = [stand_in_worker(app) for app in apps]
    threads = [Thread(target=w.run) for w in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()


def content(gallery: Gallery) -> dict[str, object]:
    """Everything that a scan makes, with names in place of ids and without the time of day."""
    with gallery.begin(write=False) as tx:
        c = tx.meta._c
        paths = {r.id: r.path for r in c.execute(select(photo.c.id, photo.c.path))}
        left_out = {"id", "indexed_at", "root_id"}
        rows = [{k: v for k, v in r._mapping.items() if k not in left_out} for r in c.execute(select(photo))]
        faces = {r.id: r._mapping for r in c.execute(select(face))}
        name = {i: (paths[f["photo_id"]], f["x1"], f["y1"]) for i, f in faces.items()}
        ids = {"id", "photo_id", "cluster_id", "person_id"}
        groups: dict[int | None, set[object]] = {}
        for i, f in faces.items():
            groups.setdefault(f["person_id"], set()).add(name[i])
        vectors = c.execute(select(embedding.c.face_id, embedding.c.embedder, embedding.c.vector, embedding.c.norm))
        asked = c.execute(select(question.c.kind, question.c.face_ids, question.c.gain))
        return {
            "photos": sorted(rows, key=lambda r: str(r["path"])),
            "faces": {name[i]: {k: v for k, v in f.items() if k not in ids} for i, f in faces.items()},
            "vectors": {name[v.face_id]: tuple(v)[1:] for v in vectors},
            "people": {frozenset(g) for person, g in groups.items() if person is not None},
            "nobody": groups.get(None, set()),
            "questions": Counter((q.kind, len(q.face_ids), q.gain) for q in asked),
            "online": [(r.path, r.online, r.last_scan_at is not None) for r in tx.roots.all()],
        }


def test_four_workers_make_what_one_process_makes(url: str, tmp_path: Path):
    folder = tmp_path / "photos"
    made = photos(folder, 40)
    (folder / "broken.jpg").write_bytes(made[0].read_bytes()[:200])
    shutil.copy(made[3], folder / "copy of 3.png")
    with ExitStack() as stack:
        alone = stack.enter_context(_closing(stand_in_app(machine(tmp_path / "alone", "alone", None))))
        apps = [
            stack.enter_context(_closing(stand_in_app(machine(tmp_path / f"m{n}", f"m{n}", url)))) for n in range(4)
        ]
        shared = apps[0].gallery
        for app in (alone, apps[0]):
            app.roots.add(folder)
        with working(*apps):
            for step in (lambda: None, lambda: _tidy(folder, made)):
                step()
                alone.scans.run(Silent())
                scan_soon(shared, 1)
                until(lambda: at_rest(shared), 60)
                assert content(shared) == content(alone.gallery)
        with shared.begin(write=False) as tx:
            jobs = tx.jobs.find()
            assert {j.state for j in jobs} == {"done"}
            scans = [j.progress or {} for j in jobs if j.kind == "settle"]
        assert [(s["new"], s["moved"], s["missing"], len(s["failed"])) for s in scans] == [(41, 0, 0, 0), (1, 1, 1, 0)]
        assert len(content(shared)["people"]) > 5  # type: ignore[arg-type]


def _tidy(folder: Path, made: list[Path]) -> None:
    made[0].rename(folder / "moved.png")
    made[1].unlink()
    photos(folder / "more", 1, people=9)
    (folder / "more" / "00000.png").rename(folder / "more" / "new.png")


@contextmanager
def _closing(app: App) -> Iterator[App]:
    try:
        yield app
    finally:
        app.close()
