"""The laws of grouping: facts win, order does not matter, doubt is asked about, ids survive."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.calibration import Calibration
from iconface_core.grouping import FaceTable, Grouping, GroupingFacts, GroupingPolicy, exact_search, regroup
from iconface_core.types import EmbedderId

CALIBRATION = Calibration(EmbedderId("test"), 8.0, 13.0, bias=-6.8, slope=32.3, quality_bias=-5.9)
DIM = 64


def world(
    people: Iterable[int],
    *,
    seed: int = 0,
    alike: dict[tuple[int, int], float] | None = None,
    spread: float = 0.5,
    photos: Iterable[int] | None = None,
    person_ids: dict[int, int] | None = None,
    confirmed: Iterable[int] = (),
    days: Iterable[int] | None = None,
) -> FaceTable:
    """Faces 0..N-1 of the given people, one photo each unless `photos` says otherwise. `alike[(p, q)]` mixes q
    towards p; `person_ids` says which face shows which person today (cluster id = 1000 + person id)."""
    people = np.array(list(people))
    rng = np.random.default_rng(seed)
    identity = rng.standard_normal((people.max() + 2, DIM))
    identity /= np.linalg.norm(identity, axis=1, keepdims=True)
    for (p, q), share in (alike or {}).items():
        identity[q] = share * identity[p] + np.sqrt(1 - share**2) * identity[q]
        identity[q] /= np.linalg.norm(identity[q])
    noise = rng.standard_normal((len(people), DIM))
    vectors = identity[people] + spread * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    n = len(people)
    shown = np.array([(person_ids or {}).get(i, -1) for i in range(n)])
    flags = np.zeros(n, bool)
    flags[list(confirmed)] = True
    return FaceTable(
        np.arange(n),
        np.array(list(photos)) if photos is not None else np.arange(n),
        vectors,
        rng.uniform(0.7, 1.0, n).astype(np.float32),
        np.array(list(days)) if days is not None else np.full(n, -1),
        shown,
        flags,
        np.where(shown >= 0, shown + 1000, -1),
    )


def parts(faces: FaceTable, grouping: Grouping) -> set[frozenset[int]]:
    return {frozenset(faces.face_ids[grouping.labels == i].tolist()) for i in range(len(grouping.clusters))}


def person_of(faces: FaceTable, grouping: Grouping, face: int) -> int:
    label = int(grouping.labels[faces.face_ids.tolist().index(face)])
    return grouping.clusters[label].person_id if label >= 0 else -1


def test_people_are_found_and_a_single_face_is_nobody() -> None:
    faces = world([0] * 5 + [1] * 4 + [2])
    grouping = regroup(faces, GroupingFacts(), CALIBRATION)
    assert parts(faces, grouping) == {frozenset(range(5)), frozenset(range(5, 9))}
    assert grouping.labels[9] == -1
    assert {c.kind for c in grouping.changes} == {"new"}
    assert all(c.person_id == -1 and c.cluster_id == -1 for c in grouping.clusters)


def test_min_faces() -> None:
    faces = world([0] * 3 + [1] * 2)
    assert len(regroup(faces, GroupingFacts(), CALIBRATION, GroupingPolicy(min_faces=3)).clusters) == 1


def test_copies_of_one_picture_are_nobody_yet() -> None:
    faces = world([0] * 3 + [1] * 2)
    of_one = regroup(faces, GroupingFacts(), CALIBRATION, same_picture=lambda a, b: (a < 3) & (b < 3))
    assert parts(faces, of_one) == {frozenset({3, 4})}
    of_two = regroup(faces, GroupingFacts(), CALIBRATION, same_picture=lambda a, b: (a < 2) & (b < 2))
    assert parts(faces, of_two) == {frozenset({0, 1, 2}), frozenset({3, 4})}


def test_no_faces() -> None:
    faces = world([0]).take(np.empty(0, np.int64))
    assert regroup(faces, GroupingFacts(), CALIBRATION).clusters == ()


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_ids_do_not_matter(random, seed: int) -> None:
    people = [p for p in range(9) for _ in range(1 + p % 5)]
    photos = [i // 2 for i in range(len(people))]
    faces = world(people, seed=seed, spread=1.1, photos=photos, alike={(0, 1): 0.6, (3, 4): 0.8})
    before = regroup(faces, GroupingFacts(), CALIBRATION)
    order = list(range(len(people)))
    random.shuffle(order)
    moved = faces.take(np.array(order))
    renamed = FaceTable(np.arange(len(order)), *(getattr(moved, name) for name in FaceTable.__slots__[1:]))
    after = regroup(renamed, GroupingFacts(), CALIBRATION)
    back = {frozenset(order[i] for i in part) for part in parts(renamed, after)}
    assert back == parts(faces, before)


@settings(max_examples=40)
@given(st.data())
def test_facts_are_never_broken(data) -> None:
    people = data.draw(st.lists(st.integers(0, 4), min_size=4, max_size=30))
    n = len(people)
    photos = data.draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    shown = data.draw(st.dictionaries(st.integers(0, n - 1), st.integers(1, 3), max_size=8))
    confirmed = [f for f in shown if data.draw(st.booleans())]
    rejections = frozenset(data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(1, 3)), max_size=6))) - {
        (f, shown[f]) for f in confirmed
    }
    days = data.draw(st.lists(st.integers(-1, 40), min_size=n, max_size=n))
    births = data.draw(st.dictionaries(st.integers(1, 3), st.integers(0, 40), max_size=3))
    faces = world(people, alike={(0, 1): 0.9}, photos=photos, person_ids=shown, confirmed=confirmed, days=days)
    facts = GroupingFacts(rejections, births, frozenset(data.draw(st.lists(st.integers(1, 3), max_size=2))))
    grouping = regroup(faces, facts, CALIBRATION)
    for face in confirmed:
        assert person_of(faces, grouping, face) == shown[face]
    for face, person in rejections:
        assert person_of(faces, grouping, face) != person
    unmoved = {f for f in shown if person_of(faces, grouping, f) == shown[f]}
    for face in range(n):
        person = person_of(faces, grouping, face)
        if face not in confirmed and person in births and days[face] >= 0:
            assert days[face] >= births[person]
        for other in range(face):
            together = grouping.labels[face] >= 0 and (
                grouping.labels[face] == grouping.labels[other]
                or (person >= 0 and person == person_of(faces, grouping, other))
            )
            if together and photos[face] == photos[other]:
                assert {face, other} <= unmoved  # only people put two faces of one photo together


def test_confirmed_faces_pull_undecided_ones() -> None:
    faces = world([0] * 6 + [1] * 6, person_ids={0: 7, 6: 8}, confirmed=[0, 6])
    grouping = regroup(faces, GroupingFacts(), CALIBRATION)
    assert [person_of(faces, grouping, f) for f in range(12)] == [7] * 6 + [8] * 6


def test_two_named_people_are_never_absorbed_but_asked_about() -> None:
    faces = world([0] * 8, person_ids={0: 7, 1: 7, 4: 8, 5: 8})
    grouping = regroup(faces, GroupingFacts(protected=frozenset({7, 8})), CALIBRATION)
    assert [person_of(faces, grouping, f) for f in (0, 1, 4, 5)] == [7, 7, 8, 8]
    merges = [p for p in grouping.proposals if p.kind == "merge"]
    assert {frozenset((p.person_id, p.other_person_id)) for p in merges} == {frozenset((7, 8))}
    declined = GroupingFacts(protected=frozenset({7, 8}), different_people=frozenset({(8, 7)}))
    assert not [p for p in regroup(faces, declined, CALIBRATION).proposals if p.kind == "merge"]


def test_a_rejection_outlives_the_cluster() -> None:
    faces = world([0] * 6, person_ids=dict.fromkeys(range(5), 7))
    grouping = regroup(faces, GroupingFacts(rejections=frozenset({(5, 7)})), CALIBRATION)
    assert [person_of(faces, grouping, f) for f in range(6)] == [7] * 5 + [-1]


def test_a_face_between_twins_waits() -> None:
    twins = {(0, 1): 0.93}
    photos = [*range(6), *range(6), 100, 101]  # six photos show both
    faces = world([0] * 6 + [1] * 6 + [0, 1], photos=photos, alike=twins, spread=0.7, seed=3)
    grouping = regroup(faces, GroupingFacts(), CALIBRATION, GroupingPolicy(margin=2.0))
    both = {person for c in grouping.clusters for person in c.face_ids}
    assert {12, 13}.isdisjoint(both)
    asked = {p.face_ids: {p.cluster, p.other_cluster} for p in grouping.proposals}
    assert asked[(12,)] == asked[(13,)] == {int(grouping.labels[0]), int(grouping.labels[6])}
    eager = regroup(faces, GroupingFacts(), CALIBRATION, GroupingPolicy(margin=0.0))
    assert len(eager.labels[eager.labels >= 0]) > len(grouping.labels[grouping.labels >= 0])


def test_doubt_is_proposed() -> None:
    faces = world([0] * 6 + [1] * 6 + [2], alike={(0, 2): 0.62}, spread=0.45, seed=1)
    sure = regroup(faces, GroupingFacts(), CALIBRATION, GroupingPolicy(join_evidence=2.0, propose_evidence=-8.0))
    assert sure.labels[12] == -1
    (question,) = [p for p in sure.proposals if p.face_ids == (12,)]
    assert question.kind == "join"
    assert question.cluster == sure.labels[0]
    assert -8.0 <= question.evidence < 2.0


def test_ids_survive_a_second_pass() -> None:
    faces = world([0] * 5 + [1] * 4)
    grouping = regroup(faces, GroupingFacts(), CALIBRATION)
    ids = np.array([70, 80])[grouping.labels]
    again = replace(faces, person_ids=ids, confirmed=np.zeros(9, bool), cluster_ids=ids + 1)
    second = regroup(again, GroupingFacts(), CALIBRATION)
    assert second.changes == ()
    assert {(c.person_id, c.cluster_id) for c in second.clusters} == {(70, 71), (80, 81)}


def test_a_machine_person_that_splits_keeps_its_larger_half() -> None:
    faces = world([0] * 5 + [1] * 3, person_ids=dict.fromkeys(range(8), 7))
    grouping = regroup(faces, GroupingFacts(), CALIBRATION)
    assert [person_of(faces, grouping, f) for f in range(8)] == [7] * 5 + [-1] * 3
    assert [(c.face_id, c.kind) for c in grouping.changes] == [(5, "moved"), (6, "moved"), (7, "moved")]


def test_a_human_made_person_keeps_a_cluster_that_does_not_look_like_it() -> None:
    """Somebody merged the child's cluster into the adult: a full pass may not undo that."""
    faces = world([0] * 5 + [1] * 4, person_ids=dict.fromkeys(range(9), 7), confirmed=[0])
    grouping = regroup(faces, GroupingFacts(), CALIBRATION)
    assert len(grouping.clusters) == 2
    assert {c.person_id for c in grouping.clusters} == {7}


