"""Who is it: degraded held-out photos against a gallery of real people, strangers included.

    python -m benchmarks.identify [--people 400] [--processes 2] [--fit] [--tune] [--write]
        [--damaged WEIGHTS | --embedder arcface-buffalo_s --model-dir DIR]

Every probe is a photo that is degraded, then detected, aligned and embedded like any photo. Its gallery holds the
*other* photos of everybody but the strangers. People are split in two halves: policies are tuned on one, and the tables
are measured on the other. Vectors are kept in `benchmarks/.cache`. `--damaged`: the same probes, those that are not
clear seen through the student as well, and compared with the damaged twins of the gallery's faces too (`--no-twins`:
with the faces as they are only). `--embedder`: an installed embedder in SFace's place, which looks at faces that are
not clear four times and makes its own twins. Nobody of the gallery or of the test may have been trained on: `python -m
benchmarks.held_out DIR` links the photos of LFW that are neither into DIR, for `train pack`.
"""

import argparse
import os
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.degradation_levels import LEVELS
from benchmarks.held_out import SEED, TWO_NAMES, Faces, faces_of, free_for_training, plan, tested
from benchmarks.through_damage import Installed, Seer, Student, guesses_of, plain_of, second_of, worn_of
from iconface_core.calibration import Calibration
from iconface_core.faces.arcface_facts import looks_calibration, plain_calibration, twins_calibration
from iconface_core.faces.closer_look import look_id
from iconface_core.faces.damage_facts import CLEAR_QUALITY, TWIN_QUALITY, twin_share, twins_id_of
from iconface_core.faces.sface_facts import CALIBRATION as SFACE
from iconface_core.faces.student_facts import STUDENT_ID, TWIN_CALIBRATION, UNMEASURED, both_opinions, mixed
from iconface_core.faces.vectors import calibration_path, looks_calibration_path, twin_calibration_path
from iconface_core.identity.identification import (
    Identification,
    IdentifyPolicy,
    IdentityKind,
    PeopleGallery,
    Probe,
    Twins,
)
from iconface_core.identity.identify import identify
from iconface_core.identity.pose import head_pose
from iconface_core.identity.references import DegradedFace, ReferenceCandidate, select_references
from iconface_core.types import EmbedderId, FaceEmbedding

CAUTION = 0.4
"""Nats taken off what is fitted for damaged faces: as fitted, galleries of 2 to 200 people named about as many
strangers as with SFace alone; with it up to a third fewer (docs/benchmarks.md)."""


@dataclass(frozen=True)
class Meaning:
    """What likeness means: `plain`: to faces that are clear; `damaged`: to those that are not, None where they are like
    others; `twins`: to those and a gallery's face with its damaged twin, None where there are none."""

    plain: Calibration
    damaged: Calibration | None = None
    twins: Calibration | None = None

    def of(self, norm: float) -> tuple[Calibration, float]:
        """And how much such a probe is compared with twins."""
        if self.damaged is None or self.plain.quality(norm) >= CLEAR_QUALITY:
            return self.plain, 0.0
        return self.damaged, 0.0 if self.twins is None else twin_share(float(self.damaged.quality(norm)))


def gallery_of(clean: Faces, meaning: Meaning) -> PeopleGallery:
    ids, person, quality = (
        clean.photo.astype(np.int64),
        clean.person.astype(np.int64),
        meaning.plain.quality(clean.norm),
    )
    twins = None
    if meaning.twins is not None:
        rows = np.flatnonzero(quality >= TWIN_QUALITY)
        twins = Twins(rows, clean.worn[rows], meaning.twins)
    return PeopleGallery(clean.vector, person, quality, ids, -1 - ids, np.zeros(len(ids), bool), twins)


