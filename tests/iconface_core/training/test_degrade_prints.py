"""Old prints: their damage, the mask that says where it hides something, and the target without it."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from iconface_core.errors import TrainConfigError
from iconface_core.training.degradations.defects import load_defects
from iconface_core.training.degradations.degrader import (
    HIDING,
    Degrader,
    DegradeRecipe,
    PrintWear,
    degrade_print_each,
    run_hiding,
)
from iconface_core.training.degradations.operators import noise, resize
from iconface_core.training.degradations.overlay import clouds, cracks, creases, missing, specks, stains, strokes
from iconface_core.training.degradations.prints import dust, halftone, scratches
from iconface_core.training.degradations.steps import Draws, Step
from iconface_core.training.degradations.tones import bleach, grain, silver, texture
from iconface_core.training.degradations.wear import WEAR_UNIFORMS, plan_wear

NO_WEAR = PrintWear(**dict.fromkeys((f.name for f in fields(PrintWear)), 0.0))
ALL_WEAR = PrintWear(**dict.fromkeys((f.name for f in fields(PrintWear)), 1.0))
STILL = DegradeRecipe(
    blur=0, shrink=0, noise=0, jpeg=0, toned=0, faded=0, halftone=0, dust=0, scratches=0, prints=1, wear=NO_WEAR
)  # fmt: skip
INK = (0.95, 0.93, 0.88)
HIDE = {
    "strokes": Step(strokes, 3, (0.8, 0.9, *INK, 0.9, 0.5, 2.0, 0.2, 0.0)),
    "transport": Step(strokes, 2, (0.5, 0.9, *INK, 2.0, 0.02, 0.3, 0.2, 1.0)),
    "fine specks": Step(specks, 1, (0.01, 0.9, *INK, 0.8)),
    "coarse specks": Step(specks, 3, (0.05, 0.9, *INK, 0.8)),
    "creases": Step(creases, 2, (0.7, 0.9, 0.3, 5.0, 1.0, 0.2)),
    "cracks": Step(cracks, 12, (0.4, 0.9, *INK, 0.8)),
    "stains": Step(stains, None, (0.2, 0.5, 0.7, 3.0, 0.6, 0.4, 0.3)),
    "corner": Step(missing, "corner", (0.3, 0.7, *INK, 1.0)),
    "hole": Step(missing, "hole", (0.2, 0.7, *INK, 0.0)),
    "dust": Step(dust, None, (0.01, 0.9, 0.95)),
    "scratches": Step(scratches, None, (0.8, 0.9, 0.95)),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, size: int = 64) -> Tensor:
    """Soft colours between dark and middle grey, in [-1, 1], so that light damage shows everywhere."""
    soft = torch.nn.functional.interpolate(
        torch.rand(count, 3, 6, 6, generator=seeded(7)), (size, size), mode="bicubic"
    )
    return (soft * 0.5).clamp(0, 1).mul(255).round().div(127.5).sub(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two kinds of defects as files with alpha: a disc in the middle and a bar."""
    for kind, box in (("dots", (100, 100, 200, 200)), ("scratches", (10, 145, 290, 155))):
        pixels = np.full((300, 300, 4), 255, np.uint8)
        pixels[..., 3] = 0
        left, top, right, bottom = box
        pixels[top:bottom, left:right, 3] = 255
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "1.png"), pixels)
    return tmp_path


@pytest.mark.parametrize("step", HIDE.values(), ids=HIDE)
@given(seed=st.integers(0, 2**31), size=st.sampled_from([32, 64, 96]))
@settings(max_examples=10)
def test_the_mask_is_where_the_picture_changed(step: Step, seed: int, size: int):
    clean = pictures(2, size)
    images, hidden = run_hiding(clean, [[step]] * 2, seeded(seed))
    assert hidden.shape == (2, 1, size, size)
    assert 0 <= hidden.min() <= hidden.max() <= 1
    changed = (images - clean).abs().amax(1, keepdim=True) * 127.5
    assert changed[hidden == 0].amax().nan_to_num() <= 1 if (hidden == 0).any() else True
    assert (changed[hidden > 0.5] >= 5).all()


@pytest.mark.parametrize("step", HIDE.values(), ids=HIDE)
def test_every_kind_of_damage_hides_something(step: Step):
    _, hidden = run_hiding(pictures(8), [[step]] * 8, seeded(1))
    assert hidden.amax() > 0.2
    assert 0 < hidden.mean() < 0.6


def test_the_mask_stays_in_full_size_and_place_through_a_scan():
    clean = pictures(4)
    scan = [Step(resize, (32, "area"), ()), Step(noise, None, (0.02, 0.0, 1.0)), Step(resize, (64, "bicubic"), ())]
    _, alone = run_hiding(clean, [[HIDE["creases"]]] * 4, seeded(2))
    scanned, hidden = run_hiding(clean, [[HIDE["creases"], *scan]] * 4, seeded(2))
    assert torch.equal(alone, hidden)
    changed = (scanned - clean).abs().mean(1, keepdim=True)
    assert changed[hidden > 0.8].mean() > 4 * changed[hidden == 0].mean()


