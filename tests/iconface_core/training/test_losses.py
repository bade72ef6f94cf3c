"""The losses of nano: zero for the truth, growing with the error, and blind to what they should not see."""

import pytest
import torch
from torch.nn import functional

from iconface_core.training.recipes.face_encoder import TorchSFace
from iconface_core.training.recipes.losses import by_damage, by_strength, identity_losses, pixel_losses

ONES = torch.ones(2)


def picture(seed: int) -> torch.Tensor:
    coarse = torch.rand(2, 3, 10, 10, generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(coarse, size=(128, 128), mode="bicubic").clamp(0, 1) * 2 - 1


def test_the_truth_costs_nothing_and_more_error_costs_more() -> None:
    truth, other = picture(1), picture(2)
    assert all(float(v) == 0 for v in pixel_losses(truth, truth, ONES).values())
    near = pixel_losses(truth + 0.1 * (other - truth), truth, ONES)
    far = pixel_losses(truth + 0.5 * (other - truth), truth, ONES)
    assert all(float(near[name]) < float(far[name]) for name in near)


def test_a_shift_of_brightness_is_no_error_of_the_gradient() -> None:
    truth = picture(1)
    losses = pixel_losses(truth + 0.2, truth, ONES)
    assert float(losses["gradient"]) == pytest.approx(0, abs=1e-5)
    assert float(losses["pixels"]) == pytest.approx(0.2, abs=1e-5)


def test_weights_grow_with_the_damage() -> None:
    weights = by_strength(torch.tensor([0.0, 4.0, 16.0, 30.0]), 0.2)
    assert weights.tolist() == pytest.approx([0.2, 0.4, 1.0, 1.0])


def test_a_tenth_less_error_counts_the_same_on_any_face_or_as_much_as_the_error_is_large() -> None:
    truth = picture(1)
    shift = torch.tensor([0.03, 0.48])[:, None, None, None]  # with the negligible .02: .05 and .5
    as_it_is = by_damage(truth + shift, truth, 0.0)
    even = by_damage(truth + shift, truth, 1.0)
    assert as_it_is.tolist() == pytest.approx([1, 1])
    assert even.tolist() == pytest.approx([2 * 10 / 11, 2 / 11], rel=1e-4)
    first_only = pixel_losses(truth + shift, truth, torch.tensor([1.0, 0.0]))["pixels"]
    assert float(first_only) == pytest.approx(0.03 / 2, rel=1e-4)


def test_identity_asks_for_the_right_person() -> None:
    encoder = TorchSFace()
    truth, other = picture(1), picture(2)
    vectors = functional.normalize(encoder(truth), dim=1)
    right = identity_losses(encoder, truth, truth, vectors, ONES, features=True)
    wrong = identity_losses(encoder, other, truth, vectors, ONES, features=True)
    assert float(right["identity"]) == pytest.approx(0, abs=1e-4)
    assert float(right["features"]) == pytest.approx(0, abs=1e-5)
    assert float(wrong["identity"]) > 0.05
    assert float(wrong["features"]) > 0.05
    assert "features" not in identity_losses(encoder, truth, truth, vectors, ONES, features=False)
