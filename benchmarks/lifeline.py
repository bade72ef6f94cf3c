"""Children and adults of one person: how well they are found, and what is asked.

    python -m benchmarks.lifeline [--fit]

People of `lag` in two halves by the SHA-1 of their name. What faces of an age have in common and the line from
similarity to evidence are fitted on the other half, and the ages are told by heads that never saw the person
(`benchmarks.ages`), so every number is of people nothing was fitted on. A cluster is all photos of a person of one age
(child or adult).

- *ranking*: the child's cluster against the adults of its half: the right one first, among five, and above the
  similarity that one in a thousand pairs of strangers reach.
- *proposals*: a library of the half's clusters, each a person without a name: of the first 50 questions, and of all,
  how many are right, and how many of the people are found.
- *children*: both halves of `lag` and 36 families, grouped as the product does it, with ages and without: faces of
  different people joined without asking; and what the questions about ages in the families are about.

`--fit` prints the line that ships, of everybody.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from benchmarks.age_faces import AgedFaces, faces_of, first_byte
from benchmarks.ages import POWER, held_out_heads, narrowed
from benchmarks.clustering_scores import score
from iconface_core.ages import ApparentAge
from iconface_core.faces.age_head import AgeHead, read_age_head
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.grouping import Background, Cluster, FaceTable, Grouping, GroupingFacts, regroup
from iconface_core.grouping.lifeline import LifePolicy, life_lines
from iconface_core.models.catalogue import AGE_FILE
from iconface_core.models.files import locate
from iconface_core.types import F32

ASKED = (0.0, 1.0, 2.0, 3.0)  # evidence from which it is asked
PAGE = 50  # what `people questions` shows


@dataclass(frozen=True)
class HeldOut:
    """`AgeReader` that tells every face's age by a head that never saw the person."""

    faces: AgedFaces
    heads: list[AgeHead]
    common: F32

    def distributions(self, vectors: F32) -> F32:
        by_vector = {v.tobytes(): f for v, f in zip(self.faces.vectors, self.faces.folds, strict=True)}
        return np.concatenate([self.heads[by_vector[v.tobytes()]].distributions(v[None]) for v in vectors])

    def ages(self, vectors: F32) -> list[ApparentAge]:
        return [ApparentAge(p) for p in self.distributions(vectors)]

    def without_age(self, vectors: F32) -> F32:
        rest = vectors - self.distributions(vectors) @ self.common
        return (rest / np.linalg.norm(rest, axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Half:
    """People of one half of `lag` and the reader that may look at them."""

    faces: AgedFaces
    reader: HeldOut


def halves(lag: AgedFaces, heads: list[AgeHead]) -> Iterator[tuple[Half, Half]]:
    """Each half to be tested, with the other, to be fitted on."""
    low = np.array([first_byte(p) < 128 for p in lag.people])
    for test in (low, ~low):
        others = _some(lag, ~test)
        head = read_age_head(locate(AGE_FILE))
        reader = HeldOut(lag, heads, np.zeros_like(head.common))
        weights = reader.distributions(others.vectors).T + 1e-6
        reader = replace(reader, common=(weights @ others.vectors / weights.sum(1, keepdims=True)).astype(np.float32))
        yield Half(_some(lag, test), reader), Half(others, reader)


def _some(faces: AgedFaces, mask: np.ndarray) -> AgedFaces:
    return AgedFaces(faces.names[mask], faces.vectors[mask], faces.norms[mask])


def centres(vectors: F32, people: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    names = np.unique(people[mask])
    means = np.stack([vectors[mask & (people == p)].mean(0) for p in names])
    return means / np.linalg.norm(means, axis=1, keepdims=True), names


def similarities(faces: AgedFaces, vectors: F32) -> tuple[np.ndarray, np.ndarray]:
    """(children, adults) of the half and which of them are one person; children without an adult are left out."""
    children, who = centres(vectors, faces.people, faces.young)
    adults, whose = centres(vectors, faces.people, ~faces.young)
    kept = np.isin(who, whose)
    return children[kept] @ adults.T, who[kept][:, None] == whose


def ranking(found: np.ndarray, same: np.ndarray) -> np.ndarray:
    right = np.where(same, found, -9).max(1)
    above = (np.where(same, -9, found) > right[:, None]).sum(1)
    return np.array([(above == 0).mean(), (above < 5).mean(), (right > np.quantile(found[~same], 0.999)).mean()])


def line(found: np.ndarray, same: np.ndarray) -> tuple[float, float]:
    """`bias`, `slope` of the log-likelihood ratio: a logistic fit in which both classes weigh alike where they meet."""
    s = np.concatenate([found[same], found[~same]])
    y = np.concatenate([np.ones(same.sum()), np.zeros((~same).sum())])
    prior = np.log(same.sum() / (~same).sum())

    def loss(w: np.ndarray) -> float:
        odds = w[0] + w[1] * s + prior
        return float(np.logaddexp(0, np.where(y > 0, -odds, odds)).mean())

    bias, slope = minimize(loss, np.array([-4.0, 20.0]), method="Nelder-Mead").x
    return float(bias), float(slope)


def library(faces: AgedFaces) -> tuple[FaceTable, Grouping, np.ndarray]:
    """The half as a grouped library, and whom each cluster shows."""
    keys = np.array([f"{p} {y}" for p, y in zip(faces.people, faces.young, strict=True)])
    names, labels = np.unique(keys, return_inverse=True)
    n = len(keys)
    ids, none = np.arange(n), np.full(n, -1)
    qualities = CALIBRATION.quality(faces.norms)
    table = FaceTable(ids, ids, faces.vectors, qualities, none, none, np.zeros(n, bool), none)
    clusters = tuple(Cluster(tuple(np.flatnonzero(labels == c).tolist()), -1, -1) for c in range(len(names)))
    background = Background(np.zeros(faces.vectors.shape[1], np.float32), len(names))
    return table, Grouping(labels, clusters, (), (), background), np.array([k.rsplit(" ", 1)[0] for k in names])


def asked(half: Half, policy: LifePolicy) -> list[tuple[float, bool]]:
    """The questions, surest first: the evidence, and whether each is right."""
    table, grouping, who = library(half.faces)
    found = life_lines(table, grouping, GroupingFacts(), half.reader, policy)
    found.sort(key=lambda p: -p.evidence)
    return [(p.evidence, bool(who[p.cluster] == who[p.other_cluster])) for p in found]


def table_of(faces: AgedFaces, photos: np.ndarray) -> FaceTable:
    ids, none = np.arange(len(faces.names)), np.full(len(faces.names), -1)
    qualities, unconfirmed = CALIBRATION.quality(faces.norms), np.zeros(len(ids), bool)
    return FaceTable(ids, photos, faces.vectors, qualities, none, none, unconfirmed, none)


def grouped(name: str, faces: AgedFaces, photos: np.ndarray, reader: HeldOut | AgeHead | None) -> Grouping:
    """As the product groups them, with ages or without, and a row about how that went."""
    table = table_of(faces, photos)
    grouping = regroup(table, GroupingFacts(), CALIBRATION, ages=reader)
    _, truth = np.unique(faces.people, return_inverse=True)
    counts = [np.unique(truth[list(c.face_ids)], return_counts=True)[1] for c in grouping.clusters]
    found = score(truth, np.asarray(grouping.labels))
    print(
        f"| {name} | {'with ages' if reader else 'without'} | {len(counts)} | {sum(len(c) > 1 for c in counts)} | "
        f"{max(map(len, counts))} | {sum(c.sum() - c.max() for c in counts)} | "
        f"{found.bcubed_p:.4f} / {found.bcubed_r:.4f} / {found.bcubed_f:.4f} |"
    )
    return grouping


def children(halves: Sequence[Half], families: AgedFaces, reader: AgeHead) -> None:
    """Small children look alike to the embedder: grouping with what they have in common, and without it. `lag` has each
    half grouped with what the other half taught. Faces of `families` are called after their photo
    (`FAMILY/PERSON/PHOTO_faceN.jpg`), which tells people apart who share one."""
    print("\n| faces | ages | clusters | mixed | people in one | faces with somebody else | BCubed P / R / F |")
    print("|---|---|---|---|---|---|---|")
    for number, half in enumerate(halves, 1):
        for ages in (None, half.reader):
            grouped(f"lag, half {number}", half.faces, np.arange(len(half.faces.names)), ages)
    _, photos = np.unique(
        [f"{n.split('/')[1]} {n.rsplit('/', 1)[1].split('_')[0]}" for n in families.names], return_inverse=True
    )
    grouped("families", families, photos, None)
    relatives(families, photos, reader)


def relatives(faces: AgedFaces, photos: np.ndarray, reader: AgeHead) -> None:
    grouping = grouped("families", faces, photos, reader)
    shown = [{str(p) for p in faces.people[list(c.face_ids)]} for c in grouping.clusters]
    kinds = {"the same person": 0, "relatives": 0, "strangers": 0}
    for p in life_lines(table_of(faces, photos), grouping, GroupingFacts(), reader):
        a, b = shown[p.cluster], shown[p.other_cluster]
        related = {w.split("/")[0] for w in a} & {w.split("/")[0] for w in b}
        kinds["the same person" if a & b else "relatives" if related else "strangers"] += 1
    print(f"\nquestions about families: {', '.join(f'{n} about {kind}' for kind, n in kinds.items())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    ages, lag = faces_of("ages"), faces_of("lag")
    heads = [narrowed(head, POWER, lag.vectors) for head in held_out_heads(ages, lag)]
    plain, ours, first, everything, people = [], [], [], [], 0
    fits, tested = [], []
    for test, other in halves(lag, heads):
        tested.append(test)
        plain.append(ranking(*similarities(test.faces, test.faces.vectors)))
        ours.append(ranking(*similarities(test.faces, test.reader.without_age(test.faces.vectors))))
        bias, slope = line(*similarities(other.faces, other.reader.without_age(other.faces.vectors)))
        fits.append((bias, slope))
        found = asked(test, replace(LifePolicy(), bias=bias, slope=slope, ask=min(ASKED)))
        first += [r for _, r in found[:PAGE]]
        everything += found
        people += len(set(test.faces.people[test.faces.young]) & set(test.faces.people[~test.faces.young]))
    print(f"{people} people\n\n| | first | among five | above one in a thousand |\n|---|---|---|---|")
    for name, rows in (("similarity", plain), ("without age", ours)):
        print(f"| {name} | " + " | ".join(f"{100 * v:.1f} %" for v in np.mean(rows, 0)) + " |")
    print(f"\nfirst {PAGE} questions of each half: {sum(first)} of {len(first)} right\n")
    print("| asked from | questions | right | of the people found |\n|---|---|---|---|")
    for least in ASKED:
        right = [r for evidence, r in everything if evidence >= least]
        print(f"| {least:g} | {len(right)} | {100 * np.mean(right):.0f} % | {100 * sum(right) / people:.0f} % |")
    if options.fit:
        print("lines of the halves:", [tuple(round(v, 2) for v in f) for f in fits])
        print("what ships: the mean of them,", np.round(np.mean(fits, 0), 2))
    children(tested, faces_of("families"), read_age_head(locate(AGE_FILE)))


if __name__ == "__main__":
    main()
