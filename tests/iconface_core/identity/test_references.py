"""Reference choice: the best by construction wins, the forbidden never does, and everything is explained."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core import reason_codes as codes
from iconface_core.ages import AGES, ApparentAge
from iconface_core.calibration import Calibration
from iconface_core.geometry import ARCFACE_112
from iconface_core.identity.references import (
    DegradedFace,
    ReferenceCandidate,
    ReferencePolicy,
    Refusal,
    select_references,
)
from iconface_core.types import EmbedderId

DIM = 64
CALIBRATION = Calibration(EmbedderId("test"), 0.0, 1.0, bias=-9.0, slope=26.0)
DAY = datetime(2004, 6, 1, 12, 0)
FRONTAL = ARCFACE_112.points


def unit(v):
    return (v / np.linalg.norm(v, axis=-1, keepdims=True)).astype(np.float32)


def turned(pixels):
    """A head turned to the picture's right: the nose moves, the eyes and the mouth stay."""
    points = FRONTAL.copy()
    points[2, 0] += pixels
    return points


def vector(person, seed, similarity=0.8):
    c = unit(np.random.default_rng([7, person]).standard_normal(DIM))
    noise = np.random.default_rng([person, seed]).standard_normal(DIM)
    noise = unit(noise - (noise @ c) * c)
    return unit(similarity * c + np.sqrt(1 - similarity**2) * noise)


def face(face_id, person=1, **changes):
    base = ReferenceCandidate(
        face_id=face_id,
        photo_id=1000 + face_id,
        photo_hash=f"hash-{face_id}",
        vector=vector(person, face_id),
        quality=0.8,
        det_score=0.95,
        face_px=200.0,
        landmarks=FRONTAL,
        captured_at=DAY + timedelta(days=40 * face_id),
        confirmed=True,
    )
    return replace(base, **changes)


DEGRADED = DegradedFace(
    landmarks=FRONTAL,
    photo_hash="degraded",
    vector=vector(1, 999, 0.5),
    quality=0.1,
    face_id=0,
    photo_id=1,
    captured_at=DAY,
)


def choose(candidates, degraded=DEGRADED, **options):
    return select_references(degraded, candidates, CALIBRATION, **options)


def chosen_ids(choice):
    return [c.face_id for c in choice.chosen]


def refusals(choice):
    return {r.face_id: r.refusal for r in choice.refused}


WORSE = {
    "quality": {"quality": 0.5},
    "pose": {"landmarks": turned(14)},
    "size": {"face_px": 70.0},
    "date": {"captured_at": DAY + timedelta(days=365 * 25)},
    "confirmation": {"confirmed": False},
    "likeness": {"vector": vector(1, 4242, 0.5)},
}


@pytest.mark.parametrize("worse", WORSE.values(), ids=WORSE)
def test_each_part_of_the_score_decides_when_all_else_is_equal(worse):
    spread = [face(i) for i in range(3, 7)]
    twin = vector(1, 1)
    better, poorer = face(2, vector=twin), face(1, **({"vector": vector(1, 2)} | worse))
    scores = {c.face_id: c.score for c in choose([better, poorer, *spread], limit=9).chosen}
    assert scores[2] > scores[1]


def test_the_best_reference_by_construction_is_first():
    best = face(5, quality=1.0, face_px=400.0, captured_at=DAY + timedelta(days=1), vector=vector(1, 5, 0.9))
    others = [face(i, quality=0.6, face_px=90.0, landmarks=turned(10)) for i in (1, 2, 3, 4)]
    choice = choose([*others, best])
    assert chosen_ids(choice)[0] == 5
    assert len(choice.chosen) == 3
    assert choice.summary == codes.REFERENCES_CHOSEN(chosen=3, of=5)


FORBIDDEN = {
    Refusal.RESTORED: {"restored": True},
    Refusal.REJECTED: {"rejected": True},
    Refusal.SAME_PHOTO: {"photo_id": 1},
    Refusal.NEAR_DUPLICATE: {"photo_hash": "degraded"},
    Refusal.DOUBTFUL: {"doubtful": True, "confirmed": False},
    Refusal.LOW_QUALITY: {"quality": 0.1},
    Refusal.TOO_SMALL: {"face_px": 20.0},
}


ACCOUNTS = {
    Refusal.RESTORED: {codes.OUR_OUTPUT},
    Refusal.REJECTED: {codes.REJECTED},
    Refusal.SAME_PHOTO: {codes.SAME_PHOTO},
    Refusal.NEAR_DUPLICATE: {codes.SAME_CONTENT, codes.SAME_LOOK, codes.SAME_PICTURE, codes.SAME_BURST},
    Refusal.DOUBTFUL: {codes.UNSURE_PERSON, codes.UNLIKE},
    Refusal.LOW_QUALITY: {codes.LOW_QUALITY, codes.LOW_DET_SCORE},
    Refusal.TOO_SMALL: {codes.REFERENCE_SMALL},
}


