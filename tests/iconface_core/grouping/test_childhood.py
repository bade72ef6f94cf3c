"""Small children look alike to an embedder: grouping keeps them apart, and leaves adults as they are."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.ages import ApparentAge
from iconface_core.calibration import Calibration
from iconface_core.grouping import Background, FaceTable, GroupingFacts, Known, assign, exact_search, regroup
from iconface_core.grouping.childhood import leave_out_childhood
from iconface_core.types import F32, EmbedderId

CALIBRATION = Calibration(EmbedderId("test"), 8.0, 13.0, bias=-6.8, slope=32.3, quality_bias=-5.9)
DIM, FACES = 64, 4
INFANT = 0  # the direction that all small children share


class Ages:
    """An `AgeReader` over vectors in which what small children share is one number."""

    def ages(self, vectors: F32) -> list[ApparentAge]:
        return [ApparentAge.known(2 if v[INFANT] > 0.3 else 40) for v in vectors]

    def without_age(self, vectors: F32) -> F32:
        rest = vectors.copy()
        rest[:, INFANT] = 0
        return (rest / np.linalg.norm(rest, axis=1, keepdims=True)).astype(np.float32)


def nursery(children: int, adults: int, seed: int = 0) -> tuple[FaceTable, np.ndarray]:
    """Faces of different people, each alone in its photo, and whose they are."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(children + adults), FACES)
    who = rng.standard_normal((children + adults, DIM))
    who[:, INFANT] = 0
    v = who / np.linalg.norm(who, axis=1, keepdims=True)
    noise = rng.standard_normal((len(people), DIM))
    noise[:, INFANT] = 0
    v = v[people] + 0.45 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    v[people < children, INFANT] = 1.6
    n, none = len(people), np.full(len(people), -1)
    v = (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)
    return FaceTable(np.arange(n), np.arange(n), v, np.ones(n, np.float32), none, none, np.zeros(n, bool), none), people


def mixed(labels: np.ndarray, people: np.ndarray) -> int:
    return sum(len(set(people[labels == label])) > 1 for label in set(labels.tolist()) - {-1})


def test_babies_of_different_families_are_not_one_person():
    faces, people = nursery(children=6, adults=4)
    before = faces.vectors.copy()
    assert mixed(np.asarray(regroup(faces, GroupingFacts(), CALIBRATION).labels), people) > 0
    labels = np.asarray(regroup(faces, GroupingFacts(), CALIBRATION, ages=Ages()).labels)
    assert mixed(labels, people) == 0
    assert len(set(labels.tolist())) == 10  # and each of them is found
    assert np.array_equal(faces.vectors, before)  # stored vectors are nobody's to change


def test_a_new_baby_does_not_join_another_family():
    faces, people = nursery(children=2, adults=0)
    shown = np.where(people == 0, 7, -1)
    faces = replace(faces, person_ids=shown, cluster_ids=shown).take(np.arange(FACES + 1))  # the last one is new
    library = Known(exact_search(faces.face_ids, faces.vectors), faces.take, Background.unknown(DIM, 100.0))

    def person_of(ages: Ages | None) -> int:
        new = faces.take(np.array([FACES]))
        (decision,) = assign(new, GroupingFacts(), CALIBRATION, known=library, ages=ages)
        return decision.person_id

    assert person_of(None) == 7
    assert person_of(Ages()) == -1


@settings(max_examples=20)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 100))
def test_adults_stay_as_they_are_and_children_stay_of_unit_length(children: int, adults: int, seed: int):
    faces, people = nursery(children, adults, seed)
    changed = faces.vectors.copy()
    leave_out_childhood(changed, Ages())
    assert np.array_equal(changed[people >= children], faces.vectors[people >= children])
    assert np.allclose(np.linalg.norm(changed, axis=1), 1, atol=1e-5)
    assert np.all(changed[people < children, INFANT] < 0.1)
