"""One life in several clusters: what may be asked, and what facts forbid."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.ages import AGES, ApparentAge
from iconface_core.grouping import Background, Cluster, FaceTable, Grouping, GroupingFacts
from iconface_core.grouping.lifeline import LifePolicy, life_lines

DIM, FACES = 32, 3
CHILD, ADULT = 8, 40


class Ages:
    """An `AgeReader` over vectors whose first number tells the age."""

    def ages(self, vectors):
        out = []
        for v in vectors:
            weights = np.exp(-0.5 * ((AGES - (CHILD if v[0] > 0 else ADULT)) / 4) ** 2)
            out.append(ApparentAge((weights / weights.sum()).astype(np.float32)))
        return out

    def without_age(self, vectors):
        rest = vectors.copy()
        rest[:, 0] = 0
        return rest / np.linalg.norm(rest, axis=1, keepdims=True)


def library(people, *, days=None, persons=None, photos=None, seed=0):
    """Two clusters for each of `people`: the child, then the adult. `days`, `persons` and `photos` are by cluster."""
    rng = np.random.default_rng(seed)
    vectors = []
    for _ in range(people):
        who = rng.standard_normal(DIM)
        for looks in (1.0, -1.0):
            for _ in range(FACES):
                v = who + 0.25 * rng.standard_normal(DIM)
                v[0] = looks * np.linalg.norm(v[1:])
                vectors.append(v / np.linalg.norm(v))
    n = len(vectors)
    labels = np.arange(n) // FACES
    ids, none = np.arange(n), np.full(n, -1)
    table = FaceTable(
        ids,
        ids if photos is None else np.array(photos)[labels] * 100 + ids % FACES,
        np.array(vectors, np.float32),
        np.ones(n, np.float32),
        none if days is None else np.array(days)[labels],
        none if persons is None else np.array(persons)[labels],
        np.zeros(n, bool),
        none,
    )
    clusters = tuple(
        Cluster(tuple(np.flatnonzero(labels == c).tolist()), -1, -1 if persons is None else persons[c])
        for c in range(2 * people)
    )
    return table, Grouping(labels, clusters, (), (), Background(np.zeros(DIM, np.float32), 2 * people))


def pairs(table, grouping, facts=None):
    found = life_lines(table, grouping, facts or GroupingFacts(), Ages())
    assert all(p.kind == "merge" for p in found)
    return {frozenset((p.cluster, p.other_cluster)) for p in found}


@given(st.integers(1, 8), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_the_child_is_asked_about_with_its_adult_and_each_cluster_at_most_once(people, seed):
    found = pairs(*library(people, seed=seed))
    assert found == {frozenset((2 * p, 2 * p + 1)) for p in range(people)}


def test_nobody_is_joined_and_people_of_one_age_are_left_to_grouping():
    table, grouping = library(2)
    looks_young = table.vectors.copy()
    looks_young[:, 0] = np.abs(looks_young[:, 0])
    assert pairs(replace(table, vectors=looks_young), grouping) == set()
    assert np.array_equal(grouping.labels, np.arange(len(table)) // FACES)


BORN = date(1960, 5, 1)


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        ({"persons": [1, 2]}, GroupingFacts(different_people=frozenset({(2, 1)}))),
        ({"persons": [1, 2]}, GroupingFacts(protected=frozenset({1, 2}))),
        ({"persons": [1, 1]}, GroupingFacts()),
        ({"persons": [1, -1]}, GroupingFacts(rejections=frozenset({(FACES, 1)}))),
        ({"photos": [1, 1]}, GroupingFacts()),
        (
            {"persons": [-1, 2], "days": [date(1950, 1, 1).toordinal(), -1]},
            GroupingFacts(birth_days={2: BORN.toordinal()}),
        ),
    ],
    ids=["told apart", "both named", "one already", "refused", "in one photo", "before the birth"],
)
def test_what_is_known_is_not_asked(what, facts):
    assert pairs(*library(1)) == {frozenset((0, 1))}, "without the fact it is asked"
    table, grouping = library(1, **what)
    assert pairs(table, grouping, facts) == set()


def test_dates_order_a_life():
    """Eight in 1970 and forty in 2002 is one life; forty in 1972 is another one, however alike."""
    in_order = [date(1970, 6, 1).toordinal(), date(2002, 6, 1).toordinal()]
    at_once = [date(1970, 6, 1).toordinal(), date(1972, 6, 1).toordinal()]

    def evidence(days):
        table, grouping = library(1, days=days)
        return life_lines(table, grouping, GroupingFacts(), Ages(), LifePolicy(ask=-30.0))[0].evidence

    undated, right, wrong = map(evidence, (None, in_order, at_once))
    assert wrong < undated - 3 < undated < right


def test_a_birth_date_orders_as_well():
    days = [date(1970, 6, 1).toordinal(), -1]
    table, grouping = library(1, days=days, persons=[-1, 5])

    def evidence(born):
        facts = GroupingFacts(birth_days={5: born.toordinal()})
        return life_lines(table, grouping, facts, Ages(), LifePolicy(ask=-30.0))[0].evidence

    assert evidence(date(1962, 1, 1)) > evidence(date(1935, 1, 1)) + 3