def seen_through(faces: Faces, photos: list[Path], seer: Seer, processes: int, plain: Calibration = SFACE) -> Faces:
    """The faces with the vectors that identification would use for the degraded ones, and with those that these and the
    twins of clean ones are compared by."""
    through = (faces.level != "clean") & (plain.quality(faces.norm) < CLEAR_QUALITY)
    guess, norm = guesses_of(faces, through, photos, seer, processes)
    vectors = faces.vector.copy()
    for i in np.flatnonzero(through):
        vectors[i] = guess[i]
        if isinstance(seer, Student):
            by_sface = FaceEmbedding(STUDENT_ID, faces.vector[i], float(faces.norm[i]))
            vectors[i] = mixed(by_sface, FaceEmbedding(STUDENT_ID, guess[i], float(norm[i]))).vector
    worn = np.where((faces.level == "clean")[:, None], worn_of(faces, photos, seer, processes), vectors)
    if isinstance(seer, Student):
        second = second_of(faces, through, photos, seer, processes)
        worn = np.array([both_opinions(one, two) for one, two in zip(worn, second, strict=True)])
    return replace(faces, vector=vectors, worn=worn)


def asked(face: Faces, i: int, meaning: Meaning) -> tuple[Probe, Calibration]:
    """A probe carries the face id of its own clean photo, so that the original is never evidence."""
    calibration, twins = meaning.of(float(face.norm[i]))
    quality = float(calibration.quality(face.norm[i]))
    probe = Probe(face.vector[i], quality, face_id=int(face.photo[i]), twin_share=twins, worn=face.worn[i])
    return probe, calibration


def run(probes: Faces, gallery: PeopleGallery, meaning: Meaning, policy: IdentifyPolicy) -> list[Identification]:
    both = (asked(probes, i, meaning) for i in range(len(probes.photo)))
    return [identify(probe, gallery, calibration, policy=policy) for probe, calibration in both]


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


def log_odds(results: list[Identification]) -> np.ndarray:
    """Of the likeliest person: the score that a caller would put a threshold on."""
    p = np.array([0.0 if r.best is None else r.best.posterior for r in results])
    return np.log((p + 1e-12) / (1 - p + 1e-12))


