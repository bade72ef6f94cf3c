"""Faded tones: what is corrected, by how much, and that it can be taken back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.types import RgbU8
from iconface_core.whole_photo.fading import Levels, ToneCurve, fading_of

ENDS = st.tuples(st.floats(-40, 120), st.floats(150, 255)).filter(lambda e: e[1] - e[0] <= 255)


def scene(height: int = 120, width: int = 160) -> RgbU8:
    """Dark to light in colour, as ordinary photos are."""
    y, x = np.mgrid[0:1:height*1j, 0:1:width*1j]  # fmt: skip
    x, y = (np.clip((i - 0.15) / 0.7, 0, 1) for i in (x, y))  # black and white are more than a corner
    red, green, blue = 255 * x, 255 * (0.5 * x + 0.5 * y), 255 * (1 - np.abs(x - y)) * (0.2 + 0.8 * x)
    return np.stack([red, green, blue], -1).round().astype(np.uint8)


def faded(photo: RgbU8, black: tuple[float, ...], gain: float = 0.5) -> RgbU8:
    return (photo * gain + np.array(black)).round().clip(0, 255).astype(np.uint8)


def error(a: RgbU8, b: RgbU8) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@given(st.tuples(ENDS, ENDS, ENDS), st.binary(min_size=48, max_size=48))
def test_a_curve_can_be_taken_back(ends: tuple[tuple[float, float], ...], data: bytes):
    curve = ToneCurve(*(Levels(*e) for e in ends))
    pixels = np.frombuffer(data, np.uint8).reshape(4, 4, 3)
    toned = curve.apply(pixels)
    back = curve.undo(toned)
    kept = (toned > 0) & (toned < 255)
    assert (np.abs(back.astype(int) - pixels)[kept] <= 1).all()


@given(ENDS)
def test_equal_levels_keep_grey_grey(ends: tuple[float, float]):
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    out = ToneCurve(*[Levels(*ends)] * 3).apply(grey)
    assert (out == out[..., :1]).all()


def test_a_photo_that_is_not_faded_is_left_alone():
    assert fading_of(scene()) is None


@pytest.mark.parametrize("black", [(70, 70, 70), (95, 70, 60)], ids=["grey veil", "red cast"])
def test_faded_colours_come_back(black: tuple[float, ...]):
    photo = scene()
    worn = faded(photo, black)
    curve = fading_of(worn)
    assert curve is not None
    assert error(curve.apply(worn), photo) < 0.35 * error(worn, photo)


def test_what_was_corrected_needs_nothing_more():
    worn = faded(scene(), (70, 70, 70))
    curve = fading_of(worn)
    assert curve is not None
    assert fading_of(curve.apply(worn)) is None


@pytest.mark.parametrize("tint", [(0, 0, 0), (9, 1, -18), (14, 0, -30)], ids=["grey", "cream", "sepia"])
def test_grey_stays_grey_and_sepia_as_brown_as_it_was(tint: tuple[int, ...]):
    worn = faded(np.repeat(scene()[..., 1:2], 3, axis=2), (60, 60, 60)) + np.array(tint)
    worn = worn.clip(0, 255).astype(np.uint8)
    curve = fading_of(worn)
    assert curve is not None
    toned = curve.apply(worn)
    middle = np.abs(toned[..., 1].astype(int) - 128) < 60
    assert np.abs((toned[middle].astype(int) - toned[middle][:, 1:2]).mean(0) - (np.array(tint) - tint[1])).max() <= 2
    if not any(tint):
        assert (toned == toned[..., :1]).all()


def test_the_tint_goes_where_that_is_asked_for():
    sepia = (np.repeat(scene()[..., 1:2], 3, axis=2) * np.array([1.0, 0.86, 0.68])).astype(np.uint8)
    worn = faded(sepia, (66, 60, 54))
    kept, removed = fading_of(worn), fading_of(worn, keep_tint=False)
    assert kept is not None
    assert removed is not None

    def tint(pixels: RgbU8) -> float:
        return float(pixels[..., 0].mean() - pixels[..., 2].mean())

    assert tint(removed.apply(worn)) < 0.5 * tint(worn) < tint(kept.apply(worn))


def test_a_veil_over_nearly_nothing_is_not_blown_up():
    worn = faded(scene(), (110, 110, 110), gain=0.12)
    curve = fading_of(worn)
    assert curve is not None
    assert 255 / (curve.green.white - curve.green.black) <= 2.2 + 1e-3


def test_the_correction_grows_with_the_loss_and_does_not_jump():
    gains = []
    for black in range(25, 70):
        curve = fading_of(faded(scene(), (black,) * 3, gain=0.8))
        gains.append(1.0 if curve is None else 255 / (curve.green.white - curve.green.black))
    assert gains[0] == 1.0
    assert max(np.diff(gains)) < 0.06
    assert gains[-1] > 1.15


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (30, 4000), (4000, 30)])
def test_any_shape(shape: tuple[int, int]):
    flat = np.full((*shape, 3), 128, np.uint8)
    assert fading_of(flat) is None
    assert fading_of(scene(*shape)) is None or shape[0] * shape[1] < 100


@pytest.mark.parametrize(("black", "white"), [(10.0, 10.0), (200.0, 10.0), (float("nan"), 255.0)])
def test_impossible_levels_are_refused(black: float, white: float):
    with pytest.raises(ValueError, match="lighter than black"):
        Levels(black, white)
