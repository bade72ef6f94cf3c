"""Search inside of a PostgreSQL server with pgvector, for `benchmarks.search --database`.

The database has to be empty, and is left with what the last case stored; `own` starts a server of the tests' programs
for as long as it takes, without fsync, in memory where there is room. The vectors are those of the other tables.
"""

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import text

from gallery_db import Gallery
from gallery_db.database.address import Server
from gallery_db.database.packed import pack_vector
from gallery_db.database.schema import photo
from gallery_db.faces.nearest import nearest
from gallery_db.records import FoundFace
from gallery_db.vectors import Nearest
from gallery_db.vectors.faiss_flat import FaissFlatStore
from iconface_core.types import F32, BBox, DetectedFace, EmbedderId, FaceEmbedding
from tests.support.postgres import Cluster, cluster

EMBEDDER = EmbedderId("bench")
MEMORY_MB = 4_096

HEADER = (
    "\nWall times, and in brackets those of processors, of the server and of the client (only with `own`).\n\n"
    "| faces | dim | database / its index MB | index s | 1 query, median / p95 ms | FAISS exact, median / p95 ms "
    "| recall@10 | new photo without / with index, ms |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
)
FIRST = """
| faces | dim | a fresh process until its first answer | s | of it searching, s | peak MB |
|---:|---:|---|---:|---:|---:|"""


class Watch:
    """Seconds since it was made: by the clock, and of the processors that this process and a server used."""

    def __init__(self, server: Cluster | None) -> None:
        self._server = server
        self._began = time.perf_counter(), self._used()

    def __call__(self) -> tuple[float, float]:
        return time.perf_counter() - self._began[0], self._used() - self._began[1]

    def _used(self) -> float:
        if self._server is None:
            return math.nan
        postmaster, *others = (p.cpu_times() for p in self._server.processes())
        ended = postmaster.children_user + postmaster.children_system
        return time.process_time() + ended + sum(t.user + t.system for t in (postmaster, *others))


@contextmanager
def server(url: str) -> Iterator[tuple[str, Cluster | None]]:
    """The address of the database; with `own` a server is started for it."""
    if url != "own":
        yield url, None
        return
    with cluster() as running:
        running.create("bench")
        yield running.url("bench"), running


def measure(
    url: str, running: Cluster | None, faces: F32, queries: F32, want: list[set[int]]
) -> tuple[list[str], list[tuple[str, dict[str, float]]]]:
    """Cells of the index, and numbers of fresh processes with and without one. `want` has the rows of `faces` (N, dim)
    that are the closest ten to each of `queries`."""
    dim = faces.shape[1]
    with tempfile.TemporaryDirectory() as folder, Gallery.open(Server(url, Path(folder))) as gallery:
        empty = gallery.describe()["bytes"]
        first_id = _store(gallery, faces)
        full = gallery.describe()["bytes"]
        without = _new_photos(gallery, running, faces[0], "without")
        fresh = [("files, made", _fresh(url, folder, dim)), ("files, there", _fresh(url, folder, dim))]
        watch = Watch(running)
        [index] = gallery.build_search_index(MEMORY_MB)
        built = watch()
        fresh.append(("index of the server", _fresh(url, folder, dim)))
        with gallery.begin(write=False) as tx:

            def asked(query: F32) -> set[int]:
                ids, _ = nearest(tx._conn, EMBEDDER, query[None], 10)
                return set((ids[0] - first_id).tolist())

            found, there = _queries(running, queries, asked)
        exact = FaissFlatStore(dim)
        exact.add(np.arange(len(faces)), faces)
        _, here = _queries(running, queries, lambda q: set(exact.search(q[None], 10)[0][0].tolist()))
        with_index = _new_photos(gallery, running, faces[0], "with")
        gallery.drop_search_index()
        with gallery.begin() as tx:
            tx.photos.delete([p.id for p in tx.photos.find()])
        gallery.compact()
    recall = float(np.mean([len(w & f) / 10 for w, f in zip(want, found, strict=True)]))
    cells = [
        f"{(full - empty) / 1e6:.0f} / {index.bytes / 1e6:.0f}",
        f"{built[0]:.0f} ({built[1]:.0f})",
        there,
        here,
        f"{recall:.4f}",
        f"{without} / {with_index}",
    ]
    return cells, fresh


def _queries(running: Cluster | None, queries: F32, ask: Callable[[F32], set[int]]) -> tuple[list[set[int]], str]:
    """What each of them found, one at a time, and the times, after a warm-up."""
    for query in queries[:20]:
        ask(query)
    watch, times, found = Watch(running), [], []
    for query in queries:
        started = time.perf_counter()
        found.append(ask(query))
        times.append(1000 * (time.perf_counter() - started))
    used = 1000 * watch()[1] / len(queries)
    return found, f"{np.median(times):.1f} / {np.percentile(times, 95):.1f} ({used:.1f})"


