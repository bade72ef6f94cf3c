"""Grouping measured on real faces and at size.

`python -m benchmarks.grouping lfw` compares our grouping with Immich's rule, DBSCAN, HDBSCAN, Chinese whispers and
average linkage on the same vectors of all people of LFW, every baseline at its best setting, ours at its default; then
cross-validates ours over halves of the people. `python -m benchmarks.grouping scale --faces 100000 --dim 128` measures
time and memory on synthetic people. Real vectors are kept in benchmarks/.cache (git-ignored).
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.clustering_baselines import (
    average_linkage_tree,
    chinese_whispers,
    cut_tree,
    dbscan,
    hdbscan,
    immich,
    similarity_graph,
)
from benchmarks.clustering_scores import HEADER, Score, score
from gallery_db.vectors import all_neighbours
from iconface_core.faces.age_head import read_age_head
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.grouping import FaceTable, GroupingFacts, GroupingPolicy, regroup
from iconface_core.models.catalogue import AGE_FILE
from iconface_core.models.files import locate
from iconface_core.protocols import AgeReader

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "benchmarks" / ".cache" / "lfw_sface.npz"
DATA = ROOT.parent / "shared" / "data" / "lfw"


@dataclass(frozen=True)
class Labelled:
    """Faces and who they are: `person` (N,) integers."""

    vectors: np.ndarray
    norms: np.ndarray
    person: np.ndarray

    def where(self, mask: np.ndarray) -> "Labelled":
        return Labelled(self.vectors[mask], self.norms[mask], self.person[mask])

    def people(self, share: float, seed: int) -> "Labelled":
        """All faces of a random share of the people."""
        rng = np.random.default_rng(seed)
        names = np.unique(self.person)
        return self.where(np.isin(self.person, rng.permutation(names)[: round(share * len(names))]))

    def faces(self) -> FaceTable:
        n = len(self.person)
        nobody = np.full(n, -1)
        quality = CALIBRATION.quality(self.norms)
        return FaceTable(np.arange(n), np.arange(n), self.vectors, quality, nobody, nobody, np.zeros(n, bool), nobody)


def lfw(path: Path, data: Path) -> Labelled:
    """The most central face of every LFW photo, detected, aligned and embedded by the default engines, then kept."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = list(_embed_all(sorted(data.glob("*/*.jpg"))))
        names, vectors, norms = zip(*rows, strict=True)
        np.savez(path, person=np.array(names), vector=np.stack(vectors), norm=np.array(norms, np.float32))
    kept = np.load(path)
    _, person = np.unique(kept["person"], return_inverse=True)
    return Labelled(kept["vector"].astype(np.float32), kept["norm"], person)


def _embed_all(paths: list[Path]) -> Iterator[tuple[str, np.ndarray, float]]:
    from iconface_core.faces.sface import SFaceEmbedder
    from iconface_core.faces.yunet import YuNetDetector
    from iconface_core.geometry import ARCFACE_112, align_face
    from iconface_core.images.read import read_photo

    detector, embedder = YuNetDetector(), SFaceEmbedder(threads=2)
    for done, path in enumerate(paths):
        pixels = read_photo(path).pixels
        middle = np.array(pixels.shape[1::-1]) / 2
        found = detector.detect(pixels)
        if found:
            face = min(found, key=lambda f: float(np.linalg.norm(f.landmarks.mean(axis=0) - middle)))
            (embedding,) = embedder.embed([align_face(pixels, face.landmarks, ARCFACE_112)])
            yield path.parent.name, embedding.vector, embedding.norm
        if done % 500 == 0:
            print(f"embedding {done} of {len(paths)}", flush=True)


@cache
def ages() -> AgeReader:
    """How old faces look, as the product has it."""
    return read_age_head(locate(AGE_FILE))


def by_codes(data: Labelled) -> np.ndarray:
    """Ours with the search of large libraries."""
    faces = data.faces()
    search = all_neighbours(faces.face_ids, faces.vectors, exact_up_to=0)
    return regroup(faces, GroupingFacts(), CALIBRATION, search=search, ages=ages()).labels


def ours(data: Labelled, join: float | None = None) -> np.ndarray:
    policy = GroupingPolicy()
    if join is not None:
        policy = replace(policy, join_evidence=join, propose_evidence=join)
    return regroup(data.faces(), GroupingFacts(), CALIBRATION, policy, ages=ages()).labels


def best(truth: np.ndarray, tried: Iterable[tuple[str, np.ndarray]]) -> tuple[str, Score]:
    """The setting with the highest BCubed F, chosen with the answers in hand: as kind as it gets."""
    scored = [(name, score(truth, labels)) for name, labels in tried]
    return max(scored, key=lambda s: s[1].bcubed_f)


def compare(data: Labelled) -> None:
    print(f"{len(data.person)} faces, {len(np.unique(data.person))} people\n{HEADER}")
    v, truth = data.vectors, data.person
    graph = similarity_graph(v, 0.3)
    tree = average_linkage_tree(v)
    distances = np.arange(0.3, 0.66, 0.03).round(2)
    rules: dict[str, Callable[[], Iterable[tuple[str, np.ndarray]]]] = {
        "Immich default (.5, 3)": lambda: [("", immich(graph, 0.5, 3))],
        "Immich": lambda: ((f"{d}, {k}", immich(graph, d, k)) for d in distances for k in (1, 2, 3, 5)),
        "DBSCAN": lambda: ((f"{d}, {k}", dbscan(graph, d, k)) for d in distances for k in (1, 2, 3)),
        "Chinese whispers": lambda: ((f"{d}", chinese_whispers(graph, 1 - d)) for d in distances),
        "HDBSCAN": lambda: ((f"{m}, {s}", hdbscan(v, m, s)) for m in (2, 3) for s in (1, 2)),
        "average linkage": lambda: ((f"{t:.2f}", cut_tree(tree, t)) for t in np.arange(0.36, 0.54, 0.01)),
    }
    print(score(truth, ours(data)).line("ours (default)"), flush=True)
    print(score(truth, by_codes(data)).line("ours, neighbours by codes"), flush=True)
    for name, tried in rules.items():
        setting, found = best(truth, tried())
        print(found.line(f"{name}{f' [{setting}]' if setting else ''}"), flush=True)


def cross_validate(data: Labelled) -> None:
    """Choose `join_evidence` on one half of the people, score it on the other; then libraries of other sizes."""
    steps = np.arange(0.6, 3.2, 0.2).round(1)
    rng = np.random.default_rng(0)
    half = rng.integers(0, 2, data.person.max() + 1)[data.person]
    print(f"\nchosen on one half of the people, scored on the other\n{HEADER}")
    for side in (0, 1):
        fitting, held_out = data.where(half == side), data.where(half != side)
        chosen = max(steps, key=lambda j: score(fitting.person, ours(fitting, j)).bcubed_f)
        print(score(held_out.person, ours(held_out, chosen)).line(f"join_evidence {chosen}"))
        print(score(held_out.person, ours(held_out)).line("default"), flush=True)
    print(f"\nlibraries of fewer people, default settings, mean of 5\n{HEADER}")
    for share in (0.5, 0.25, 0.05, 0.01):
        parts = [data.people(share, seed) for seed in range(5)]
        scores = [score(p.person, ours(p)) for p in parts]
        mean = Score(*(np.mean([getattr(s, f) for s in scores]) for f in Score.__dataclass_fields__))
        mean = replace(mean, moves=round(mean.moves), merges=round(mean.merges))
        print(mean.line(f"{round(share * len(np.unique(data.person)))} people"), flush=True)


def scale(n: int, dim: int) -> None:
    """Synthetic people with a long tail, two faces a photo; time includes building and searching the index, as used."""
    rng = np.random.default_rng(0)
    people = n // 40
    person = (people * rng.random(n) ** 2).astype(np.int64)
    identity = rng.standard_normal((people, dim), dtype=np.float32)
    identity /= np.linalg.norm(identity, axis=1, keepdims=True)
    vectors = np.empty((n, dim), np.float32)
    for start in range(0, n, 20_000):
        rows = slice(start, min(start + 20_000, n))
        noise = rng.standard_normal((rows.stop - start, dim), dtype=np.float32)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        block = 0.83 * identity[person[rows]] + 0.56 * noise
        vectors[rows] = block / np.linalg.norm(block, axis=1, keepdims=True)
    norms = np.clip(rng.normal(12, 1, n), 8, 15)
    photo = np.arange(n) // 2
    alone = np.flatnonzero(person[1:] == person[:-1]) + 1  # nobody is twice in a photo
    photo[alone] = n + alone
    faces = replace(Labelled(vectors, norms, person).faces(), photo_ids=photo)
    before, whole, searching = _memory(), Spent(), Spent()
    with whole:
        with searching:
            neighbours = all_neighbours(faces.face_ids, vectors)

        def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            with searching:
                return neighbours(queries, k)

        labels = regroup(faces, GroupingFacts(), CALIBRATION, search=search).labels
    print(f"{n} faces x {dim}: {whole}, of which search {searching}; peak {_memory()} MB (inputs {before} MB)")
    print(f"{HEADER}\n{score(person, labels).line('ours')}")


@dataclass
class Spent:
    """What the blocks under it took, added up: wall and CPU seconds."""

    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> None:
        self.wall, self.cpu = self.wall - time.perf_counter(), self.cpu - time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = self.wall + time.perf_counter(), self.cpu + time.process_time()

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s CPU)"


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    real = modes.add_parser("lfw", help="real faces against other rules")
    real.add_argument("--vectors", type=Path, default=CACHE, help="made when missing")
    real.add_argument("--data", type=Path, default=DATA, help="folder of LFW: PERSON/*.jpg")
    real.add_argument("--only", choices=["compare", "cross-validate"])
    size = modes.add_parser("scale", help="time and memory")
    size.add_argument("--faces", type=int, default=100_000)
    size.add_argument("--dim", type=int, default=128)
    options = parser.parse_args()
    if options.mode == "scale":
        scale(options.faces, options.dim)
        return
    data = lfw(options.vectors, options.data)
    if options.only != "cross-validate":
        compare(data)
    if options.only != "compare":
        cross_validate(data)


if __name__ == "__main__":
    main()
