"""Where damage is found: tiles and sizes with a stand-in that answers what it is shown, scratches with the network."""

import cv2
import numpy as np
import pytest

from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate_verified
from iconface_core.restorers.nano.damage_finder import NanoDamageFinder
from iconface_core.types import F32, RgbU8
from iconface_core.whole_photo.damage_map import FINEST, damage_map, probabilities, sizes_of


def red(picture: RgbU8) -> F32:
    assert picture.shape[0] % 16 == 0
    assert picture.shape[1] % 16 == 0
    return red_of(picture)


@pytest.fixture(scope="module")
def finder() -> NanoDamageFinder:
    return NanoDamageFinder(locate_verified(NANO_FILE), threads=1)


def backdrop(height: int, width: int) -> RgbU8:
    """Smooth, with soft shapes and a little grain, as a studio portrait's background is."""
    rng = np.random.default_rng(5)
    soft = cv2.resize(
        rng.uniform(60, 150, (5, 5, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return (soft + rng.normal(0, 2, (height, width, 1))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (448, 449), (900, 30), (30, 1000)])
def test_tiles_cover_the_picture_exactly(shape: tuple[int, int]):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert (probabilities(picture, red, lambda: None) == red_of(picture)).all()


def red_of(picture: RgbU8) -> F32:
    return (picture[..., 0] / 255).astype(np.float32)


def test_large_photos_are_looked_at_in_several_sizes_small_ones_in_one():
    assert sizes_of(6000, 4000) == [(2560, 1707), (1280, 853), (640, 427), (320, 213)]
    assert sizes_of(300, 200) == [(300, 200)]
    assert sizes_of(20_000, 2)[0] == (FINEST, 1)
    assert sizes_of(1, 1) == [(1, 1)]


def test_progress_counts_every_tile_and_can_cancel():
    seen: list[tuple[int, int]] = []
    damage_map(backdrop(500, 700), red, on_step=lambda done, total: seen.append((done, total)))
    assert seen == [(i, len(seen)) for i in range(1, len(seen) + 1)]

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        damage_map(backdrop(500, 700), red, on_step=cancel)


def test_scratches_are_found_and_what_is_clean_is_not(finder: NanoDamageFinder):
    clean = backdrop(400, 520)
    worn, truth = clean.copy(), np.zeros((400, 520), np.uint8)
    for start, end in (((60, 40), (210, 300)), ((300, 60), (480, 210)), ((330, 380), (420, 250))):
        cv2.line(worn, start, end, (240, 238, 230), 2, cv2.LINE_AA)
        cv2.line(truth, start, end, 255, 2)
    found = damage_map(worn, finder)
    assert set(np.unique(found)) <= {0, 255}
    hit = (found > 0) & (truth > 0)
    assert hit.sum() > 0.6 * (truth > 0).sum()
    near = cv2.dilate(truth, np.ones((9, 9), np.uint8)) > 0
    assert (found > 0)[~near].mean() < 0.001
    assert (damage_map(clean, finder) > 0).mean() < 0.0005


def test_an_empty_picture_has_none():
    assert damage_map(np.zeros((0, 0, 3), np.uint8), red).shape == (0, 0)
