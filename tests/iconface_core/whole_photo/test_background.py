"""Noise goes and detail stays, with the network that ships; clear photos are not touched, and faces can be kept."""

import cv2
import numpy as np
import pytest

from iconface_core.restorers.waifu2x.photo import Waifu2xPhotos
from iconface_core.types import BBox, RgbU8
from iconface_core.whole_photo.background import cleaned, enlarged, keep_faces, measure_noise
from iconface_core.whole_photo.tiles import TILE


def scene(height: int = 110, width: int = TILE + 100) -> RgbU8:
    """A slope on the upper half, cloth of fine threads on the lower."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = 60 + 120 * x / width
    threads = 22 * np.sign(np.sin(x * 1.1)) * (y > height / 2)
    sensor = np.random.default_rng(0).normal(0, 0.6, (height, width))
    return np.repeat((light + threads + sensor)[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)


def noisy(photo: RgbU8, sigma: float) -> RgbU8:
    noise = np.random.default_rng(1).normal(0, sigma, photo.shape)
    return (photo + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def cleaner() -> Waifu2xPhotos:
    return Waifu2xPhotos()


def far(a: RgbU8, b: RgbU8) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b) ** 2)))


def test_noise_goes_detail_stays_and_tiles_are_not_seen(cleaner: Waifu2xPhotos):
    truth = scene()
    worn = noisy(truth, 8)
    noise = measure_noise(worn)
    assert 4 < noise.sigma < 9
    out = cleaned(worn, noise, cleaner)
    upper, lower = np.s_[5:45], np.s_[65:105]
    assert far(out[upper], truth[upper]) < 0.45 * far(worn[upper], truth[upper])
    contrast = [np.abs(np.diff(p[lower, :, 1].astype(float), axis=1)).mean() for p in (truth, out)]
    assert contrast[1] > 0.75 * contrast[0], "the threads are there"
    error = (out.astype(float) - truth)[upper].mean((0, 2))
    assert abs(error[TILE - 20 : TILE].mean() - error[TILE : TILE + 20].mean()) < 0.5
    steps = np.abs(np.diff(out[upper].astype(float), axis=1)).mean((0, 2))
    assert steps[TILE - 10 : TILE + 10].max() < 2 * steps[:-1].mean() + 0.5


def test_it_can_be_enlarged(cleaner: Waifu2xPhotos):
    truth = scene(64, 96)
    out = np.concatenate(list(enlarged(truth, cleaner)))
    assert out.shape == (128, 192, 3)
    assert far(cv2.resize(out, (96, 64), interpolation=cv2.INTER_AREA)[:25], truth[:25]) < 3


def test_what_counts_as_noise():
    clear = scene()
    assert not measure_noise(clear).seen
    assert measure_noise(noisy(clear, 5)).seen
    soft = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (200, 200, 3)).astype(np.float32), (0, 0), 4)
    clouds = (128 + 40 * soft / soft.std()).clip(0, 255).astype(np.uint8)
    assert not measure_noise(clouds).seen
    data = cv2.imencode(".jpg", clouds, [cv2.IMWRITE_JPEG_QUALITY, 8])[1]
    assert measure_noise(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)).seen, "blocks"
    assert not measure_noise(clear[:20, :20]).seen, "too small to tell"
    assert not measure_noise(np.full((100, 100, 3), 255, np.uint8)).seen
    more = [measure_noise(noisy(clear, s)).sigma for s in (0, 4, 8, 16)]
    assert more == sorted(more)


def test_faces_are_kept_with_a_soft_rim():
    before, now = np.full((200, 300, 3), 40, np.uint8), np.full((200, 300, 3), 140, np.uint8)
    keep_faces(now, before, [BBox(100, 60, 160, 120), BBox(-30, -30, 10, 10), BBox(400, 400, 420, 420)])
    assert (now[60:120, 100:160] == 40).all()
    assert (now[:10, :10] == 40).all()
    assert (now[150:, 200:] == 140).all()
    assert np.abs(np.diff(now.astype(int), axis=1)).max() < 20
