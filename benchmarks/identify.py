"""Who is it: degraded held-out photos against a gallery of real people, strangers included.

    python benchmarks/identify.py [--people 400] [--processes 2] [--tune]

Every probe is a photo that is degraded, then detected, aligned and embedded like any photo. Its gallery holds the
*other* photos of everybody but the strangers. People are split in two halves: policies are tuned on one, and the tables
are measured on the other. Vectors are kept in `benchmarks/.cache`.
"""

import argparse
import hashlib
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from degrade import LEVELS, degrade
from PIL import Image

from iconface_core.calibration import Calibration
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.identify import Identification, IdentifyPolicy, IdentityKind, PeopleGallery, Probe, identify
from iconface_core.pose import head_pose
from iconface_core.references import DegradedFace, ReferenceCandidate, select_references

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ICONFACE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "lfw"
CACHE = Path(__file__).with_name(".cache")
PROBES_PER_PERSON = 2
SEED = 20


@dataclass(frozen=True)
class Faces:
    """Columns, one row per embedded face; `photo`, `person`: indices of the plan; `level`: "clean" or a level."""

    photo: np.ndarray
    person: np.ndarray
    level: np.ndarray
    vector: np.ndarray
    norm: np.ndarray
    det_score: np.ndarray
    width: np.ndarray
    landmarks: np.ndarray

    def where(self, mask: np.ndarray) -> "Faces":
        return Faces(*(getattr(self, name)[mask] for name in Faces.__dataclass_fields__))


