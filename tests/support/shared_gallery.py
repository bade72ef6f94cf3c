"""Workers in threads at a gallery that machines share, and what is in it."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from sqlalchemy import select

from gallery_db import Gallery
from gallery_db.database.schema import embedding, face, photo, question
from plugin.app import App
from plugin.job_payloads import RESTORE, RestorePayload
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS, Handler

from .stand_in_worker import stand_in_app, stand_in_worker


def at_rest(gallery: Gallery) -> bool:
    with gallery.begin(write=False) as tx:
        counts = tx.jobs.counts()
    return not counts["waiting"] and not counts["running"]


def noted(app: App, payload: RestorePayload, job: JobContext) -> dict[str, str]:
    """In place of a restoration: which photo it was."""
    time.sleep(0.02)
    return {"photo": payload.path}


NOTED = {**HANDLERS, RESTORE: Handler(f"{__name__}:{noted.__name__}", RestorePayload)}
"""What a worker does that restores nothing."""


@contextmanager
def working(*apps: App, handlers: Mapping[str, Handler] = HANDLERS) -> Iterator[None]:
    """A worker of each, until the block ends."""
    workers = [stand_in_worker(app, handlers) for app in apps]
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
        # Which of equal faces a question shows depends on their ids.
        asked = c.execute(select(question.c.kind, question.c.gain))
        return {
            "photos": sorted(rows, key=lambda r: str(r["path"])),
            "faces": {name[i]: {k: v for k, v in f.items() if k not in ids} for i, f in faces.items()},
            "vectors": {name[v.face_id]: tuple(v)[1:] for v in vectors},
            "people": {frozenset(g) for person, g in groups.items() if person is not None},
            "nobody": groups.get(None, set()),
            "questions": Counter((q.kind, q.gain) for q in asked),
            "online": [(r.path, r.online, r.last_scan_at is not None) for r in tx.roots.all()],
        }


@contextmanager
def opened(home: Path, latency: float = 0.0) -> Iterator[App]:
    """The application of a home, over the stand-ins, until the block ends."""
    app = stand_in_app(home, latency)
    try:
        yield app
    finally:
        app.close()