def _store(gallery: Gallery, faces: F32) -> int:
    """Photos of two faces each, with all that is known of them; the id of the first face."""
    with gallery.begin() as tx:
        conn = tx._conn
        one = tx.photos.upsert("/srv/photos/2019/2019-07-21 by the sea/IMG_0.jpg", "0" * 64, width=4000, height=3000)
        stored = {c.name: c for c in photo.columns if c.name not in ("id", "path", "content_hash")}
        as_this = ", ".join(stored)
        conn.execute(
            text(f"""INSERT INTO photo (path, content_hash, {as_this}) SELECT replace(path, '_0', '_' || n),
              md5(n::text) || md5('a' || n), {as_this} FROM photo, generate_series(1, {len(faces) // 2}) AS n
              WHERE id = {one.id}""")
        )
        tx.photos.delete([one.id])
        made = """INSERT INTO face (photo_id, x1, y1, x2, y2, det_score, source, confirmed, state, quality, landmarks,
          degradation) SELECT p.id, 1.5, 1.5, 99.5, 99.5, .9, 'detected', false, 'ok', .8,
          decode(repeat('ab', 40), 'hex'), '{"version":3,"eye_distance":42.5,"score":0.25,"reduced":false}'
          FROM photo p, generate_series(1, 2) RETURNING id"""
        first = min(conn.exec_driver_sql(made).scalars())
        driver = conn.connection.driver_connection
        assert driver is not None
        with (
            driver.cursor() as cursor,
            cursor.copy("COPY embedding (embedder, face_id, vector, norm) FROM STDIN") as into,
        ):
            for n, vector in enumerate(faces):
                into.write_row((EMBEDDER, first + n, pack_vector(vector), 10.0))
    gallery.compact()
    return int(first)


def _new_photos(gallery: Gallery, running: Cluster | None, vector: F32, name: str, times: int = 100) -> str:
    """Median ms of storing a photo with one face, with its commit."""
    took: list[float] = []
    rng = np.random.default_rng(7)
    watch = Watch(running)
    for n in range(times):
        moved = vector + rng.standard_normal(len(vector), np.float32) / np.sqrt(len(vector), dtype=np.float32)
        embedded = FaceEmbedding(EMBEDDER, moved / np.linalg.norm(moved), 10.0)
        face = FoundFace(DetectedFace(BBox(0, 0, 9, 9), np.zeros((5, 2), np.float32), 0.9), (embedded,), 0.5)
        started = time.perf_counter()
        with gallery.begin() as tx:
            tx.faces.replace_for_photo(tx.photos.upsert(f"/{name}{n}.jpg", f"{name}{n}", width=9, height=9).id, [face])
        took.append(1000 * (time.perf_counter() - started))
    return f"{np.median(took):.1f} ({1000 * watch()[1] / times:.1f})"


def _fresh(url: str, folder: str, dim: int) -> dict[str, float]:
    started = time.perf_counter()
    line = [sys.executable, "-m", "benchmarks.server_search", url, folder, str(dim)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout)
    return said | {"all": time.perf_counter() - started}


def first_answer(url: str, folder: str, dim: int) -> None:
    """What a process that has just begun does."""
    with Gallery.open(Server(url, Path(folder))) as gallery, gallery.begin(write=False) as tx:
        query = np.full((1, dim), dim**-0.5, np.float32)
        started = time.perf_counter()
        Nearest(gallery.vectors_dir, EMBEDDER, dim).among(tx)(query, 10)
        took = time.perf_counter() - started
    print(json.dumps({"search": took, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))


def show(
    url: str,
    cases: list[tuple[int, int]],
    vectors: Callable[[int, int, int], F32],
    exact: Callable[[F32, F32, int], list[set[int]]],
    queries: int,
) -> None:
    rows = []
    with server(url) as (address, running):
        print(HEADER)
        for n, dim in cases:
            faces, asked = vectors(n, dim, 1), vectors(n, dim, 2)[:queries].copy()
            cells, fresh = measure(address, running, faces, asked, exact(faces, asked, 10))
            print(" | ".join([f"| {n:,}", str(dim), *cells]) + " |", flush=True)
            rows += [(n, dim, name, f) for name, f in fresh]
    print(FIRST)
    for n, dim, name, f in rows:
        print(f"| {n:,} | {dim} | {name} | {f['all']:.1f} | {f['search']:.2f} | {f['memory']:.0f} |")


if __name__ == "__main__":
    first_answer(sys.argv[1], sys.argv[2], int(sys.argv[3]))
