"""Open-set identification: the right person, the honest doubt, the stranger refused, the facts obeyed."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core import reason_codes as codes
from iconface_core.calibration import Calibration
from iconface_core.identity.identification import (
    Exclusion,
    FaceFacts,
    IdentifyPolicy,
    IdentityKind,
    PeopleGallery,
    Probe,
    Twins,
)
from iconface_core.identity.identify import identify
from iconface_core.reasons import Reason
from iconface_core.types import EmbedderId
from tests.support.narrow import of_type

DIM = 64
CALIBRATION = Calibration(EmbedderId("test"), 0.0, 1.0, bias=-9.0, slope=26.0)

ALONE = IdentifyPolicy(crowd_people=1e9)
"""The likeness to everybody, which differs between galleries, is left in."""


def unit(v):
    return (v / np.linalg.norm(v, axis=-1, keepdims=True)).astype(np.float32)


def centre(person):
    """Random directions in 64 dimensions: strangers are near 0, give or take .12."""
    return unit(np.random.default_rng([7, person]).standard_normal(DIM))


def photo_of(person, seed, similarity=0.8):
    """A unit vector at exactly this cosine to the person's centre."""
    c = centre(person)
    noise = np.random.default_rng([person, seed]).standard_normal(DIM)
    noise = unit(noise - (noise @ c) * c)
    return unit(similarity * c + np.sqrt(1 - similarity**2) * noise)


def gallery(people, *, confirmed=True, photo_id=None):
    """`people`: one entry per face, the person's id; face ids count from 100, photo ids from 1000."""
    n = len(people)
    return PeopleGallery(
        vectors=np.stack([photo_of(p, i) for i, p in enumerate(people)]) if n else np.zeros((0, DIM), np.float32),
        person_ids=np.array(people, np.int64),
        qualities=np.ones(n, np.float32),
        face_ids=np.arange(100, 100 + n),
        photo_ids=np.arange(1000, 1000 + n) if photo_id is None else np.full(n, photo_id),
        confirmed=np.full(n, confirmed),
    )


def test_a_clear_face_is_known_with_the_faces_that_speak_for_it():
    people = gallery([1, 1, 1, 2, 2, 3])
    result = identify(Probe(photo_of(1, 99), 1.0), people, CALIBRATION)
    assert result.kind is IdentityKind.KNOWN
    assert result.person_id == 1
    assert result.best is not None
    assert set(result.best.support) == {100, 101, 102}
    assert result.margin > np.log(99)
    reason = result.reason({1: "Ada"})
    assert (reason.code, reason.params["person"], reason.params["name"]) == (codes.KNOWN, 1, "Ada")
    assert result.reason().params["name"] is None


def test_between_two_lookalikes_it_names_both_and_nobody_is_known():
    people = gallery([1, 1, 2, 2, 3])
    half_way = unit(people.vectors[:2].mean(0) + people.vectors[2:4].mean(0))
    result = identify(Probe(half_way, 1.0), people, CALIBRATION)
    assert result.kind is IdentityKind.UNSURE
    assert result.person_id is None
    assert {c.person_id for c in result.candidates[:2]} == {1, 2}
    reason = result.reason({1: "Ada", 2: "Eva"})
    assert reason.code == codes.BETWEEN
    assert {of_type(Reason, who).params["name"] for who in reason.params.values()} == {"Ada", "Eva"}


def test_strangers_are_refused():
    """Of random ones now and then one resembles somebody: asked about perhaps, known never."""
    people = gallery([p for p in range(40) for _ in range(3)])
    found = [identify(Probe(centre(stranger), 1.0), people, CALIBRATION) for stranger in range(1000, 1300)]
    assert IdentityKind.KNOWN not in {f.kind for f in found}
    assert np.mean([f.stranger_posterior > 0.5 for f in found]) > 0.99


def test_a_margin_to_the_runner_up_can_be_demanded():
    probe, people = Probe(photo_of(1, 99), 1.0), gallery([1, 1, 2])
    margin = identify(probe, people, CALIBRATION).margin
    strict = identify(probe, people, CALIBRATION, policy=IdentifyPolicy(min_margin=margin + 1))
    assert strict.kind is IdentityKind.UNSURE


def test_an_empty_gallery_knows_nobody():
    result = identify(Probe(centre(1), 1.0), gallery([]), CALIBRATION)
    assert result.kind is IdentityKind.UNKNOWN
    assert result.best is None
    assert result.stranger_posterior == 1.0
    assert result.reason() == codes.NO_PERSON_TO_COMPARE(excluded=0)