def test_a_life_is_one_person_only_when_dates_are_known() -> None:
    rng = np.random.default_rng(0)
    child, adult = np.linalg.qr(rng.standard_normal((DIM, 2)))[0].T
    years = np.repeat(np.arange(0, 20), 4)
    angle = np.linspace(0, np.pi, 20)[years]
    noise = rng.standard_normal((len(years), DIM))
    vectors = np.cos(angle)[:, None] * child + np.sin(angle)[:, None] * adult
    vectors = vectors + 0.5 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    n = len(years)
    nobody = np.full(n, -1)
    columns = (np.arange(n), np.arange(n), vectors, np.ones(n, np.float32))
    dated = FaceTable(*columns, 700_000 + years * 365, nobody, np.zeros(n, bool), nobody)
    undated = FaceTable(*columns, nobody, nobody, np.zeros(n, bool), nobody)
    assert len(regroup(dated, GroupingFacts(), CALIBRATION).clusters) == 1
    assert len(regroup(undated, GroupingFacts(), CALIBRATION).clusters) > 1


def test_a_burst_does_not_outvote() -> None:
    """Twenty frames of one bad moment weigh like one photo when the cluster is compared with others."""
    faces = world([0] * 4 + [1] * 4, seed=2)
    burst = faces.take(np.array([*range(8), *[7] * 20]))
    burst = FaceTable(np.arange(28), np.arange(28), *(getattr(burst, name) for name in FaceTable.__slots__[2:]))
    assert len(regroup(burst, GroupingFacts(), CALIBRATION).clusters) == 2


def test_unusable_columns_are_refused() -> None:
    faces = world([0] * 3)
    with pytest.raises(ValueError, match="photo_ids has 2 rows"):
        FaceTable(faces.face_ids, faces.photo_ids[:2], *(getattr(faces, n) for n in FaceTable.__slots__[2:]))
    with pytest.raises(ValueError, match="confirmed face needs a person"):
        world([0] * 3, confirmed=[1])
    with pytest.raises(ValueError, match="propose_evidence"):
        GroupingPolicy(join_evidence=-9.0)


def test_an_index_that_misses_neighbours_changes_little() -> None:
    """`regroup` re-measures what the search returns, so a poor index loses pairs but invents none."""
    faces = world([0] * 6 + [1] * 6)
    exact = exact_search(faces.face_ids, faces.vectors)

    def poor(queries, k):
        ids, similarity = exact(queries, k)
        return ids[:, :4], similarity[:, :4]

    assert parts(faces, regroup(faces, GroupingFacts(), CALIBRATION, search=poor)) == parts(
        faces, regroup(faces, GroupingFacts(), CALIBRATION)
    )