@pytest.mark.parametrize(("refusal", "changes"), FORBIDDEN.items(), ids=[r.value for r in FORBIDDEN])
def test_the_forbidden_is_refused_with_its_reason_even_when_it_is_all_there_is(refusal, changes):
    choice = choose([face(9, **changes)])
    assert choice.chosen == ()
    assert refusals(choice) == {9: refusal}
    assert choice.refused[0].reason.code in ACCOUNTS[refusal]
    counted = codes.REFUSED_FACES(count=1, refusal=refusal.value)
    assert choice.summary == codes.NONE_GOOD_ENOUGH(faces=1, refused=(counted,))


def test_the_original_of_the_degraded_photo_is_a_near_duplicate():
    again = face(2, vector=DEGRADED.vector)
    same_second = face(3, vector=unit(DEGRADED.vector + 0.5 * vector(9, 1)), captured_at=DAY + timedelta(seconds=1))
    later = replace(same_second, face_id=4, photo_id=7, photo_hash="x", captured_at=DAY + timedelta(days=30))
    result = refusals(choose([again, same_second, later, face(5), face(6)]))
    assert result[2] is Refusal.NEAR_DUPLICATE
    assert result[3] is Refusal.NEAR_DUPLICATE
    assert 4 not in result


def test_a_stranger_among_the_faces_is_refused_and_does_not_move_the_others():
    own = [face(i, confirmed=False) for i in range(1, 6)]
    stranger = face(9, person=2, confirmed=False, quality=1.0, face_px=500.0)
    choice = choose([*own, stranger])
    assert refusals(choice)[9] is Refusal.DOUBTFUL
    assert next(r.reason.code for r in choice.refused if r.face_id == 9) == codes.UNLIKE
    assert set(chosen_ids(choice)) <= {1, 2, 3, 4, 5}


def test_two_unconfirmed_faces_that_disagree_are_both_refused_and_a_confirmed_one_settles_it():
    one, two = face(1, confirmed=False), face(2, person=2, confirmed=False)
    assert chosen_ids(choose([one, two])) == []
    assert chosen_ids(choose([replace(one, confirmed=True), two])) == [1]


def test_a_confirmed_face_unlike_the_rest_stays_usable_but_ranks_lower():
    choice = choose([face(1), face(2), face(3), face(4, person=2)], limit=4)
    assert chosen_ids(choice)[-1] == 4


def test_three_frames_of_one_burst_give_one_reference():
    burst = [face(i, captured_at=DAY + timedelta(days=9, seconds=i), quality=0.9) for i in (1, 2, 3)]
    choice = choose([*burst, face(4), face(5)])
    assert set(chosen_ids(choice)) == {1, 4, 5}
    assert refusals(choice)[2] is Refusal.REPEATS


def test_scans_of_one_day_are_no_burst():
    midnight = datetime(1974, 7, 1)
    album = [face(i, captured_at=midnight) for i in (1, 2, 3)]
    for at in (midnight, midnight + timedelta(seconds=2)):
        assert len(choose(album, replace(DEGRADED, captured_at=at)).chosen) == 3
    late = face(4, captured_at=midnight + timedelta(seconds=2))
    assert chosen_ids(choose([late], replace(DEGRADED, captured_at=midnight))) == [4]


def test_an_only_face_is_used_and_says_that_nothing_could_be_compared():
    choice = choose([face(1)])
    assert chosen_ids(choice) == [1]
    assert choice.chosen[0].likeness is None
    assert codes.ONLY_FACE() in choice.chosen[0].reasons


def test_reasons_carry_numbers():
    [quality, likeness, pose, size, apart, confirmed] = choose([face(1), face(2), face(3)]).chosen[0].reasons
    assert quality == codes.QUALITY(quality=0.8)
    assert (likeness.code, likeness.params["others"]) == (codes.LIKENESS, 2)
    assert (pose.code, pose.params["degrees"]) == (codes.POSE, pytest.approx(0, abs=0.5))
    assert size == codes.FACE_SIZE(px=200)
    assert (apart.code, confirmed) == (codes.YEARS_APART, codes.CONFIRMED())
    assert 1 < apart.params["years"] * 365.25 < 60


def test_an_unknown_date_is_neutral_between_near_and_far():
    near, unknown, far = (
        choose([face(1, captured_at=at)]).chosen[0].score
        for at in (DAY + timedelta(hours=1), None, DAY.replace(year=2044))
    )
    assert near > unknown > far


