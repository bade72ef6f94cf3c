"""Damage of every kind leaves a picture the same picture; other pictures, and other moments, are not."""

import io
import itertools
from datetime import datetime

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from iconface_core.images.perceptual_hash import perceptual_hash
from iconface_core.images.same_picture import NEAR, Pictures, distance

NOON = datetime(2001, 2, 3, 12)


def scene(seed: int, height: int = 360, width: int = 480) -> np.ndarray:
    """Blotches of many sizes, as photos have them: the larger, the stronger."""
    rng = np.random.default_rng(seed)
    out = np.zeros((height, width, 3), np.float32)
    for n in (3, 6, 12, 24, 48):
        out += cv2.resize(rng.uniform(-1, 1, (n, n, 3)).astype(np.float32), (width, height)) * 90 / n**0.5
    return np.clip(out + 128, 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def ruined(pixels: np.ndarray) -> np.ndarray:
    small = cv2.resize(pixels, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).normal(0, 8, small.shape)
    return jpeg(np.clip(small + noise, 0, 255).astype(np.uint8), 30)


DAMAGE = {
    "compressed": lambda p: jpeg(p, 10),
    "small": lambda p: cv2.resize(p, (100, 75), interpolation=cv2.INTER_AREA),
    "ruined": ruined,
    "faded": lambda p: (p * (0.6, 0.55, 0.5) + 60).astype(np.uint8),
    "cut": lambda p: p[12:-6, 8:-16],
    "framed": lambda p: cv2.copyMakeBorder(p, 25, 25, 25, 25, cv2.BORDER_CONSTANT, value=(246, 244, 238)),
    "turned": lambda p: cv2.warpAffine(p, cv2.getRotationMatrix2D((240, 180), 1.0, 1), (480, 360)),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_damaged_copy_is_the_same_picture(damage: str, seed: int):
    picture = scene(seed)
    assert distance(perceptual_hash(picture), perceptual_hash(DAMAGE[damage](picture))) <= NEAR


def test_other_pictures_are_others():
    hashes = [perceptual_hash(scene(seed)) for seed in range(40)]
    assert min(distance(a, b) for a, b in itertools.combinations(hashes, 2)) > NEAR


def test_it_does_not_matter_how_small_a_photo_was_decoded():
    picture = scene(4, 1500, 2000)
    reduced = cv2.resize(picture, (500, 375), interpolation=cv2.INTER_AREA)
    assert distance(perceptual_hash(picture), perceptual_hash(reduced)) <= NEAR // 4


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 900, 3), (3000, 2, 3), (128, 128, 3)])
def test_any_shape_has_a_hash(shape: tuple[int, int, int]):
    assert len(perceptual_hash(np.zeros(shape, np.uint8))) == 48


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (NOON, NOON, True),
        (NOON, None, True),
        (NOON, NOON.replace(second=1), False),
        (NOON, NOON.replace(second=59), False),
        (NOON, NOON.replace(year=2020), True),
        (NOON.replace(hour=0), NOON.replace(hour=0, second=5), True),
    ],
    ids=["a copy", "a copy without its date", "a burst", "the end of a burst", "a scan", "a mere date"],
)
def test_clocks_tell_moments_of_a_burst(a: datetime | None, b: datetime | None, same: bool):
    look = perceptual_hash(scene(1))
    pictures = Pictures.of([3, 9], look + look, [a, b])
    assert pictures.same(np.array([3]), np.array([9])).tolist() == [same]
    assert pictures.like(look, a).tolist() == ([3, 9] if same else [3])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.data())
def test_pairs_are_symmetric_and_unknown_photos_like_none(seeds: list[int], data: st.DataObject):
    hashes = [np.random.default_rng(s // 3).bytes(48) for s in seeds]
    ids = sorted(data.draw(st.sets(st.integers(1, 99), min_size=len(seeds), max_size=len(seeds))))
    pictures = Pictures.of(ids, b"".join(hashes), [None] * len(ids))
    a, b = (np.array(x) for x in zip(*itertools.product([*ids, 100], [*ids, 100]), strict=True))
    same = pictures.same(a, b)
    assert (same == pictures.same(b, a)).all()
    known = dict(zip(ids, hashes, strict=True))
    for x, y, found in zip(a.tolist(), b.tolist(), same.tolist(), strict=True):
        assert found == (x != y and x in known and y in known and distance(known[x], known[y]) <= NEAR)