def test_one_wrongly_assigned_face_does_not_take_over_a_person():
    people = gallery([1, 1, 1, 1, 2, 2, 2])
    vectors = people.vectors.copy()
    vectors[4] = photo_of(1, 55, 0.95)  # filed under person 2, but it is person 1
    polluted = PeopleGallery(
        vectors, people.person_ids, people.qualities, people.face_ids, people.photo_ids, people.confirmed
    )
    assert identify(Probe(photo_of(1, 99), 1.0), polluted, CALIBRATION).person_id == 1


def test_a_person_with_two_ages_is_recognised_by_the_nearer_age():
    people = gallery([1, 1, 1, 2])
    child = unit(np.stack([photo_of(77, i) for i in range(3)]))
    both = PeopleGallery(
        np.vstack([people.vectors, child]),
        np.append(people.person_ids, [1, 1, 1]),
        np.ones(7, np.float32),
        np.arange(7),
        np.arange(7),
        np.ones(7, bool),
    )
    assert identify(Probe(photo_of(77, 9), 1.0), both, CALIBRATION).person_id == 1


def test_more_people_demand_more_evidence():
    probe = Probe(photo_of(1, 99, 0.6), 1.0)
    posteriors = []
    for crowd in (2, 20, 200):
        best = identify(probe, gallery([1, *range(10, 10 + crowd)]), CALIBRATION).best
        assert best is not None
        assert best.person_id == 1
        posteriors.append(best.posterior)
    assert posteriors[0] > posteriors[1] > posteriors[2]


def test_beyond_a_hundred_people_a_crowd_costs_less_than_its_size():
    """Odds against a stranger fall as the number of people up to a hundred, then by a fifth of that in logarithms."""
    probe = Probe(photo_of(1, 99, similarity=0.62), 1.0)

    def odds(people):
        result = identify(probe, gallery([1, *range(2, people + 1)]), CALIBRATION, policy=ALONE)
        assert result.best is not None
        return np.log(result.best.posterior / result.stranger_posterior)

    few, hundred, thousand = odds(25), odds(100), odds(1000)
    assert few - hundred == pytest.approx(np.log(4), abs=0.05)
    assert hundred - thousand == pytest.approx(0.2 * np.log(10), abs=0.05)


def test_a_low_quality_probe_needs_a_closer_match():
    by_quality = Calibration(EmbedderId("q"), 0.0, 1.0, bias=-3.0, slope=9.0, quality_bias=-6.0, quality_slope=17.0)
    people = gallery([1, 1, 2])
    good = identify(Probe(photo_of(1, 99), 1.0), people, by_quality)
    poor = identify(Probe(photo_of(1, 99), 0.0), people, by_quality)
    assert good.margin > poor.margin


def test_likeness_to_everybody_is_no_evidence_for_one_person():
    common, people = centre(0), list(range(1, 301))
    alike = gallery(people)
    vectors = unit(alike.vectors + 0.8 * common)  # an embedder with a direction that all faces share
    rows = PeopleGallery(vectors, alike.person_ids, alike.qualities, alike.face_ids, alike.photo_ids, alike.confirmed)
    everyman = Probe(unit(centre(10**6) + 3 * common), 1.0)
    as_is = identify(everyman, rows, CALIBRATION, policy=IdentifyPolicy(crowd_people=1e9)).best
    corrected = identify(everyman, rows, CALIBRATION).best
    assert as_is is not None
    assert corrected is not None
    assert as_is.llr > corrected.llr + 3
    own = identify(Probe(vectors[0], 1.0), rows, CALIBRATION)
    assert own.person_id == 1


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (FaceFacts(rejected=frozenset({1})), Exclusion.REJECTED),
        (FaceFacts(present=frozenset({1})), Exclusion.SAME_PHOTO),
        (FaceFacts(born={1: date(1990, 5, 2)}), Exclusion.NOT_BORN),
    ],
)
def test_facts_beat_any_similarity(facts, why):
    probe = Probe(photo_of(1, 99), 1.0, captured_at=datetime(1990, 5, 1, 23, 59))
    result = identify(probe, gallery([1, 1, 2]), CALIBRATION, facts=facts)
    assert result.person_id != 1
    assert 1 not in {c.person_id for c in result.candidates}
    assert result.excluded == {1: why}


def test_a_person_can_be_photographed_on_the_day_of_birth_and_undated_photos_exclude_nobody():
    born = FaceFacts(born={1: date(1990, 5, 2)})
    for captured_at in (datetime(1990, 5, 2), None):
        probe = Probe(photo_of(1, 99), 1.0, captured_at=captured_at)
        assert identify(probe, gallery([1, 1, 2]), CALIBRATION, facts=born).person_id == 1


