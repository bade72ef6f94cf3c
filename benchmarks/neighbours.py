"""What a full pass of grouping finds of everybody's neighbours, and how long placing the faces of one new photo takes.

    python -m benchmarks.neighbours recall --faces 100000 --dim 128
    python -m benchmarks.neighbours place --faces 1000000

Faces are synthetic and hard: a long tail of people, two faces of one person .56 alike on average but for many who are
much less, and a direction that all share. `recall` asks about some of them, by the codes and exactly; times are for all
faces, by proportion. `place` fills a gallery, opens the index, and stores and places one photo after the other.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.grouping import Spent
from gallery_db import Gallery
from gallery_db.database import schema
from gallery_db.records import FoundFace
from gallery_db.vectors import all_neighbours
from iconface_core.calibration import EmbedderFacts
from iconface_core.faces.sface_facts import CALIBRATION, SFACE_ID
from iconface_core.types import F32, I64, BBox, DetectedFace, FaceEmbedding
from plugin.people.regrouping import Grouper

FACES_PER_PERSON = 40
K = 33


def hard_faces(n: int, dim: int) -> tuple[F32, I64]:
    """Vectors (n, dim) and whose they are (n,)."""
    rng = np.random.default_rng(0)
    people = n // FACES_PER_PERSON
    person = (people * rng.random(n) ** 2).astype(np.int64)
    means, shared = _unit(rng.standard_normal((people, dim), np.float32)), _unit(rng.standard_normal(dim, np.float32))
    vectors = np.empty((n, dim), np.float32)
    for start in range(0, n, 20_000):
        rows = slice(start, min(start + 20_000, n))
        noise = _unit(rng.standard_normal((rows.stop - start, dim), np.float32))
        alike = np.clip(rng.normal(0.56, 0.13, (len(noise), 1)), 0.1, 0.95).astype(np.float32)
        vectors[rows] = _unit(np.sqrt(alike) * means[person[rows]] + np.sqrt(1 - alike) * noise + 0.45 * shared)
    return vectors, person


def _unit(v: F32) -> F32:
    out: F32 = v / np.linalg.norm(v, axis=-1, keepdims=True)
    return out


def recall(n: int, dim: int, queries: int) -> None:
    vectors, person = hard_faces(n, dim)
    rows = np.random.default_rng(1).choice(n, queries, replace=False)
    exact, codes, building = Spent(), Spent(), Spent()
    with exact:
        truth, _ = all_neighbours(np.arange(n), vectors, exact_up_to=n)(vectors[rows], K)
    with building:
        search = all_neighbours(np.arange(n), vectors, exact_up_to=0)
    with codes:
        found, _ = search(vectors[rows], K)
    seen = np.array([np.isin(t, f) for t, f in zip(truth, found, strict=True)])
    own = (person[truth] == person[rows][:, None]) & (truth != rows[:, None])
    print(f"{n} faces x {dim}: exact {exact.cpu * n / queries:.0f} s CPU; ", end="")
    print(f"codes {building.cpu:.0f} + {codes.cpu * n / queries:.0f} s CPU")
    print(f"recall of 32: {seen.mean():.4f}, of 10: {seen[:, :11].mean():.4f}, ", end="")
    print(f"of the same person: {seen[own].mean():.4f}, best match: {seen[:, 1].mean():.4f}")


def place(n: int, photos: int) -> None:
    vectors, person = hard_faces(n + 2 * photos, 128)
    facts = EmbedderFacts(SFACE_ID, 128, CALIBRATION)
    with tempfile.TemporaryDirectory() as folder, Gallery.open(Path(folder) / "g.db") as gallery:
        _fill(gallery, vectors[:n], person[:n])
        grouper = Grouper(gallery, facts)
        times = []
        for i in range(n, n + 2 * photos, 2):
            with gallery.begin() as tx:
                found = [
                    FoundFace(
                        DetectedFace(BBox(200 * j, 0, 200 * j + 100, 100), np.zeros((5, 2), np.float32), 0.9),
                        (FaceEmbedding(SFACE_ID, vectors[i + j], 12.0),),
                        0.5,
                    )
                    for j in (0, 1)
                ]
                photo = tx.photos.upsert(f"/new/{i}.jpg", f"new {i}", width=400, height=100).id
                ids = [f.id for f in tx.faces.replace_for_photo(photo, found).stored]
            deciding, writing = Spent(), Spent()
            with deciding:
                decisions = grouper.decide(np.array(ids, np.int64))
            with writing:
                grouper.write(decisions)
            times.append((deciding.wall, deciding.cpu, writing.wall, writing.cpu))
        ms = 1000 * np.array(times)
        joined = sum(d.kind == "join" for d in decisions)
    first, (wall, cpu, written, writing_cpu) = ms[0, 0], np.median(ms[1:], axis=0)
    print(f"{n} faces, {len(np.unique(person))} people; the last photo: {joined} of 2 faces joined")
    print(f"the first photo, with the index to be made: {first / 1000:.1f} s")
    print(f"the others, median: decided in {wall:.0f} ms ({cpu:.0f} CPU); ", end="")
    print(f"written in {written:.0f} ms ({writing_cpu:.0f} CPU)")


def _fill(gallery: Gallery, vectors: F32, person: I64) -> None:
    """Two faces a photo, everybody known."""
    n = len(vectors)
    with gallery.begin() as tx:
        conn = tx.meta._c
        conn.execute(schema.person.insert(), [{"created_by": "machine"}] * int(person.max() + 1))
        conn.execute(schema.cluster.insert(), [{"person_id": p + 1} for p in range(person.max() + 1)])
        size = {"size": 1, "mtime_ns": 1, "inode": 1, "width": 400, "height": 100, "format": "jpeg", "attempts": 0}
        photos = [
            {"path": f"/p/{i}.jpg", "content_hash": str(i), "state": "indexed"} | size for i in range((n + 1) // 2)
        ]
        conn.execute(schema.photo.insert(), photos)
        box = {"x1": 0, "y1": 0, "x2": 9, "y2": 9, "det_score": 0.9, "quality": 0.5, "state": "ok"}
        box |= {"source": "detected", "confirmed": False}
        owned = (
            {"photo_id": i // 2 + 1, "person_id": p + 1, "cluster_id": p + 1} for i, p in enumerate(person.tolist())
        )
        conn.execute(schema.face.insert(), [box | o for o in owned])
        for start in range(0, n, 50_000):
            some = range(start, min(start + 50_000, n))
            tx.faces.set_embeddings([(i + 1, FaceEmbedding(SFACE_ID, vectors[i], 12.0)) for i in some])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--faces", type=int, default=100_000)
    recalling = modes.add_parser("recall", parents=[both], help="codes against exact search")
    recalling.add_argument("--dim", type=int, default=128)
    recalling.add_argument("--queries", type=int, default=2_000)
    placing = modes.add_parser("place", parents=[both], help="the faces of one new photo")
    placing.add_argument("--photos", type=int, default=20)
    options = parser.parse_args()
    if options.mode == "recall":
        recall(options.faces, options.dim, options.queries)
    else:
        place(options.faces, options.photos)


if __name__ == "__main__":
    main()
