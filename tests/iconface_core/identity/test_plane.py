"""A map of likeness: distances of a plane come out as they are, and nothing depends on the order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.identity.plane import plane
from iconface_core.types import F32


def unit(n: int, seed: int, dim: int = 8) -> F32:
    vectors = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    out: F32 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return out


def distances(points: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.linalg.norm(points[:, None] - points[None], axis=2)
    return out


@settings(max_examples=20)
@given(st.integers(2, 12), st.integers(0, 99))
def test_what_lies_in_a_plane_keeps_its_distances_and_nothing_grows(n: int, seed: int):
    flat = np.zeros((n, 8), np.float32)
    flat[:, 2:4] = unit(n, seed, 2)
    assert distances(plane(flat)) == pytest.approx(distances(flat), abs=1e-5)
    vectors = unit(n, seed)
    assert (distances(plane(vectors)) <= distances(vectors) + 1e-5).all()


@settings(max_examples=20)
@given(st.integers(3, 12), st.integers(0, 99))
def test_the_order_does_not_matter(n: int, seed: int):
    vectors = unit(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    assert plane(vectors[order]) == pytest.approx(plane(vectors)[order], abs=1e-5)


def test_few_have_a_place_too():
    for n in (0, 1):
        assert plane(unit(n, 0)).tolist() == [[0, 0]] * n
