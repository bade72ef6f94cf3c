"""Damage on purpose: always the same, and moderate."""

import numpy as np
import pytest

from iconface_core.faces.wear import worn
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import AlignedFace

SIDE = ARCFACE_112.size


def crop(pixels: np.ndarray) -> AlignedFace:
    return AlignedFace(pixels.astype(np.uint8), np.eye(2, 3, dtype=np.float32))


def test_the_same_face_is_worn_in_the_same_way_and_left_as_it_was():
    face = crop(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)))
    before = face.pixels.copy()
    one, other = worn(face), worn(face)
    assert (one.pixels == other.pixels).all()
    assert (face.pixels == before).all()
    assert one.pixels.shape == (SIDE, SIDE, 3)
    assert one.pixels.dtype == np.uint8
    assert one.from_photo is face.from_photo


@pytest.mark.parametrize("channel", range(3))
def test_colours_stay_and_detail_goes(channel: int):
    """Stripes of a pixel are gone, halves of the picture are there; red stays red."""
    pixels = np.zeros((SIDE, SIDE, 3))
    pixels[: SIDE // 2, ::2, channel] = 255
    out = worn(crop(pixels)).pixels.astype(float)
    middle = slice(30, SIDE - 30)
    assert out[10:40, middle, channel].mean() == pytest.approx(127, abs=8)
    assert out[SIDE - 40 : SIDE - 10, middle, channel].mean() == pytest.approx(0, abs=8)
    assert out[10:40, middle, channel].std() < 20
    assert out[10:40, middle, (channel + 1) % 3].mean() < 30