def plan(limit: int | None) -> tuple[list[Path], np.ndarray, list[int], set[int]]:
    """Photos, the person of each, the photos to degrade, and the people who are strangers."""
    rng = np.random.default_rng(SEED)
    folders = sorted(p for p in DATA.iterdir() if p.is_dir())
    photos = {f: sorted(f.glob("*.jpg")) for f in folders}
    several = [f for f in folders if len(photos[f]) >= 2]
    alone = [folders[i] for i in rng.permutation(len(folders)) if len(photos[folders[i]]) == 1]
    if limit is not None:
        several = [several[i] for i in sorted(rng.permutation(len(several))[:limit])]
        alone = alone[: 3 * limit]
    strangers = alone[: min(len(several), len(alone) // 2)]
    used = sorted([*several, *alone])
    person_of = {f: i for i, f in enumerate(used)}
    flat = [p for f in used for p in photos[f]]
    person = np.array([person_of[p.parent] for p in flat])
    index = {p: i for i, p in enumerate(flat)}
    held_out = [
        index[photos[f][j]] for f in [*several, *strangers] for j in rng.permutation(len(photos[f]))[:PROBES_PER_PERSON]
    ]
    return flat, person, held_out, {person_of[f] for f in strangers}


def embed_photo(job: tuple[Path, str, float]) -> tuple[np.ndarray, float, float, float, np.ndarray] | None:
    """The most central face of the photo, degraded first unless the level is "clean"; None when none is found."""
    path, level, face_px = job
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    if level != "clean":
        pixels = degrade(pixels, face_px, level, zlib.crc32(f"{path.name} {level}".encode()))
    found = _MODELS["detector"].detect(pixels)
    if not found:
        return None
    centre = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    face = min(found, key=lambda f: float(np.linalg.norm(f.landmarks.mean(0) - centre)))
    (e,) = _MODELS["embedder"].embed([align_face(pixels, face.landmarks, ARCFACE_112)])
    return e.vector, e.norm, face.det_score, face.bbox.width, face.landmarks


_MODELS: dict[str, object] = {}


def load_models() -> None:
    """In every worker process, once."""
    import cv2

    from iconface_core.faces.sface import SFaceEmbedder
    from iconface_core.faces.yunet import YuNetDetector

    cv2.setNumThreads(1)
    _MODELS.update(detector=YuNetDetector(threads=1), embedder=SFaceEmbedder(threads=1))


LFW_FACE_PX = 93.0  # median width of a detected face in LFW's 250-pixel photos
COLUMNS = ("vector", "norm", "det_score", "width", "landmarks")


def faces_of(
    photos: list[Path], person: np.ndarray, held_out: list[int], processes: int
) -> tuple[Faces, dict[str, int]]:
    """All clean photos and the degraded ones; also how many were not detected, per level.

    What was embedded once is kept for later runs with more people. Delete the cache after changing a model's code.
    """
    jobs = [(i, "clean") for i in range(len(photos))] + [(i, level) for level in LEVELS for i in held_out]
    key = hashlib.sha256((ROOT / "benchmarks/degrade.py").read_bytes()).hexdigest()[:12]
    file = CACHE / f"identify_{key}.npz"
    known: dict[str, tuple[np.ndarray, ...] | None] = {}
    if file.exists():
        with np.load(file) as data:
            rows = zip(*(data[c] for c in COLUMNS), strict=True)
            known = {str(name): None if row[1] == 0 else row for name, row in zip(data["name"], rows, strict=True)}
    names = {job: f"{photos[job[0]].name} {job[1]}" for job in jobs}
    todo = [job for job in jobs if names[job] not in known]
    with ProcessPoolExecutor(processes, get_context("spawn"), load_models) as pool:
        for start in range(0, len(todo), 2000):
            part = todo[start : start + 2000]
            found = pool.map(embed_photo, [(photos[i], level, LFW_FACE_PX) for i, level in part], chunksize=32)
            known |= {names[job]: row for job, row in zip(part, found, strict=True)}
            nobody = (np.zeros(128, np.float32), 0.0, 0.0, 0.0, np.zeros((5, 2), np.float32))
            columns = [np.array(c) for c in zip(*(row or nobody for row in known.values()), strict=True)]
            CACHE.mkdir(exist_ok=True)
            np.savez(
                file.with_suffix(".part.npz"), name=np.array(list(known)), **dict(zip(COLUMNS, columns, strict=True))
            )
            file.with_suffix(".part.npz").replace(file)
            print(f"embedded {start + len(part)} of {len(todo)}", file=sys.stderr, flush=True)
    kept = [(job, known[names[job]]) for job in jobs if known[names[job]] is not None]
    photo, level = np.array([i for (i, _), _ in kept]), np.array([lv for (_, lv), _ in kept])
    missing = {lv: sum(lv == x for _, x in jobs) - int((level == lv).sum()) for lv in ("clean", *LEVELS)}
    return Faces(photo, person[photo], level, *(np.array(c) for c in zip(*(r for _, r in kept), strict=True))), missing


def gallery_of(clean: Faces, calibration: Calibration) -> PeopleGallery:
    ids = clean.photo.astype(np.int64)
    quality = calibration.quality(clean.norm)
    return PeopleGallery(clean.vector, clean.person.astype(np.int64), quality, ids, -1 - ids, np.zeros(len(ids), bool))


def run(
    probes: Faces, gallery: PeopleGallery, calibration: Calibration, policy: IdentifyPolicy
) -> list[Identification]:
    """A probe carries the face id of its own clean photo, so that the original is never evidence."""
    quality = calibration.quality(probes.norm)
    return [
        identify(Probe(v, float(q), face_id=int(i)), gallery, calibration, policy=policy)
        for v, q, i in zip(probes.vector, quality, probes.photo, strict=True)
    ]


def best_cosine(probes: Faces, gallery: PeopleGallery) -> tuple[np.ndarray, np.ndarray]:
    """The rule to beat: the person of the most similar face, and that similarity."""
    person, similarity = [], []
    for v, i in zip(probes.vector, probes.photo, strict=True):
        s = np.where(gallery.face_ids == i, -1.0, gallery.vectors @ v)
        person.append(gallery.person_ids[s.argmax()])
        similarity.append(s.max())
    return np.array(person), np.array(similarity)


def share(mask: np.ndarray) -> str:
    return f"{100 * mask.mean():.2f} %" if len(mask) else "-"


def sweep(right: np.ndarray, score: np.ndarray, stranger: np.ndarray, false_rate: float) -> tuple[float, float]:
    """(threshold, share of known people identified correctly) at the least threshold whose share of wrong answers,
    among known people and among strangers alike, stays within `false_rate`."""
    for t in np.unique(np.quantile(score, np.linspace(0, 1, 2001))):
        told = score >= t
        wrong = max((told & ~right)[~stranger].mean(), told[stranger].mean())
        if wrong <= false_rate:
            return float(t), float((told & right)[~stranger].mean())
    return float("inf"), 0.0


def report_identity(
    faces: Faces, test: np.ndarray, strangers: np.ndarray, calibration: Calibration, tune: bool
) -> None:
    policy = IdentifyPolicy()
    is_stranger = np.isin(faces.person, strangers)
    gallery = gallery_of(faces.where((faces.level == "clean") & ~is_stranger), calibration)
    print(f"gallery: {len(gallery)} faces of {len(np.unique(gallery.person_ids))} people; policy {policy}\n")
    print("| level | people | correct | wrong | unsure | unknown | strangers | identified | unsure | unknown |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    compare = []
    for level in LEVELS:
        probes = faces.where((faces.level == level) & test)
        results = run(probes, gallery, calibration, policy)
        kind = np.array([r.kind.value for r in results])
        best = np.array([-1 if r.best is None else r.best.person_id for r in results])
        right, stranger = best == probes.person, np.isin(probes.person, strangers)
        known, unsure = kind == IdentityKind.KNOWN, kind == IdentityKind.UNSURE
        k, s = ~stranger, stranger
        print(
            f"| {level} | {k.sum()} | {share((known & right)[k])} | {share((known & ~right)[k])} | {share(unsure[k])} "
            f"(right person first: {share(right[k & unsure])}) | {share((kind == IdentityKind.UNKNOWN)[k])} "
            f"| {s.sum()} | {share(known[s])} | {share(unsure[s])} | {share((kind == IdentityKind.UNKNOWN)[s])} |"
        )
        margin = np.array([r.margin for r in results])
        person, similarity = best_cosine(probes, gallery)
        compare.append((level, right, margin, person == probes.person, similarity, stranger))
    print("\nSame false rate, threshold chosen in hindsight (share of known people identified correctly):\n")
    print("| probes | false rate | evidence | cosine of the nearest face |\n|---|---|---|---|")
    merged = ("all levels together", *(np.concatenate([c[i] for c in compare]) for i in range(1, 6)))
    for level, right, margin, cosine_right, similarity, stranger in [*compare, merged]:
        for rate in (0.001, 0.005):
            ours, plain = sweep(right, margin, stranger, rate)[1], sweep(cosine_right, similarity, stranger, rate)[1]
            print(f"| {level} | {100 * rate:.1f} % | {100 * ours:.1f} % | {100 * plain:.1f} % |")
    if tune:
        tune_policy(faces.where(~test & (faces.level != "clean")), strangers, gallery, calibration)


def tune_policy(probes: Faces, strangers: np.ndarray, gallery: PeopleGallery, calibration: Calibration) -> None:
    """On the other half of the people."""
    print("\n| top_faces | crowd_penalty | posterior at 0.2 % wrong | correct |\n|---|---|---|---|")
    stranger = np.isin(probes.person, strangers)
    for top, crowd in product((1, 2, 3, 5), (0.0, 0.5, 1.0)):
        policy = replace(IdentifyPolicy(), top_faces=top, crowd_penalty=crowd)
        results = run(probes, gallery, calibration, policy)
        right = np.array([r.best is not None for r in results]) & (
            np.array([-1 if r.best is None else r.best.person_id for r in results]) == probes.person
        )
        log_odds = np.array(
            [-50.0 if r.best is None else np.log(r.best.posterior / (1.000001 - r.best.posterior)) for r in results]
        )
        threshold, correct = sweep(right, log_odds, stranger, 0.002)
        print(f"| {top} | {crowd} | {1 / (1 + np.exp(-threshold)):.5f} | {100 * correct:.2f} % |", flush=True)


def report_references(faces: Faces, test: np.ndarray, calibration: Calibration) -> None:
    """Chosen references against three random ones of the same person, judged on the clean held-out photo."""
    print(
        "\nReferences (people with at least 6 photos; one wrongly filed face of a look-alike is planted each time):\n"
    )
    print(
        "| level | probes | | similarity to clean photo | pose distance | quality | wrong face used | original used |"
    )
    print("|---|---|---|---|---|---|---|---|")
    clean = faces.where(faces.level == "clean")
    row = {int(p): i for i, p in enumerate(clean.photo)}
    quality = calibration.quality(clean.norm)
    rng = np.random.default_rng(SEED)

    def candidate(i: int) -> ReferenceCandidate:
        photo = int(clean.photo[i])
        return ReferenceCandidate(
            photo,
            photo,
            str(photo),
            clean.vector[i],
            float(quality[i]),
            float(clean.det_score[i]),
            float(clean.width[i]),
            clean.landmarks[i],
        )

    for level in LEVELS:
        probes = faces.where((faces.level == level) & test)
        sums = {"chosen": [], "random": [], "all": []}
        planted_used = original_used = count = 0
        for j in range(len(probes.photo)):
            own = np.flatnonzero((clean.person == probes.person[j]) & (clean.photo != probes.photo[j]))
            if len(own) < 5 or int(probes.photo[j]) not in row:
                continue
            truth = row[int(probes.photo[j])]
            centre = clean.vector[own].mean(0)
            alike = np.where(clean.person == probes.person[j], -1.0, clean.vector @ centre)
            wrong = int(np.argsort(-alike)[rng.integers(20)])
            degraded = DegradedFace(probes.landmarks[j], "the degraded copy", probes.vector[j], 0.0)
            choice = select_references(degraded, [candidate(i) for i in (*own, wrong)], calibration)
            ids = [row[c.face_id] for c in choice.chosen]
            planted_used += wrong in ids
            again = select_references(degraded, [candidate(i) for i in (*own, truth)], calibration)
            original_used += truth in [row[c.face_id] for c in again.chosen]
            count += 1
            pose = head_pose(clean.landmarks[truth])
            for name, rows in (("chosen", ids), ("random", list(rng.permutation(own)[:3])), ("all", list(own))):
                if rows:
                    distances = [pose.distance(head_pose(clean.landmarks[i])) for i in rows]
                    similarity = clean.vector[rows] @ clean.vector[truth]
                    sums[name].append((similarity.mean(), np.mean(distances), quality[rows].mean()))
        for name, values in sums.items():
            s, p, q = np.mean(values, 0)
            extra = f"{planted_used} of {count} | {original_used} of {count}" if name == "chosen" else " | "
            print(f"| {level} | {len(values)} | {name} | {s:.3f} | {p:.1f}° | {q:.2f} | {extra} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="only so many people with several photos (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tune", action="store_true", help="also try policies on the other half of the people")
    options = parser.parse_args()
    from iconface_core.faces.sface import CALIBRATION

    photos, person, held_out, strangers = plan(options.people)
    faces, missing = faces_of(photos, person, held_out, options.processes)
    print(f"{len(photos)} photos of {person.max() + 1} people; {len(held_out)} held-out photos at {len(LEVELS)} levels")
    print(f"not detected: {missing}; calibration {CALIBRATION}\n")
    test = np.random.default_rng(SEED + 1).permutation(person.max() + 1)[faces.person] % 2 == 0
    report_identity(faces, test, np.array(sorted(strangers)), CALIBRATION, options.tune)
    report_references(faces, test, CALIBRATION)


if __name__ == "__main__":
    main()
