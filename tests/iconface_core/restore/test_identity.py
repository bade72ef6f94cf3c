"""The anchor's algebra, as stated in method 1.3."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.restore.identity import arcface_crop, paper_anchor, pool_anchor, reference_weights
from iconface_core.types import AlignedFace

raw_embeddings = st.tuples(st.integers(0, 10_000), st.integers(1, 8)).map(
    lambda a: torch.randn(a[1], 16, generator=torch.Generator().manual_seed(a[0])).double() * 5
)


def split(raw):
    norms = raw.norm(dim=-1)
    return raw / norms[:, None], norms


@settings(deadline=None)
@given(raw_embeddings)
def test_at_t_one_the_anchor_is_the_direction_of_the_sum(raw):
    torch.testing.assert_close(paper_anchor(*split(raw)), torch.nn.functional.normalize(raw.sum(0), dim=0))


@settings(deadline=None)
@given(raw_embeddings)
def test_t_to_zero_takes_the_best_reference_and_t_to_infinity_the_mean(raw):
    vectors, norms = split(raw)
    best = vectors[norms.argmax()]
    gap = norms.sort().values
    if len(norms) == 1 or gap[-1] / gap[-2] > 1.01:
        torch.testing.assert_close(paper_anchor(vectors, norms, 1e-4), best, atol=1e-5, rtol=1e-5)
    mean = torch.nn.functional.normalize(vectors.mean(0), dim=0)
    torch.testing.assert_close(paper_anchor(vectors, norms, 1e9), mean, atol=1e-6, rtol=1e-6)


@settings(deadline=None)
@given(raw_embeddings, st.randoms(use_true_random=False), st.floats(0.2, 5))
def test_the_order_of_references_does_not_matter(raw, random, temperature):
    vectors, norms = split(raw)
    order = list(range(len(raw)))
    random.shuffle(order)
    torch.testing.assert_close(
        paper_anchor(vectors, norms, temperature), paper_anchor(vectors[order], norms[order], temperature)
    )


@settings(deadline=None)
@given(raw_embeddings, st.floats(0.2, 5))
def test_weights_are_a_power_of_the_norm(raw, temperature):
    _, norms = split(raw)
    expected = norms ** (1 / temperature)
    torch.testing.assert_close(reference_weights(norms, temperature), expected / expected.sum())


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="positive"):
        reference_weights(torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="no embeddings"):
        pool_anchor([], [], rule="paper", temperature=1.0)


def test_arcface_crop_is_what_alignment_by_landmarks_gives():
    """Landmarks exactly on the FFHQ template: the fixed similarity and `align_face` must agree."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (16, 16, 3)).astype(np.float32)
    pixels = np.kron(coarse, np.ones((32, 32, 1))).astype(np.uint8)
    expected = align_face(pixels, FFHQ_512.points, ARCFACE_112).pixels
    got = arcface_crop(AlignedFace(pixels, np.eye(2, 3, dtype=np.float32))).pixels
    assert got.shape == (112, 112, 3)
    assert np.abs(got.astype(int) - expected.astype(int)).mean() < 4
