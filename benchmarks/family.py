"""A synthetic family library where thresholds fail: siblings, ageing children, bursts, twins, strangers.

Vectors imitate SFace (128-d; two photos of a person about .65 alike, strangers about .09), so every hard case has a
known strength. `python -m benchmarks.family` prints our grouping beside Immich's rule.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from benchmarks.clustering_baselines import average_linkage_tree, cut_tree, dbscan, immich, similarity_graph
from benchmarks.clustering_scores import HEADER, score
from iconface_core.calibration import Calibration
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.grouping import FaceTable, GroupingFacts, GroupingPolicy, regroup

DIM = 128
SELF = 0.65  # similarity of two clean photos of one adult
COMMON = 0.09  # similarity of strangers
FIRST_YEAR, LAST_YEAR = 2000, 2022


@dataclass(frozen=True)
class FamilyOptions:
    """How hard. Similarities are between clean photos of two people; a child's face turns by `ageing_degrees` until it
    is adult, fast at first (75 degrees leave a similarity of about .25 between the baby and the adult)."""

    families: int = 4
    sibling_similarity: float = 0.40
    twin_similarity: float = 0.58
    ageing_degrees: float = 75.0
    events_per_year: int = 12
    burst_share: float = 0.25
    strangers: int = 400
    seed: int = 0


@dataclass(frozen=True)
class _Identity:
    adult: np.ndarray
    child: np.ndarray
    born: int | None


@dataclass
class _Rows:
    vectors: list[np.ndarray] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    photos: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)


def make_family(options: FamilyOptions, calibration: Calibration = CALIBRATION) -> tuple[FaceTable, np.ndarray]:
    """Faces without any person yet, and who they are (N,)."""
    rng = np.random.default_rng(options.seed)
    common = _unit(rng.standard_normal(DIM))
    infant = _unit(rng.standard_normal(DIM))  # small children look alike
    rows = _Rows()
    person = photo = 0
    for _ in range(options.families):
        adults = [_Identity(v, v, None) for v in _unit(rng.standard_normal((4, DIM)))]
        adult, child = _unit(rng.standard_normal((2, DIM)))
        children = _siblings(rng, _Identity(adult, child, None), options.sibling_similarity, 3)
        twins = _siblings(rng, children[2], options.twin_similarity, 2)
        born = [FIRST_YEAR - 2, FIRST_YEAR + 1, FIRST_YEAR + 4, FIRST_YEAR + 4]
        members = adults + [replace(c, born=b) for c, b in zip([*children[:2], *twins], born, strict=True)]
        for year in range(FIRST_YEAR, LAST_YEAR):
            for _ in range(options.events_per_year):
                day = date(year, 1, 1).toordinal() + int(rng.integers(365))
                alive = [i for i, m in enumerate(members) if m.born is None or year >= m.born]
                present = rng.choice(alive, min(len(alive), int(rng.integers(1, 5))), replace=False)
                shots = int(rng.integers(4, 10)) if rng.random() < options.burst_share else 1
                frame = {int(i): (_noise(rng), float(np.clip(rng.normal(11.5, 1.5), 6, 15))) for i in present}
                for _ in range(shots):
                    for i, (noise, norm) in frame.items():
                        face = _aged(members[i], year, options, infant)
                        shaken = noise if shots == 1 else _unit(noise + 0.2 * _noise(rng))
                        rows.vectors.append(_photo(face, shaken, norm, common))
                        rows.norms.append(norm)
                        rows.photos.append(photo)
                        rows.days.append(day)
                        rows.people.append(person + i)
                    photo += 1
        person += len(members)
    for _ in range(options.strangers):
        identity = _unit(rng.standard_normal(DIM))
        for _ in range(int(rng.integers(1, 4))):
            norm = float(np.clip(rng.normal(10.5, 1.5), 6, 15))
            rows.vectors.append(_photo(identity, _noise(rng), norm, common))
            rows.norms.append(norm)
            rows.photos.append(photo)
            rows.days.append(date(int(rng.integers(FIRST_YEAR, LAST_YEAR)), 6, 1).toordinal())
            rows.people.append(person)
            photo += 1
        person += 1
    n = len(rows.vectors)
    shuffle = rng.permutation(n)
    nobody = np.full(n, -1, np.int64)
    faces = FaceTable(
        np.arange(n),
        np.array(rows.photos)[shuffle],
        np.array(rows.vectors, np.float32)[shuffle],
        calibration.quality(np.array(rows.norms)[shuffle]),
        np.array(rows.days)[shuffle],
        nobody,
        np.zeros(n, bool),
        nobody,
    )
    return faces, np.array(rows.people)[shuffle]


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def _noise(rng: np.random.Generator) -> np.ndarray:
    return _unit(rng.standard_normal(DIM))


def _siblings(rng: np.random.Generator, parent: _Identity, similarity: float, count: int) -> list[_Identity]:
    """Identities whose clean photos have this similarity to one another, at any common age."""
    share = (similarity - COMMON) / (SELF - COMMON)
    own = _unit(rng.standard_normal((count, 2, DIM)))
    adult = np.sqrt(share) * parent.adult + np.sqrt(1 - share) * own[:, 0]
    child = np.sqrt(share) * parent.child + np.sqrt(1 - share) * own[:, 1]
    return [_Identity(a, c, None) for a, c in zip(_unit(adult), _unit(child), strict=True)]


def _aged(person: _Identity, year: int, options: FamilyOptions, infant: np.ndarray) -> np.ndarray:
    """The identity at an age: between the child's side and the adult's by a rotation that slows down."""
    if person.born is None:
        return person.adult
    age = year - person.born
    angle = np.deg2rad(options.ageing_degrees) * (1 - np.exp(-age / 8))
    return _unit(np.cos(angle) * person.child + np.sin(angle) * person.adult + 0.35 * np.exp(-age / 4) * infant)


def _photo(face: np.ndarray, noise: np.ndarray, norm: float, common: np.ndarray) -> np.ndarray:
    """One embedding: common direction, identity, and noise that grows as quality falls."""
    noise_share = (1 - SELF) * float(np.clip(12.5 / norm, 0.8, 2.0)) ** 1.5
    identity_share = max(1 - COMMON - noise_share, 0.05)
    return _unit(np.sqrt(COMMON) * common + np.sqrt(identity_share) * face + np.sqrt(noise_share) * noise)


def violations(faces: FaceTable, labels: np.ndarray) -> int:
    """Pairs of faces of one photo in one person."""
    kept = labels >= 0
    _, counts = np.unique(np.stack([faces.photo_ids[kept], labels[kept]]), axis=1, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def main() -> None:
    for name, options in {
        "default": FamilyOptions(),
        "closer siblings (.48)": FamilyOptions(sibling_similarity=0.48, seed=1),
        "strong ageing (85 degrees)": FamilyOptions(ageing_degrees=85.0, seed=2),
        "strongest ageing (110 degrees), lesser twins (.5)": FamilyOptions(
            3, twin_similarity=0.5, ageing_degrees=110.0, seed=3
        ),
    }.items():
        faces, truth = make_family(options)
        print(f"\n{name}: {len(faces)} faces, {len(set(truth.tolist()))} people\n{HEADER}  same-photo pairs")
        graph = similarity_graph(faces.vectors, 0.3)
        tree = average_linkage_tree(faces.vectors)
        undated = FaceTable(
            **{k: getattr(faces, k) for k in FaceTable.__slots__} | {"captured_day": np.full(len(faces), -1)}
        )
        rows = {
            "ours": regroup(faces, GroupingFacts(), CALIBRATION, GroupingPolicy()).labels,
            "ours, no dates": regroup(undated, GroupingFacts(), CALIBRATION, GroupingPolicy()).labels,
            "Immich default (.5, 3)": immich(graph, 0.5, 3),
        }
        tuned = [immich(graph, d, k) for d in np.arange(0.3, 0.7, 0.025) for k in (2, 3, 5, 10)]
        rows["Immich, best of 64"] = max(tuned, key=lambda x: score(truth, x).bcubed_f)
        tuned = [dbscan(graph, d, k) for d in np.arange(0.3, 0.6, 0.025) for k in (2, 3, 5)]
        rows["DBSCAN, best"] = max(tuned, key=lambda x: score(truth, x).bcubed_f)
        tuned = [cut_tree(tree, t) for t in np.arange(0.25, 0.6, 0.02)]
        rows["average linkage, best"] = max(tuned, key=lambda x: score(truth, x).bcubed_f)
        for row, labels in rows.items():
            print(f"{score(truth, labels).line(row)}  {violations(faces, labels)}")


if __name__ == "__main__":
    main()