def test_masks_of_several_defects_are_united_and_pictures_without_any_are_left_alone():
    plans = [[HIDE["hole"], HIDE["strokes"]], [], [HIDE["hole"]]]
    clean = pictures(3)
    images, hidden = run_hiding(clean, plans, seeded(3))
    assert torch.equal(images[1], clean[1])
    assert not hidden[1].any()
    _, first = run_hiding(clean, [plans[0][:1], [], plans[2]], seeded(3))
    assert (hidden[0] >= first[0]).all()
    assert hidden[0].sum() > first[0].sum()


@pytest.mark.parametrize(
    ("operator", "structure", "mild", "strong"),
    [
        (bleach, None, (0.1, 0.1, 0.1, 0.3, 0.9, 0.9, 0.7, 1.0), (0.6, 0.5, 0.5, 0.3, 0.9, 0.9, 0.7, 1.0)),
        (silver, None, (0.2, 0.8), (0.9, 0.8)),
        (texture, "silk", (4.0, 0.3, 0.05), (4.0, 0.3, 0.3)),
        (texture, "linen", (4.0, 0.3, 0.05), (4.0, 0.3, 0.3)),
        (texture, "matte", (4.0, 0.3, 0.02), (4.0, 0.3, 0.1)),
        (grain, None, (0.01, 0.0), (0.06, 0.0)),
        (grain, None, (0.01, 1.0), (0.06, 1.0)),
        (halftone, "grey", (3.0, 0.3, 0.1), (3.0, 0.3, 0.9)),
    ],
)
def test_damage_of_all_of_a_print_grows_with_its_numbers_and_hides_nothing(operator, structure, mild, strong):
    clean = pictures(4)

    def damage(values: tuple[float, ...]) -> float:
        images, hidden = run_hiding(clean, [[Step(operator, structure, values)]] * 4, seeded(1))
        assert not hidden.any()
        assert images.abs().max() <= 1
        return float((images - clean).abs().mean())

    assert 0 < damage(mild) < damage(strong)


def test_grain_is_as_strong_as_asked_coarser_than_a_pixel_and_weaker_in_black():
    grey = torch.full((3, 3, 128, 128), 0.5)
    grey[2] = 0.02
    added = grain(grey, torch.tensor([[0.05, 0.0], [0.05, 1.0], [0.05, 0.0]]), None, seeded()) - grey
    assert added[:2].std((1, 2, 3)).tolist() == pytest.approx([0.05, 0.05], rel=0.15)
    assert added[2].std() < added[0].std() / 2
    neighbours = [
        float(torch.corrcoef(torch.stack([a[0, :, 1:].flatten(), a[0, :, :-1].flatten()]))[0, 1]) for a in added
    ]
    assert neighbours[0] > 0.4
    assert neighbours[1] > neighbours[0]


def test_a_screen_of_one_ink_adds_no_colour():
    grey = torch.rand(2, 1, 48, 48, generator=seeded()).expand(-1, 3, -1, -1)
    values = torch.tensor([[3.0, 0.4, 0.8]] * 2)
    assert torch.equal(*(halftone(grey, values, "grey", seeded())[:, c] for c in (0, 2)))
    assert not torch.equal(*(halftone(grey, values, None, seeded())[:, c] for c in (0, 2)))


@given(cells=st.integers(2, 40), size=st.sampled_from([32, 65, 128]), seed=st.integers(0, 2**31))
@settings(max_examples=20)
def test_clouds_stay_within_bounds_and_are_smooth(cells: int, size: int, seed: int):
    out = clouds(torch.zeros(2, 3, size, size), seeded(seed), 2, cells)
    assert out.shape == (2, 2, size, size)
    assert out.min() >= 0
    assert out.max() <= 1 + 1e-5
    assert (out.diff(dim=3).abs() <= 1.5 * cells / (size - 1) + 1e-4).all()


def test_real_defects_are_stamped_where_the_mask_says(folder: Path):
    defects = load_defects(folder)
    assert defects.kinds == ("dots", "scratches")
    clean = pictures(16)
    images, hidden = run_hiding(clean, [[Step(defects, "dots", (0.6, 1.0, *INK))]] * 16, seeded(5))
    assert (images - clean)[(hidden == 0).expand_as(images)].abs().max() <= 1.01 / 127.5
    assert torch.allclose(images[(hidden == 1).expand_as(images)], torch.tensor(2.0) * 0.92 - 1, atol=0.1)
    area = float((hidden > 0.5).float().mean((1, 2, 3)).max())  # of one that is wholly inside: a third of 0.6, squared
    assert area == pytest.approx(0.04, rel=0.2)
    again, _ = run_hiding(clean, [[Step(defects, "dots", (0.6, 1.0, *INK))]] * 16, seeded(5))
    assert torch.equal(images, again)