def test_people_elsewhere_in_the_photo_are_read_from_the_gallery():
    people = gallery([1, 1, 2])
    twin = Probe(photo_of(1, 99), 1.0, face_id=500, photo_id=1000)  # row 0 of person 1 lies in photo 1000
    result = identify(twin, people, CALIBRATION)
    assert result.excluded == {1: Exclusion.SAME_PHOTO}


def test_a_face_is_no_evidence_for_itself():
    people = gallery([1, 2, 2])
    again = Probe(people.vectors[0], 1.0, face_id=100, photo_id=1000)
    result = identify(again, people, CALIBRATION)
    assert result.excluded == {}
    assert {c.person_id for c in result.candidates} == {2}
    assert result.kind is not IdentityKind.KNOWN


def test_all_people_excluded_is_unknown_and_says_so():
    result = identify(Probe(photo_of(1, 9), 1.0), gallery([1]), CALIBRATION, facts=FaceFacts(rejected=frozenset({1})))
    assert result.kind is IdentityKind.UNKNOWN
    assert result.reason() == codes.NO_PERSON_TO_COMPARE(excluded=1)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_order_of_the_gallery_does_not_matter(people, who, random):
    rows = gallery(people)
    order = list(range(len(people)))
    random.shuffle(order)
    shuffled = PeopleGallery(
        rows.vectors[order],
        rows.person_ids[order],
        rows.qualities[order],
        rows.face_ids[order],
        rows.photo_ids[order],
        rows.confirmed[order],
    )
    probe = Probe(photo_of(who, 99), 1.0)
    a, b = identify(probe, rows, CALIBRATION), identify(probe, shuffled, CALIBRATION)
    assert (a.kind, a.person_id) == (b.kind, b.person_id)
    assert [(c.person_id, c.support) for c in a.candidates] == [(c.person_id, c.support) for c in b.candidates]
    assert [c.posterior for c in a.candidates] == pytest.approx([c.posterior for c in b.candidates], abs=1e-5)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12), st.integers(1, 4), st.floats(0.0, 1.0))
def test_posteriors_are_a_distribution_and_known_means_beyond_doubt(people, who, similarity):
    policy = IdentifyPolicy()
    result = identify(Probe(photo_of(who, 99, similarity), 1.0), gallery(people), CALIBRATION, policy=policy)
    total = sum(c.posterior for c in result.candidates) + result.stranger_posterior
    assert total == pytest.approx(1.0)  # at most three people: nobody is left out
    if result.kind is IdentityKind.KNOWN:
        assert result.best is not None
        assert result.best.posterior >= policy.known_posterior


def test_columns_of_unequal_length_and_foreign_vectors_are_refused():
    people = gallery([1, 2])
    with pytest.raises(ValueError, match="columns differ"):
        PeopleGallery(
            people.vectors, people.person_ids[:1], people.qualities, *(people.face_ids,) * 2, people.confirmed
        )
    with pytest.raises(ValueError, match="two embedders never mix"):
        identify(Probe(np.ones(3, np.float32), 1.0), people, CALIBRATION)
    rows, worn = np.array([0]), np.eye(1, 3, dtype=np.float32)
    with_twins = replace(gallery([1, 2]), twins=Twins(rows, worn, CALIBRATION))
    probe = Probe(photo_of(1, 99), 1.0, worn=np.eye(1, 2, dtype=np.float32)[0])
    assert identify(probe, with_twins, CALIBRATION).candidates, "it meets no twin"
    with pytest.raises(ValueError, match="2 dimensions where it meets twins, these 3"):
        identify(replace(probe, twin_share=0.5), with_twins, CALIBRATION)


