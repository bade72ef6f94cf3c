"""What `benchmarks.identify` prints."""

from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.asking import Meaning, gallery_of, run, share
from benchmarks.degradation_levels import LEVELS
from benchmarks.held_out import SEED, Faces
from iconface_core.calibration import Calibration
from iconface_core.identity.identification import Identification, IdentifyPolicy, IdentityKind, PeopleGallery
from iconface_core.identity.pose import head_pose
from iconface_core.identity.references import DegradedFace, ReferenceCandidate, select_references


def best_cosine(probes: Faces, gallery: PeopleGallery) -> tuple[np.ndarray, np.ndarray]:
    """The rule to beat: the person of the most similar face, and that similarity."""
    person, similarity = [], []
    for v, i in zip(probes.vector, probes.photo, strict=True):
        s = np.where(gallery.face_ids == i, -1.0, gallery.vectors @ v)
        person.append(gallery.person_ids[s.argmax()])
        similarity.append(s.max())
    return np.array(person), np.array(similarity)


def log_odds(results: list[Identification]) -> np.ndarray:
    """Of the likeliest person: the score that a caller would put a threshold on."""
    p = np.array([0.0 if r.best is None else r.best.posterior for r in results])
    return np.log((p + 1e-12) / (1 - p + 1e-12))


FAMILIES = (2, 5, 20, 50, 200)
"""Sizes of small galleries: few people leave a look-alike with less to compete against."""


def report_families(faces: Faces, meaning: Meaning) -> None:
    """Galleries of so few people, drawn from those with four photos or more. Every other person of LFW is a stranger
    there; 150 of their probes are asked about in each gallery."""
    clean, rng, policy = faces.where(faces.level == "clean"), np.random.default_rng(SEED), IdentifyPolicy()
    people = np.flatnonzero(np.bincount(clean.person) >= 4)
    print("\n| people | level | asked | correct | wrong | unsure | strangers asked | identified |")
    print("|---|---|---|---|---|---|---|---|")
    for size in (s for s in FAMILIES if s <= len(people)):
        told: dict[str, list[np.ndarray]] = {level: [] for level in LEVELS}
        for _ in range(max(4, min(40, 400 // size))):
            family = rng.choice(people, size, replace=False)
            gallery = gallery_of(clean.where(np.isin(clean.person, family)), meaning)
            for level in LEVELS:
                probes = faces.where(faces.level == level)
                theirs = np.isin(probes.person, family)
                others = np.flatnonzero(~theirs)
                theirs[rng.choice(others, min(150, len(others)), replace=False)] = True
                probes = probes.where(theirs)
                results = run(probes, gallery, meaning, policy)
                named = np.array([-1 if r.person_id is None else r.person_id for r in results])
                unsure = np.array([r.kind is IdentityKind.UNSURE for r in results])
                told[level].append(np.c_[np.isin(probes.person, family), named == probes.person, named >= 0, unsure])
        for level, parts in told.items():
            member, right, named, unsure = np.concatenate(parts).astype(bool).T
            print(
                f"| {size} | {level} | {member.sum()} | {share(right[member])} | {share((named & ~right)[member])} "
                f"| {share(unsure[member])} | {(~member).sum()} | {share(named[~member])} |",
                flush=True,
            )


def sweep(right: np.ndarray, score: np.ndarray, stranger: np.ndarray, false_rate: float) -> tuple[float, float]:
    """(threshold, share of known people identified correctly) at the least threshold whose share of wrong answers,
    among known people and among strangers alike, stays within `false_rate`."""
    for t in np.unique(np.quantile(score, np.linspace(0, 1, 2001))):
        told = score >= t
        wrong = max((told & ~right)[~stranger].mean(), told[stranger].mean())
        if wrong <= false_rate:
            return float(t), float((told & right)[~stranger].mean())
    return float("inf"), 0.0


def report_identity(faces: Faces, test: np.ndarray, strangers: np.ndarray, meaning: Meaning, tune: bool) -> None:
    policy = IdentifyPolicy()
    is_stranger = np.isin(faces.person, strangers)
    gallery = gallery_of(faces.where((faces.level == "clean") & ~is_stranger), meaning)
    print(f"gallery: {len(gallery)} faces of {len(np.unique(gallery.person_ids))} people; policy {policy}\n")
    print("| level | people | correct | wrong | unsure | unknown | strangers | identified | unsure | unknown |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    compare: list[tuple[str, list[np.ndarray]]] = []
    for level in LEVELS:
        probes = faces.where((faces.level == level) & test)
        results = run(probes, gallery, meaning, policy)
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
        score = log_odds(results)
        person, similarity = best_cosine(probes, gallery)
        compare.append((level, [right, score, person == probes.person, similarity, stranger]))
    print("\nSame false rate, threshold chosen in hindsight (share of known people identified correctly):\n")
    print("| probes | false rate | evidence | cosine of the nearest face |\n|---|---|---|---|")
    merged = [np.concatenate(parts) for parts in zip(*(columns for _, columns in compare), strict=True)]
    for level, (right, score, cosine_right, similarity, stranger) in [*compare, ("all levels together", merged)]:
        for rate in (0.001, 0.005):
            ours, plain = sweep(right, score, stranger, rate)[1], sweep(cosine_right, similarity, stranger, rate)[1]
            print(f"| {level} | {100 * rate:.1f} % | {100 * ours:.1f} % | {100 * plain:.1f} % |")
    if tune:
        tune_policy(faces.where(~test & (faces.level != "clean")), strangers, gallery, meaning)


def tune_policy(probes: Faces, strangers: np.ndarray, gallery: PeopleGallery, meaning: Meaning) -> None:
    """On the other half of the people."""
    print("\n| top_faces | crowd_penalty | posterior at 0.2 % wrong | correct |\n|---|---|---|---|")
    stranger = np.isin(probes.person, strangers)
    for top, crowd in product((1, 2, 3, 5), (0.0, 0.5, 1.0)):
        policy = replace(IdentifyPolicy(), top_faces=top, crowd_penalty=crowd)
        results = run(probes, gallery, meaning, policy)
        right = np.array([r.best is not None for r in results]) & (
            np.array([-1 if r.best is None else r.best.person_id for r in results]) == probes.person
        )
        threshold, correct = sweep(right, log_odds(results), stranger, 0.002)
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
        sums: dict[str, list[tuple[float, float, float]]] = {"chosen": [], "random": [], "all": []}
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
                    sums[name].append((similarity.mean(), float(np.mean(distances)), quality[rows].mean()))
        for name, values in sums.items():
            s, p, q = np.mean(values, 0)
            extra = f"{planted_used} of {count} | {original_used} of {count}" if name == "chosen" else " | "
            print(f"| {level} | {len(values)} | {name} | {s:.3f} | {p:.1f}° | {q:.2f} | {extra} |")