def test_no_faces_and_no_wish_for_references():
    assert choose([]).summary == codes.NO_OTHER_FACE()
    choice = choose([face(1)], limit=0)
    assert choice.chosen == ()
    assert refusals(choice) == {1: Refusal.NOT_NEEDED}
    with pytest.raises(ValueError, match="limit"):
        choose([], limit=-1)
    with pytest.raises(ValueError, match="twice"):
        choose([face(1), face(1)])


def test_a_degraded_face_that_could_not_be_embedded_still_gets_references():
    degraded = DegradedFace(landmarks=np.zeros((5, 2), np.float32), photo_hash="d")
    assert len(choose([face(1), face(2), face(3)], degraded).chosen) == 3


@st.composite
def candidate(draw, face_id):
    flags = draw(st.sampled_from([{}, {}, {}, {"restored": True}, {"rejected": True}, {"doubtful": True}]))
    return face(
        face_id,
        person=draw(st.sampled_from([1, 1, 1, 2])),
        photo_id=draw(st.integers(1, 12)),
        photo_hash=draw(st.sampled_from(["degraded", "a", "b", "c", "d", "e"])),
        quality=draw(st.floats(0, 1)),
        face_px=draw(st.floats(10, 400)),
        landmarks=turned(draw(st.integers(-20, 20))),
        captured_at=draw(st.one_of(st.none(), st.integers(0, 400).map(lambda d: DAY + timedelta(hours=d)))),
        confirmed=draw(st.booleans()),
        **flags,
    )


candidates = st.integers(0, 12).flatmap(lambda n: st.tuples(*(candidate(i + 1) for i in range(n))))


@settings(max_examples=150)
@given(candidates, st.integers(0, 4), st.randoms(use_true_random=False))
def test_laws_for_any_candidates(faces, limit, random):
    choice = choose(faces, limit=limit)
    by_id = {f.face_id: f for f in faces}
    used = [by_id[i] for i in chosen_ids(choice)]
    assert len(used) <= limit
    # every candidate is answered exactly once
    assert sorted([*chosen_ids(choice), *refusals(choice)]) == sorted(by_id)
    # the forbidden is never used
    for f in used:
        assert not f.restored
        assert not f.rejected
        assert f.confirmed or not f.doubtful
        assert f.photo_id != DEGRADED.photo_id
        assert f.photo_hash != DEGRADED.photo_hash
        assert f.quality >= ReferencePolicy().min_quality
    # diverse: no photo twice
    assert len({f.photo_id for f in used}) == len(used) == len({f.photo_hash for f in used})
    # best first, and the order of the candidates does not matter
    assert [c.score for c in choice.chosen] == sorted((c.score for c in choice.chosen), reverse=True)
    shuffled = list(faces)
    random.shuffle(shuffled)
    assert choose(shuffled, limit=limit) == choice


@settings(max_examples=50)
@given(candidates)
def test_asking_for_fewer_gives_the_best_of_the_same(faces):
    assert chosen_ids(choose(faces, limit=1)) == chosen_ids(choose(faces, limit=4))[:1]


def looks(years, spread=6.0):
    weights = np.exp(-0.5 * ((AGES - years) / spread) ** 2)
    return ApparentAge((weights / weights.sum()).astype(np.float32))


def test_without_dates_a_reference_of_the_same_age_goes_first():
    degraded = replace(DEGRADED, captured_at=None, age=looks(30))
    spread = [face(i) for i in range(3, 7)]
    twin = vector(1, 1)
    near, far = face(2, vector=twin, age=looks(32)), face(1, vector=vector(1, 2), age=looks(60))
    chosen = {c.face_id: c for c in choose([near, far, *spread], degraded, limit=9).chosen}
    assert chosen[2].score > chosen[1].score
    when = {i: c.reasons[4] for i, c in chosen.items()}
    assert when[2] == codes.LOOKS_AGED(low=24, high=40, degraded_low=22, degraded_high=38)
    assert when[3].code == codes.DATE_UNKNOWN


def test_a_child_is_not_restored_with_an_old_face_nor_the_other_way_round():
    child, old = looks(6, 3.0), looks(70, 8.0)
    for degraded_age, reference_age in ((child, old), (old, child)):
        degraded = replace(DEGRADED, captured_at=None, age=degraded_age)
        choice = choose([face(1, age=reference_age), face(2, age=degraded_age), face(3)], degraded)
        assert refusals(choice) == {1: Refusal.OTHER_AGE}
        assert sorted(chosen_ids(choice)) == [2, 3]
        [refused] = choice.refused
        assert refused.reason.code == codes.OTHER_AGE


def test_dates_say_more_than_looks():
    """A child photographed in the same week is the same child, whatever its face looks like."""
    degraded = replace(DEGRADED, age=looks(6, 3.0))
    [only] = choose([face(1, age=looks(70, 8.0))], degraded).chosen
    assert only.reasons[4].code == codes.YEARS_APART
