"""Face search in galleries of 10 k, 100 k and 1 M faces: exact and approximate index, and the database beneath.

    python -m benchmarks.search                    # 10 k and 100 k faces, 128-d and 512-d
    python -m benchmarks.search --sizes 1000000 --dims 128
    python -m benchmarks.search --database own     # inside of a PostgreSQL server (benchmarks.server_search)

Vectors are synthetic: people of 20 faces on average, faces of one person at a cosine of about 0.6. Each row is
measured in a process of its own, so that its peak memory is its own (it includes Python, the libraries and the vectors
that the index was built from). Queries are one face at a time, as in `iconface restore`. Prints Markdown.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import server_search
from gallery_db import Gallery
from gallery_db.records import FoundFace
from gallery_db.vectors.base import VectorStore
from gallery_db.vectors.faiss_flat import FaissFlatStore
from gallery_db.vectors.faiss_ivf import FaissIvfStore
from gallery_db.vectors.sync import open_store, sync_store
from iconface_core.types import F32, BBox, DetectedFace, EmbedderId, FaceEmbedding

FACES_PER_PERSON = 20
SIMILARITY = 0.6
QUERIES = 300
EMBEDDER = EmbedderId("bench")


def vectors(n: int, dim: int, seed: int) -> F32:
    """(n, dim) unit vectors; `seed` chooses the faces, the people are the same for equal `n` and `dim`."""
    people = np.random.default_rng(n + dim).standard_normal((max(1, n // FACES_PER_PERSON), dim), np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    out = np.empty((n, dim), np.float32)
    spread = np.float32(np.sqrt(1 / SIMILARITY - 1) / np.sqrt(dim))
    for start in range(0, n, 50_000):
        size = min(50_000, n - start)
        block = people[rng.integers(0, len(people), size)]
        block = block + spread * rng.standard_normal((size, dim), np.float32)
        out[start : start + size] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return out


def exact(faces: F32, queries: F32, k: int) -> list[set[int]]:
    found = []
    for q in queries:
        similarity = faces @ q
        found.append(set(np.argpartition(-similarity, k)[:k].tolist()))
    return found


def latencies(store: VectorStore, queries: F32) -> tuple[float, float]:
    """Median and 95th percentile in ms, after a warm-up."""
    for q in queries[:20]:
        store.search(q[None], 10)
    times = []
    for q in queries:
        start = time.perf_counter()
        store.search(q[None], 10)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times)), float(np.percentile(times, 95))


def measure_index(kind: str, n: int, dim: int) -> dict[str, float]:
    faces, queries = (
        vectors(n, dim, 1),
        vectors(QUERIES, dim, 2) if n <= QUERIES else vectors(n, dim, 2)[:QUERIES].copy(),
    )
    start = time.perf_counter()
    store: VectorStore = FaissFlatStore(dim) if kind == "flat" else FaissIvfStore.train(faces)
    store.add(np.arange(n, dtype=np.int64), faces)
    build = time.perf_counter() - start
    median, p95 = latencies(store, queries)
    want = exact(faces, queries, 10)
    got, _ = store.search(queries, 10)
    recall = np.mean([len(w & set(g.tolist())) / 10 for w, g in zip(want, got, strict=True)])
    start = time.perf_counter()
    store.remove(np.arange(3, dtype=np.int64))
    remove = 1000 * (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        store.write(Path(folder) / "index")
        size = (Path(folder) / "index").stat().st_size
    return {"median": median, "p95": p95, "recall": float(recall), "build": build, "size": size / 1e6, "remove": remove}


def measure_gallery(n: int, dim: int) -> dict[str, float]:
    """The way through SQLite: insert, load all vectors, open the saved index, follow one new photo."""
    faces = vectors(n, dim, 1)
    box = DetectedFace(BBox(0, 0, 100, 100), np.zeros((5, 2), np.float32), 0.9)
    out: dict[str, float] = {}

    def found(i: int) -> FoundFace:
        return FoundFace(box, (FaceEmbedding(EMBEDDER, faces[i], 10.0),), 0.5)

    with tempfile.TemporaryDirectory() as folder, Gallery.open(Path(folder) / "g.db") as g:
        start = time.perf_counter()
        with g.begin() as tx:  # bulk: the way in of one photo at a time is measured by the indexing benchmark
            photo = tx.photos.upsert("/p.jpg", "h", width=100, height=100)
            conn = tx.meta._c
            row = "INSERT INTO face (photo_id, x1, y1, x2, y2, det_score, source, confirmed, state)"
            conn.exec_driver_sql(row + " VALUES (?, 0, 0, 9, 9, 0.9, 'detected', 0, 'ok')", [(photo.id,)] * n)
            tx.faces.set_embeddings([(i + 1, FaceEmbedding(EMBEDDER, faces[i], 10.0)) for i in range(n)])
        out["insert"] = time.perf_counter() - start
        with g.begin(write=False) as tx:
            start = time.perf_counter()
            tx.faces.matrix(EMBEDDER)
            out["matrix"] = time.perf_counter() - start
            start = time.perf_counter()
            tx.faces.columns()
            out["columns"] = time.perf_counter() - start
            start = time.perf_counter()
            open_store(g.vectors_dir, tx, EMBEDDER, dim)
            out["rebuild"] = time.perf_counter() - start
            start = time.perf_counter()
            synced = open_store(g.vectors_dir, tx, EMBEDDER, dim)
            out["open"] = time.perf_counter() - start
        with g.begin() as tx:
            tx.faces.replace_for_photo(tx.photos.upsert("/q.jpg", "q", width=9, height=9).id, [found(0)])
        with g.begin(write=False) as tx:
            start = time.perf_counter()
            sync_store(synced, tx)
            out["sync"] = 1000 * (time.perf_counter() - start)
        g.compact()
        out["size"] = g.path.stat().st_size / 1e6
    return out


def in_own_process(kind: str, n: int, dim: int) -> dict[str, float]:
    env = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1))}
    command = [sys.executable, "-m", "benchmarks.search", "--one", kind, str(n), str(dim)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def one(kind: str, n: int, dim: int) -> None:
    result = measure_gallery(n, dim) if kind == "gallery" else measure_index(kind, n, dim)
    result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dims", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--database", metavar="URL", help="of an empty one on a server; `own` starts a server for it")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "N", "DIM"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return one(args.one[0], int(args.one[1]), int(args.one[2]))

    cases = [(n, dim) for n in args.sizes for dim in args.dims]
    if args.database:
        return server_search.show(args.database, cases, vectors, exact, QUERIES)
    print(
        "| faces | dim | index | 1 query, median ms | p95 ms | recall@10 | build s | file MB | remove 3, ms | peak MB |"
    )
    print("|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for n, dim in cases:
        for kind in ("flat", "ivf-sq8") if n >= 50_000 else ("flat",):
            r = in_own_process(kind, n, dim)
            print(
                f"| {n:,} | {dim} | {kind} | {r['median']:.2f} | {r['p95']:.2f} | {r['recall']:.4f} | {r['build']:.1f} "
                f"| {r['size']:.0f} | {r['remove']:.1f} | {r['memory']:.0f} |",
                flush=True,
            )
    print(
        "\n| faces | dim | database MB | insert s | all vectors s | columns s | rebuild index s | open saved index s ",
        end="",
    )
    print("| follow 1 new photo, ms | peak MB |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for n, dim in cases:
        r = in_own_process("gallery", n, dim)
        print(
            f"| {n:,} | {dim} | {r['size']:.0f} | {r['insert']:.1f} | {r['matrix']:.2f} | {r['columns']:.2f} "
            f"| {r['rebuild']:.2f} | {r['open']:.2f} | {r['sync']:.1f} | {r['memory']:.0f} |",
            flush=True,
        )
    return None


if __name__ == "__main__":
    main()
