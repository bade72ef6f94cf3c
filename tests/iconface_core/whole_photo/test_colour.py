"""Colours change nothing but chroma."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.types import F32, RgbU8
from iconface_core.whole_photo.colour import coloured, is_grey_photo


def light(pixels: RgbU8) -> F32:
    out: F32 = cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)[..., 0]
    return out


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(-128, 128), st.floats(-128, 128), st.booleans())
def test_every_pixel_stays_as_light_as_it_was(seed: int, a: float, b: float, toned: bool):
    rng = np.random.default_rng(seed)
    photo = np.repeat(rng.integers(0, 256, (40, 50, 1), np.uint8), 3, axis=2)
    if toned:
        photo[..., 2] = photo[..., 2] // 2
    chroma = (np.array([a, b]) * rng.uniform(0, 1, (7, 9, 1))).astype(np.float32)
    out = coloured(photo, chroma)
    assert np.abs(light(out) - light(photo)).max() < 0.45, "half a step of eight bits"


def test_without_chroma_grey_stays_as_it_is():
    photo = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert (coloured(photo, np.zeros((4, 4, 2), np.float32)) == photo).all()


def test_colours_lie_where_they_were_meant():
    photo = np.full((600, 80, 3), 120, np.uint8)
    chroma = np.zeros((6, 2, 2), np.float32)
    chroma[3:, :, 0] = 50
    out = coloured(photo, chroma).astype(int)
    assert (out[:200] == 120).all()
    assert (out[400:, :, 0] > out[400:, :, 1] + 40).all(), "red below"


def test_what_is_a_grey_photo():
    rng = np.random.default_rng(1)
    grey = np.repeat(rng.integers(0, 256, (60, 60, 1), np.uint8), 3, axis=2)
    sepia = (grey * np.array([1, 0.85, 0.65])).astype(np.uint8)
    assert is_grey_photo(grey)
    assert is_grey_photo(sepia)
    assert not is_grey_photo(rng.integers(0, 256, (60, 60, 3), np.uint8))