def test_a_doubt_is_tipped_by_who_else_is_in_the_photo_and_by_nothing_else():
    people = gallery(list(range(1, 201)))
    probe = Probe(photo_of(1, 99, 0.62), 1.0)
    alone = identify(probe, people, CALIBRATION)
    assert alone.kind is IdentityKind.UNSURE
    helped = identify(probe, people, CALIBRATION, hints={1: 9.0})
    assert helped.kind is IdentityKind.KNOWN
    assert helped.best is not None
    assert helped.best.hint == IdentifyPolicy().max_hint
    assert identify(probe, people, CALIBRATION, hints={2: 9.0}).person_id is None
    everybody = identify(probe, people, CALIBRATION, hints=dict.fromkeys(range(1, 201), 9.0)).best
    assert alone.best is not None
    assert everybody is not None
    assert everybody.posterior == pytest.approx(alone.best.posterior, abs=0.01), "what holds for everybody says nothing"
    few = gallery(list(range(1, 21)))
    assert identify(probe, few, CALIBRATION, hints={1: 9.0}).candidates == identify(probe, few, CALIBRATION).candidates
    with pytest.raises(ValueError, match="never decides against the face"):
        IdentifyPolicy(max_hint=3.0)


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=12),
    st.integers(1, 4),
    st.floats(0.0, 1.0),
    st.dictionaries(st.integers(1, 4), st.floats(-50, 50)),
)
def test_hints_never_decide_against_the_face(people, who, similarity, hints):
    """Whoever is named with hints is the one whom the face alone puts first, and for whom it speaks."""
    probe, rows, policy = Probe(photo_of(who, 99, similarity), 1.0), gallery(people), IdentifyPolicy(hint_people=0.1)
    alone = identify(probe, rows, CALIBRATION, policy=policy)
    helped = identify(probe, rows, CALIBRATION, policy=policy, hints=hints)
    assert alone.best is not None
    assert helped.best is not None
    nothing = identify(probe, rows, CALIBRATION, policy=policy, hints=dict.fromkeys(hints, 0.0))
    assert nothing.candidates == alone.candidates
    assert helped.kind is not IdentityKind.UNKNOWN or alone.kind is IdentityKind.UNKNOWN
    if alone.kind is not IdentityKind.UNSURE:
        assert helped.candidates == alone.candidates
    if helped.kind is IdentityKind.KNOWN:
        assert helped.person_id == alone.best.person_id
        assert alone.best.llr > 0
    assert all(0 <= c.hint <= IdentifyPolicy().max_hint and (c.hint == 0 or c.llr > 0) for c in helped.candidates)


TWINS_MEAN = replace(CALIBRATION, bias=-7.0, slope=31.0)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_twins_are_heard_by_their_share_in_a_space_of_their_own(share, crowding, seed):
    """As if both vectors lay side by side, scaled by the root of their shares; weighed by what that likeness means.
    Nothing changes for faces without a twin, and for a probe that has no share in them."""
    rng = np.random.default_rng(seed)
    faces = gallery([1, 1, 1, 2, 2])
    rows = np.array([0, 3])
    worn = unit(rng.standard_normal((2, 7)))
    both = replace(faces, twins=Twins(rows, worn, TWINS_MEAN))
    probe = Probe(unit(rng.standard_normal(DIM)), 0.7, twin_share=share, worn=unit(rng.standard_normal(7)))
    likeness, llr = both.compare(probe, CALIBRATION, crowding)
    plain, plain_llr = faces.compare(probe, CALIBRATION, crowding)

    def beside(own, twin):
        return np.concatenate([own * np.sqrt(1 - share), twin * np.sqrt(share)], -1)

    seen = beside(probe.vector, probe.worn)
    assert likeness[rows] == pytest.approx(beside(faces.vectors[rows], worn) @ seen, abs=1e-5)
    everyone = beside(faces.everyone, worn.mean(0))
    common = crowding * (seen - everyone) @ everyone
    if share > 0:
        assert llr[rows] == pytest.approx(TWINS_MEAN.llr(likeness[rows] - common, 0.7, 1.0), abs=1e-3)
    others = np.setdiff1d(np.arange(5), rows)
    assert (likeness[others] == plain[others]).all()
    assert (llr[others] == plain_llr[others]).all()
    unshared = both.compare(replace(probe, twin_share=0.0), CALIBRATION, crowding)
    assert (unshared[0] == plain).all()
    assert (unshared[1] == plain_llr).all()


def test_everybody_s_mean_face_counts_each_person_once():
    faces = gallery([1, 1, 1, 2])
    assert faces.everyone == pytest.approx((faces.vectors[:3].mean(0) + faces.vectors[3]) / 2, abs=1e-6)
    worn = np.eye(3, dtype=np.float32)
    with_twins = replace(faces, twins=Twins(np.array([0, 1, 3]), worn, CALIBRATION))
    assert with_twins.everyone_worn == pytest.approx([0.25, 0.25, 0.5])
    assert faces.everyone_worn is None


def test_a_damaged_face_like_nobody_is_known_by_somebody_s_twin():
    faces = gallery([1, 1, 1, 2, 2, 2])
    seen = photo_of(1, 5, similarity=0.3)
    mine = np.flatnonzero(faces.person_ids == 1)
    worn = np.repeat(seen[None], len(mine), 0)
    twins = Twins(mine, worn, CALIBRATION)
    damaged = Probe(seen, 0.5, twin_share=0.5)
    assert identify(damaged, faces, CALIBRATION).person_id is None
    assert identify(damaged, replace(faces, twins=twins), CALIBRATION).person_id == 1
    assert identify(replace(damaged, twin_share=0.0), replace(faces, twins=twins), CALIBRATION).person_id is None
