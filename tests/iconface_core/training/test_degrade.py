"""Degradations: seeded, bounded, stronger is worse, and each operator against an independent one."""

import io
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kornia.filters import gaussian_blur2d
from PIL import Image
from torch import Tensor

from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.images.read import read_photo
from iconface_core.training.degradations.degrader import LEVELS, Degrader, DegradeRecipe, degrade_each, run_plans
from iconface_core.training.degradations.jpeg import jpeg
from iconface_core.training.degradations.operators import blur, noise, resize
from iconface_core.training.degradations.prints import dust, fade, halftone, scratches, tone
from iconface_core.training.degradations.steps import Draws, Step
from tests.support.narrow import of_type

OFF = DegradeRecipe(
    blur=0, shrink=0, noise=0, jpeg=0, toned=0, faded=0, halftone=0, dust=0, scratches=0
)  # fmt: skip
DIGITAL = DegradeRecipe(toned=0, faded=0, halftone=0, dust=0, scratches=0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, size: int = 64) -> Tensor:
    """Soft shapes with some sharp edges and texture, in [-1, 1]."""
    g = seeded(7)
    soft = torch.nn.functional.interpolate(torch.rand(count, 3, 6, 6, generator=g), (size, size), mode="bicubic")
    edges = torch.nn.functional.interpolate(torch.rand(count, 3, 12, 12, generator=g), (size, size), mode="nearest")
    return (soft * 0.7 + edges * 0.3).clamp(0, 1).mul(255).round().div(127.5).sub(1)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Per image, of pictures in [-1, 1]."""
    return 10 * torch.log10(4 / ((a - b) ** 2).flatten(1).mean(1).clamp(min=1e-9))


def test_same_seed_same_pictures_another_seed_others():
    clean, degrader = pictures(6), Degrader(DegradeRecipe())
    first, second = degrader(clean, seeded(3)), degrader(clean, seeded(3))
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.strength, second.strength)
    assert not torch.equal(first.images, degrader(clean, seeded(4)).images)


def test_the_generator_moves_on():
    clean, degrader, g = pictures(4), Degrader(DegradeRecipe()), seeded()
    assert not torch.equal(degrader(clean, g).images, degrader(clean, g).images)


@given(size=st.sampled_from([32, 64, 128]), strength=st.floats(0, 16), seed=st.integers(0, 2**31))
@settings(max_examples=40)
def test_results_are_eight_bit_pictures_of_the_same_shape(size: int, strength: float, seed: int):
    always = DegradeRecipe(
        blur=1, shrink=1, noise=1, jpeg=1, toned=0.5, faded=0.5, halftone=0.5, dust=0.5, scratches=0.5
    )
    clean = pictures(3, size)
    out = Degrader(always)(clean, seeded(seed), torch.full((3,), strength))
    assert out.images.shape == clean.shape
    assert out.images.min() >= -1
    assert out.images.max() <= 1
    if strength > 0:
        levels = (out.images + 1) * 127.5
        assert torch.allclose(levels, levels.round(), atol=1e-3)


@given(strength=st.floats(0, 16))
def test_nothing_switched_on_changes_nothing(strength: float):
    clean = pictures(2)
    out = Degrader(OFF)(clean, seeded(), torch.full((2,), strength))
    assert torch.equal(out.images, clean)
    assert torch.equal(out.target, clean)


def test_strength_zero_changes_nothing():
    clean = pictures(8)
    assert torch.equal(Degrader(DIGITAL)(clean, seeded(), torch.zeros(8)).images, clean)


def test_stronger_is_worse():
    clean, degrader = pictures(48), Degrader(DIGITAL)
    means = [
        float(psnr(degrader(clean, seeded(1), torch.full((48,), s)).images, clean).mean()) for s in (1, 3, 7, 15.0)
    ]
    assert all(weak > strong + 1 for weak, strong in pairwise(means)), means


def test_strengths_follow_the_papers_buckets():
    degrader = Degrader(OFF)
    strength = degrader(torch.zeros(4000, 3, 1, 1), seeded()).strength
    shares = [float(((strength >= low) & (strength <= high)).float().mean()) for low, high in ((0, 3), (4, 8), (9, 16))]
    assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert sum(shares) == pytest.approx(1)


def test_a_strength_outside_the_scale_is_refused():
    with pytest.raises(ValueError, match=r"0\.\.16"):
        Degrader(OFF)(pictures(2), seeded(), torch.tensor([3.0, 16.5]))


def test_a_batch_does_what_single_pictures_get():
    """Operators without chance, with other pictures waiting for them at other times."""
    clean = pictures(3)
    plans = [
        [Step(blur, None, (1.5, 0.7, 0.4, 0.0)), Step(resize, (32, "area"), ()), Step(resize, (64, "bicubic"), ())],
        [Step(resize, (32, "area"), ()), Step(blur, None, (0.5, 0.5, 0.0, 3.0)), Step(resize, (64, "bicubic"), ())],
        [],
    ]
    together = run_plans(clean, plans, seeded())
    for i, plan in enumerate(plans):
        alone = run_plans(clean[[i]], [plan], seeded())
        assert torch.allclose(together[[i]], alone, atol=1.01 * 2 / 255)
    assert torch.equal(together[2], clean[2])


def test_levels_depend_on_the_seed_of_each_picture_only():
    clean = pictures(4)
    together = degrade_each(clean, LEVELS["moderate"], [5, 6, 7, 8])
    assert torch.equal(degrade_each(clean[2:3], LEVELS["moderate"], [7])[0], together[2])
    turned = degrade_each(clean.flip(0), LEVELS["moderate"], [8, 7, 6, 5])
    assert torch.equal(turned.flip(0), together)


@pytest.mark.parametrize("quality", [15, 40, 75, 95])
def test_jpeg_loses_what_libjpeg_loses(quality: int):
    picture = (pictures(1, 128) + 1) / 2
    kept = []
    for _ in range(4):  # block grids differ
        ours = jpeg(picture, torch.tensor([[float(quality)]]), None, seeded(_))
        kept.append(float(psnr(ours * 2 - 1, picture * 2 - 1)))
    pixels = (picture[0].permute(1, 2, 0) * 255).round().byte().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    real = np.asarray(Image.open(file)).astype(float)
    theirs = 10 * math.log10(255**2 / float(((real - pixels) ** 2).mean()))
    assert np.mean(kept) == pytest.approx(theirs, abs=0.7)


def test_round_blur_is_kornias():
    picture = (pictures(2) + 1) / 2
    sigma = torch.tensor([1.2, 2.0])
    ours = blur(picture, torch.stack([sigma, sigma, torch.zeros(2), torch.zeros(2)], 1), None, seeded())
    theirs = gaussian_blur2d(picture, (17, 17), sigma[:, None].expand(2, 2))
    assert torch.allclose(ours[..., 8:-8, 8:-8], theirs[..., 8:-8, 8:-8], atol=4e-3)


@given(angle=st.floats(0, math.pi), length=st.floats(2, 12), along=st.floats(0, 3), across=st.floats(0, 3))
@settings(max_examples=30)
def test_any_blur_keeps_the_light_and_adds_its_variance(angle: float, length: float, along: float, across: float):
    """A soft spot stays in place; its spread grows by what was asked, in the direction asked (variances add)."""
    axis = torch.arange(64.0) - 31.5
    spot = torch.exp(-(axis[None] ** 2 + axis[:, None] ** 2) / (2 * 2.0**2))[None, None].expand(1, 3, 64, 64) / 2
    out = blur(spot, torch.tensor([[along, across, angle, length]]), None, seeded())[0, 0]
    assert float(out.sum()) == pytest.approx(float(spot[0, 0].sum()), rel=0.01)
    u = axis[None] * math.cos(angle) + axis[:, None] * math.sin(angle)
    v = axis[:, None] * math.cos(angle) - axis[None] * math.sin(angle)
    assert float((out * u**2).sum() / out.sum()) == pytest.approx(4 + along**2 + length**2 / 12, rel=0.06)
    assert float((out * v**2).sum() / out.sum()) == pytest.approx(4 + across**2, rel=0.06)


def test_noise_is_as_strong_as_asked_and_follows_the_light():
    grey = torch.full((4, 3, 96, 96), 0.5)
    grey[3] = 0.125
    values = torch.tensor([[0.05, 0, 0], [0.05, 0, 1], [0, 0.1, 0], [0, 0.1, 0]])
    added = noise(grey, values, None, seeded()) - grey
    assert added.std((1, 2, 3)).tolist() == pytest.approx([0.05, 0.05, 0.1 * 0.5**0.5, 0.1 * 0.125**0.5], rel=0.03)
    assert torch.equal(added[1, 0], added[1, 1])
    assert not torch.equal(added[0, 0], added[0, 1])


def test_black_and_white_prints_keep_their_tone_in_the_target():
    clean = pictures(8)
    out = Degrader(DegradeRecipe(toned=1))(clean, seeded(), torch.zeros(8))
    assert torch.equal(out.images, out.target)
    spread = (out.target + 1).amax(1) - (out.target + 1).amin(1)
    neutral = (spread.flatten(1).amax(1) < 0.01).sum()
    assert 0 < neutral < 8, "some neutral, some sepia"
    coloured = Degrader(DegradeRecipe(toned=1, keep_tone=False))(clean, seeded(), torch.zeros(8))
    assert torch.equal(coloured.target, clean)
    assert not torch.equal(coloured.images, clean)


@pytest.mark.parametrize(
    ("operator", "mild", "strong"),
    [
        (tone, (0.2,), (1.0,)),
        (fade, (0.1, 0.1, 0.1), (0.6, 0.4, 0.3)),
        (halftone, (3.0, 0.3, 0.1), (3.0, 0.3, 0.9)),
        (dust, (0.001, 0.5, 0.95), (0.02, 1.0, 0.95)),
        (scratches, (0.3, 0.3, 0.95), (1.5, 0.9, 0.95)),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_print_damage_grows_with_its_numbers(operator, mild, strong):
    picture = (pictures(6, 96) + 1) / 2

    def damage(values: tuple[float, ...]) -> Tensor:
        out = operator(picture, torch.tensor([values] * 6), None, seeded(2))
        assert out.shape == picture.shape
        assert out.min() >= 0
        assert out.max() <= 1
        return (out - (picture.mean(1, keepdim=True) if operator is tone else picture)).abs().mean()

    assert 0 < damage(mild) < damage(strong)


def test_fading_brings_colours_towards_the_paper():
    picture = (pictures(2) + 1) / 2
    faded = fade(picture, torch.full((2, 3), 0.5), None, seeded())
    assert torch.allclose(faded.std((2, 3)), picture.std((2, 3)) / 2, rtol=1e-3)


def test_draws_are_uniform_and_never_run_out_in_a_plan():
    from iconface_core.training.degradations.recipe import UNIFORMS, plan_damage, plan_tone

    everything = DegradeRecipe(blur=1, shrink=1, noise=1, jpeg=1, toned=1, faded=1, halftone=1, dust=1, scratches=1)
    g = np.random.default_rng(0)
    for _ in range(300):
        draws = Draws(g.random(UNIFORMS).tolist())
        everything.strength(draws)
        assert plan_tone(everything, draws)
        steps = plan_damage(everything, 12.0, 128, draws)
        assert len(steps) >= 9
        sizes = [of_type(tuple, s.structure)[0] for s in steps if s.operator is resize]
        assert sizes[-1] == 128


def test_levels_are_in_order():
    clean = pictures(24, 128)
    means = [float(psnr(degrade_each(clean, LEVELS[name], range(24)), clean).mean()) for name in LEVELS]
    assert list(LEVELS) == ["mild", "moderate", "severe"]
    assert means == sorted(means, reverse=True)


@pytest.mark.shared_data
def test_levels_on_real_faces(shared_data: Path):
    detector = YuNetDetector()
    crops = []
    for folder in sorted((shared_data / "lfw").iterdir())[::75][:60]:
        photo = read_photo(min(folder.glob("*.jpg"))).pixels
        crop = align_face(photo, detector.detect(photo)[0].landmarks, FFHQ_512).pixels
        crops.append(cv2.resize(crop, (128, 128), interpolation=cv2.INTER_AREA))
    clean = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2) / 127.5 - 1
    for name, expected in (("mild", 35), ("moderate", 27), ("severe", 22)):
        got = float(psnr(degrade_each(clean, LEVELS[name], range(len(clean))), clean).mean())
        assert got == pytest.approx(expected, abs=1.0), name


@pytest.mark.parametrize(
    "wrong",
    [
        {"blur": 1.2}, {"dust": -0.1}, {"buckets": ((0.0, 17.0, 1.0),)}, {"buckets": ((3.0, 1.0, 1.0),)},
        {"buckets": ((0.0, 3.0, 0.0),)}, {"buckets": ()}, {"jpeg_quality": 0.0}, {"shrink_factor": 0.5},
    ],
    ids=str,
)  # fmt: skip
def test_impossible_recipes_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DegradeRecipe(**wrong)


@pytest.mark.gpu
def test_works_on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    clean = pictures(8).cuda()
    g = torch.Generator("cuda").manual_seed(0)
    out = Degrader(DegradeRecipe())(clean, g)
    assert out.images.device == out.target.device == out.strength.device == clean.device
    assert torch.equal(out.images, Degrader(DegradeRecipe())(clean, torch.Generator("cuda").manual_seed(0)).images)
