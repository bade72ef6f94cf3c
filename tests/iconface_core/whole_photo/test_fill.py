"""What is marked is filled in from around it; nothing else changes."""

import numpy as np
import pytest

from iconface_core.types import RgbU8
from iconface_core.whole_photo.fill import filled


def ramp(height: int, width: int) -> RgbU8:
    y, x = np.mgrid[0:1:height*1j, 0:1:width*1j]  # fmt: skip
    return (40 + 150 * np.stack([x, y, (x + y) / 2], -1)).astype(np.uint8)


def scratched(photo: RgbU8) -> tuple[RgbU8, np.ndarray]:
    """A white line from side to side, five pixels wide."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    middle = photo.shape[0] // 2
    mask[middle - 2 : middle + 3] = 255
    worn = photo.copy()
    worn[mask > 0] = 250
    return worn, mask


@pytest.mark.parametrize("shape", [(60, 90), (40, 1700), (1700, 64)], ids=["small", "panorama", "upright panorama"])
def test_a_scratch_goes_and_nothing_else_changes(shape: tuple[int, int]):
    photo = ramp(*shape)
    worn, mask = scratched(photo)
    out = filled(worn, mask)
    assert (out[mask == 0] == worn[mask == 0]).all()
    assert np.abs(out.astype(int) - photo)[mask > 0].max() < 16
    assert worn.max() == 250, "the photo itself stays as it is"


def test_a_filled_place_is_as_grainy_as_its_surroundings():
    rng = np.random.default_rng(3)
    grain = rng.normal(0, 9, (200, 300, 1))
    photo = np.clip(120 + np.repeat(grain, 3, axis=2), 0, 255).astype(np.uint8)
    mask = np.zeros((200, 300), np.uint8)
    mask[80:110, 40:260] = 255
    out = filled(photo, mask, seed=1)
    inside = out[85:105, 50:250].astype(float)
    assert 0.5 * photo.std() < inside.std() < 1.2 * photo.std()
    assert (out[..., 0] == out[..., 1]).all(), "grey stays grey"
    assert (out == filled(photo, mask, seed=1)).all()
    assert (out != filled(photo, mask, seed=2)).any()


def test_nothing_marked_changes_nothing():
    photo = ramp(50, 70)
    assert (filled(photo, np.zeros((50, 70), np.uint8)) == photo).all()


def test_one_pixel_can_be_filled_from_one_other():
    photo = np.array([[[10, 20, 30], [255, 255, 255]]], np.uint8)
    out = filled(photo, np.array([[0, 255]], np.uint8))
    assert (out[0, 0] == photo[0, 0]).all()
    assert np.abs(out[0, 1].astype(int) - photo[0, 0]).max() <= 2


def test_what_cannot_be_filled_is_refused():
    with pytest.raises(ValueError, match="7 x 5"):
        filled(ramp(50, 70), np.zeros((5, 7), np.uint8))
    with pytest.raises(ValueError, match="all of the photo"):
        filled(ramp(5, 7), np.full((5, 7), 255, np.uint8))