def test_a_folder_without_defects_is_named(tmp_path: Path):
    (tmp_path / "dots").mkdir()
    cv2.imwrite(str(tmp_path / "dots" / "opaque.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "dots" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(TrainConfigError, match=tmp_path.name):
        Degrader(replace(STILL, defects=str(tmp_path)))


def test_without_prints_the_random_numbers_are_those_of_before():
    clean = pictures(4)
    plain, ignored = DegradeRecipe(), DegradeRecipe(wear=ALL_WEAR)
    g, h = seeded(4), seeded(4)
    first, second = Degrader(plain)(clean, g), Degrader(ignored)(clean, h)
    assert torch.equal(first.images, second.images)
    assert torch.equal(g.get_state(), h.get_state())


def test_as_many_prints_as_asked_and_the_others_as_they_were():
    clean = pictures(400, 16)
    recipe = replace(STILL, prints=0.25, wear=replace(NO_WEAR, missing=1))
    out = Degrader(recipe)(clean, seeded(), torch.ones(400))
    worn = (out.images != clean).flatten(1).any(1)
    assert float(worn.float().mean()) == pytest.approx(0.25, abs=0.07)
    assert not out.damage[~worn].any()


@given(size=st.sampled_from([32, 64]), strength=st.floats(0, 16), seed=st.integers(0, 2**31))
@settings(max_examples=6)
def test_a_print_with_everything_is_still_an_eight_bit_picture(size: int, strength: float, seed: int):
    clean = pictures(3, size)
    degrader = Degrader(DegradeRecipe(prints=1, wear=ALL_WEAR))
    out = degrader(clean, seeded(seed), torch.full((3,), strength))
    levels = (out.images + 1) * 127.5
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    assert out.images.abs().max() <= 1
    assert out.damage.shape == (3, 1, size, size)
    assert out.damage.any()
    again = degrader(clean, seeded(seed), torch.full((3,), strength))
    assert torch.equal(out.images, again.images)
    assert torch.equal(out.damage, again.damage)


def test_the_target_has_the_prints_tone_but_none_of_its_damage():
    clean = pictures(6)
    worn = Degrader(replace(STILL, wear=replace(ALL_WEAR, toned=1)))(clean, seeded(1), torch.full((6,), 4.0))
    only_toned = Degrader(replace(STILL, wear=replace(NO_WEAR, toned=1)))(clean, seeded(1), torch.zeros(6))
    assert torch.equal(worn.target, only_toned.images)
    assert not torch.equal(worn.target, clean)
    coloured = Degrader(replace(STILL, wear=replace(ALL_WEAR, toned=0)))(clean, seeded(1), torch.full((6,), 4.0))
    assert torch.equal(coloured.target, clean)
    kept = Degrader(replace(STILL, keep_tone=False, wear=ALL_WEAR))(clean, seeded(1))
    assert torch.equal(kept.target, clean)


def test_plans_never_run_out_of_random_numbers(folder: Path):
    defects, rng = load_defects(folder), np.random.default_rng(0)
    for _ in range(300):
        draws = Draws(rng.random(WEAR_UNIFORMS - 6).tolist())  # six are used before
        steps = plan_wear(ALL_WEAR, 2.0, 128, bool(rng.integers(2)), defects, draws)
        assert len(steps) >= 18
        assert any(s.operator in HIDING for s in steps)


def test_the_level_of_old_prints_is_fixed_by_the_seed_of_each_picture():
    clean = pictures(4, 128)
    together = degrade_print_each(clean, [5, 6, 7, 8])
    alone = degrade_print_each(clean[2:3], [7])
    for name in ("images", "target", "damage"):
        assert torch.equal(getattr(alone, name)[0], getattr(together, name)[2])
    assert not torch.equal(together.images, degrade_print_each(clean, [1, 2, 3, 4]).images)


def test_the_level_of_old_prints_is_mostly_toned_and_always_damaged():
    out = degrade_print_each(pictures(80, 32), range(80))
    rgb = (out.target + 1) / 2
    flat = (rgb / rgb.mean(1, keepdim=True).clamp(min=0.02)).flatten(2).std(2).mean(1) < 0.05  # one tint everywhere
    assert float(flat.float().mean()) == pytest.approx(0.6, abs=0.12)
    assert (out.damage.flatten(1).amax(1) > 0.3).float().mean() > 0.95
    assert (out.images - out.target).abs().flatten(1).mean(1).min() > 0.01


@pytest.mark.parametrize("wrong", [{"prints": 1.5}, {"prints": -1.0}])
def test_impossible_parts_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="prints"):
        DegradeRecipe(**wrong)
    with pytest.raises(ValueError, match="hair"):
        PrintWear(hair=wrong["prints"])


@pytest.mark.shared_data
def test_the_collection_of_film_defects_can_be_used(shared_data: Path):
    defects = load_defects(shared_data / "film_damage")
    assert len(defects.kinds) == 10
    clean = pictures(10)
    _, hidden = run_hiding(clean, [[Step(defects, kind, (1.5, 1.0, *INK))] for kind in defects.kinds], seeded(1))
    assert (hidden.flatten(1).amax(1) > 0.05).sum() >= 8
