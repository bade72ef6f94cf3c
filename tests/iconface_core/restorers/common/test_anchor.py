"""The anchor's algebra, as stated in method 1.3."""

from itertools import pairwise
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.restorers.common.anchor import (
    ANCHOR_RULES,
    OwnFace,
    adaptive_anchor,
    arcface_crop,
    paper_anchor,
    pool_anchor,
    reference_weights,
)
from iconface_core.restorers.iconface.config import IdentityConfig
from iconface_core.types import AlignedFace

raw_embeddings = st.tuples(st.integers(0, 10_000), st.integers(1, 8)).map(
    lambda a: torch.randn(a[1], 16, generator=torch.Generator().manual_seed(a[0])).double() * 5
)


def split(raw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    norms = raw.norm(dim=-1)
    return raw / norms[:, None], norms


@given(raw_embeddings)
def test_at_t_one_the_anchor_is_the_direction_of_the_sum(raw):
    torch.testing.assert_close(paper_anchor(*split(raw)), torch.nn.functional.normalize(raw.sum(0), dim=0))


@given(raw_embeddings)
def test_t_to_zero_takes_the_best_reference_and_t_to_infinity_the_mean(raw):
    vectors, norms = split(raw)
    best = vectors[norms.argmax()]
    gap = norms.sort().values
    if len(norms) == 1 or gap[-1] / gap[-2] > 1.01:
        torch.testing.assert_close(paper_anchor(vectors, norms, 1e-4), best, atol=1e-5, rtol=1e-5)
    mean = torch.nn.functional.normalize(vectors.mean(0), dim=0)
    torch.testing.assert_close(paper_anchor(vectors, norms, 1e9), mean, atol=1e-6, rtol=1e-6)


@given(raw_embeddings, st.randoms(use_true_random=False), st.floats(0.2, 5))
def test_the_order_of_references_does_not_matter(raw, random, temperature):
    vectors, norms = split(raw)
    order = list(range(len(raw)))
    random.shuffle(order)
    torch.testing.assert_close(
        paper_anchor(vectors, norms, temperature), paper_anchor(vectors[order], norms[order], temperature)
    )


@given(raw_embeddings, st.floats(0.2, 5))
def test_weights_are_a_power_of_the_norm(raw, temperature):
    _, norms = split(raw)
    expected = norms ** (1 / temperature)
    torch.testing.assert_close(reference_weights(norms, temperature), expected / expected.sum())


own_vectors = st.integers(0, 10_000).map(
    lambda seed: torch.nn.functional.normalize(
        torch.randn(16, generator=torch.Generator().manual_seed(seed)).double(), dim=0
    )
)


@given(raw_embeddings, own_vectors, st.floats(0.2, 5))
def test_a_hopeless_face_leaves_the_papers_anchor_exactly(raw, own, temperature):
    vectors, norms = split(raw)
    anchor = adaptive_anchor(vectors, norms, temperature, OwnFace(own, 0.0))
    assert torch.equal(anchor, paper_anchor(vectors, norms, temperature))


@given(raw_embeddings, own_vectors, st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_a_better_face_never_moves_the_anchor_away_from_itself(raw, own, qualities):
    vectors, norms = split(raw)
    similarity = [float(adaptive_anchor(vectors, norms, 1.0, OwnFace(own, q)) @ own) for q in sorted(qualities)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(similarity))


@given(raw_embeddings, own_vectors)
def test_a_clean_face_is_its_own_anchor(raw, own):
    torch.testing.assert_close(adaptive_anchor(*split(raw), 1.0, OwnFace(own, 1.0)), own)


@given(raw_embeddings, own_vectors, st.floats(0, 1), st.randoms(use_true_random=False))
def test_the_adaptive_anchor_is_unit_and_does_not_care_for_the_order(raw, own, quality, random):
    vectors, norms = split(raw)
    order = list(range(len(raw)))
    random.shuffle(order)
    anchor = adaptive_anchor(vectors, norms, 1.0, OwnFace(own, quality))
    torch.testing.assert_close(anchor.norm(), torch.ones_like(anchor.norm()))
    torch.testing.assert_close(anchor, adaptive_anchor(vectors[order], norms[order], 1.0, OwnFace(own, quality)))


@pytest.mark.parametrize("rule", ANCHOR_RULES)
def test_without_references_the_anchor_is_the_face_itself(rule):
    own = torch.nn.functional.normalize(torch.arange(1.0, 9.0), dim=0)
    for quality in (0.0, 0.4, 1.0):
        anchor = pool_anchor([], [], rule=rule, temperature=1.0, own=OwnFace(own, quality))
        torch.testing.assert_close(anchor, own)


def test_every_rule_can_be_configured():
    assert set(get_args(get_type_hints(IdentityConfig)["anchor"])) == set(ANCHOR_RULES)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="own embedding"):
        adaptive_anchor(torch.eye(3), torch.ones(3))
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