def fit(probes: Faces, gallery: PeopleGallery, start: Calibration) -> Calibration:
    """Evidence of one pair for degraded probes against clean faces: logistic regression with the prior taken out. Of a
    gallery with twins, the faces that have one are what is fitted for."""
    quality, near = start.quality(probes.norm), start.similarity_at(0.0) / 2
    among = slice(None) if gallery.twins is None else gallery.twins.rows
    person_ids, face_ids, qualities = gallery.person_ids[among], gallery.face_ids[among], gallery.qualities[among]
    rows, same, weights, pairs = [], [], [], 0
    for i, (q, person, own) in enumerate(zip(quality, probes.person, probes.photo, strict=True)):
        probe = Probe(probes.vector[i], float(q), twin_share=twin_share(float(q)), worn=probes.worn[i])
        s = gallery.compare(probe, start)[0][among]
        is_same = (person_ids == person) & (face_ids != own)
        use = is_same | ((person_ids != person) & (s > near))  # the rest says "no" with any coefficients
        n = is_same.sum()
        rows.append(np.c_[np.minimum(q, qualities[use]), s[use]])
        same.append(is_same[use])
        weights.append(np.where(is_same[use], min(1.0, 5 / max(n, 1)), 1.0))  # nobody's album outweighs the others
        pairs += int((person_ids != person).sum())
    q, s = np.concatenate(rows).T
    y, w = np.concatenate(same).astype(float), np.concatenate(weights)
    x = np.c_[np.ones(len(q)), q, s, q * s]
    prior = np.log((w * y).sum() / pairs)

    def cost(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ beta + prior
        return float((w * (np.logaddexp(0, z) - y * z)).sum()), x.T @ (w * (expit(z) - y))

    def curvature(beta: np.ndarray) -> np.ndarray:
        p = expit(x @ beta + prior)
        return np.asarray((x * (w * p * (1 - p))[:, None]).T @ x)

    first = np.array([start.bias, start.quality_bias, start.slope, start.quality_slope])
    beta = minimize(cost, first, jac=True, hess=curvature, method="trust-exact").x
    return Calibration(
        start.embedder, start.norm_low, start.norm_high, *(round(float(b), 2) for b in beta[[0, 2, 1, 3]])
    )


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


def _unfitted(seer: Seer, plain: Calibration, *, twins: bool) -> tuple[Calibration, Path]:
    """What to start from, and the file that what was fitted is kept in."""
    if isinstance(seer, Student):
        if twins:
            return TWIN_CALIBRATION, twin_calibration_path(seer.weights)
        return UNMEASURED, calibration_path(seer.weights)
    named = twins_id_of(EmbedderId(seer.name)) if twins else look_id(seer.name)
    path = twin_calibration_path(seer.weights) if twins else looks_calibration_path(seer.weights)
    return replace(plain, embedder=named), path


def _fitted(seer: Seer, plain: Calibration, *, twins: bool) -> Calibration:
    """As the product takes it: from beside the weights, or what ships, or else what fitting would start from."""
    start, path = _unfitted(seer, plain, twins=twins)
    if isinstance(seer, Student):
        return Calibration.read_or(path, start)
    known = twins_calibration if twins else looks_calibration
    return known(seer.weights, EmbedderId(seer.name)) or start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="only so many people with several photos (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--fit", action="store_true", help="fit the pair evidence on the other half of the people first"
    )
    parser.add_argument("--tune", action="store_true", help="also try policies on the other half of the people")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--damaged", type=Path, metavar="WEIGHTS", help="see faces that are not clear through a student")
    who.add_argument("--embedder", metavar="ID", help="an installed embedder of ArcFace's layout instead of SFace")
    parser.add_argument("--model-dir", type=Path, metavar="DIR", help="with --embedder: the models folder it is in")
    parser.add_argument("--no-twins", action="store_true", help="compare damaged faces with faces as they are")
    parser.add_argument(
        "--write", action="store_true", help="with --fit: keep what was fitted of damaged faces beside the weights"
    )
    options = parser.parse_args()

    photos, person, held_out, strangers = plan(options.people)
    faces, missing = faces_of(photos, person, held_out, options.processes)
    print(f"{len(photos)} photos of {person.max() + 1} people; {len(held_out)} held-out photos at {len(LEVELS)} levels")
    plain = SFACE
    seer: Seer | None = None if options.damaged is None else Student(options.damaged)
    if options.embedder is not None:
        if options.model_dir is None:
            parser.error(f"{options.embedder} does not ship: give --model-dir")
        seer = embedder = Installed(options.embedder, options.model_dir)
        plain = plain_calibration(embedder.weights, EmbedderId(embedder.name))
        vectors, norms = plain_of(faces, photos, embedder, options.processes)
        faces = replace(faces, vector=vectors, norm=norms)
    if seer is not None:
        faces = seen_through(faces, photos, seer, options.processes, plain)
    test = tested(person)[faces.person]
    trained = {p.parent.name for p in free_for_training()}  # with fewer --people some of them would be tested
    usable = np.isin(
        faces.person, [i for i, p in zip(person, photos, strict=True) if p.parent.name in trained], invert=True
    )
    two_names = {i for i, p in zip(person, photos, strict=True) if p.parent.name in TWO_NAMES}
    usable &= ~np.isin(faces.person, list(two_names)) | (faces.level == "clean")
    faces, test = faces.where(usable), test[usable]
    outsiders = np.array(sorted(strangers))
    meaning = Meaning(plain)
    if seer is not None:
        meaning = Meaning(
            plain, *(_fitted(seer, plain, twins=t) for t in ((False,) if options.no_twins else (False, True)))
        )
    if options.fit:
        gallery = gallery_of(faces.where((faces.level == "clean") & ~np.isin(faces.person, outsiders)), meaning)
        learn = faces.where(~test & (faces.level != "clean") & ~np.isin(faces.person, outsiders))
        if seer is None:
            meaning = Meaning(fit(learn, gallery, plain))
        else:
            through = plain.quality(learn.norm) < CLEAR_QUALITY
            start, path = _unfitted(seer, plain, twins=not options.no_twins)
            fitted = fit(learn.where(through), gallery, start)
            fitted = replace(fitted, bias=round(fitted.bias - CAUTION, 2))
            meaning = Meaning(plain, fitted) if options.no_twins else replace(meaning, twins=fitted)
            if options.write:
                fitted.write(path)
    print(f"not detected: {missing}; {meaning}\n")
    report_identity(faces, test, outsiders, meaning, options.tune)
    report_families(faces, meaning)
    report_references(faces, test, meaning.plain)


if __name__ == "__main__":
    main()
