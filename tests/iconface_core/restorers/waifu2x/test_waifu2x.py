"""The baseline runs as shipped: deterministic, at any size, better than its input where it claims to be."""

import cv2
import numpy as np
import pytest

from iconface_core.errors import WeightsError
from iconface_core.models import files
from iconface_core.restorers.waifu2x.files import MILD, NONE, STRONG, WAIFU2X_FILES
from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer, plan_for
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions


@pytest.fixture(scope="module")
def restorer() -> Waifu2xRestorer:
    return Waifu2xRestorer()


def picture(side: int, seed: int = 0) -> np.ndarray:
    """Soft blotches and hard edges."""
    rng = np.random.default_rng(seed)
    base = cv2.resize(rng.integers(60, 200, (6, 6, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    cv2.circle(base, (side // 2, side // 2), side // 4, (30, 60, 90), max(1, side // 20), cv2.LINE_AA)
    return base


def crop(photo: np.ndarray) -> AlignedFace:
    """A whole square photo as an FFHQ_512 crop."""
    scale = 512 / photo.shape[0]
    matrix = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]], np.float32)
    return AlignedFace(cv2.warpAffine(photo, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE), matrix)


def test_doubling_is_better_than_interpolation_and_free_of_tile_seams(restorer: Waifu2xRestorer) -> None:
    large = picture(420)
    small = cv2.resize(large, (210, 210), interpolation=cv2.INTER_AREA)
    doubled = restorer.double(small)
    cubic = cv2.resize(small, (420, 420), interpolation=cv2.INTER_CUBIC)
    errors = [np.square(image.astype(int) - large).mean() for image in (doubled, cubic)]
    assert errors[0] < 0.8 * errors[1]
    part = restorer.double(small[100:210, 100:210])
    # a tile is computed with its real neighbours, so the same pixels come out wherever tiles begin
    assert np.abs(part[20:, 20:].astype(int) - doubled[220:, 220:]).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (37, 20)])
def test_any_size_doubles(restorer: Waifu2xRestorer, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    for level in (NONE, MILD, STRONG):
        out = restorer.double(image, level)
        assert out.shape == (2 * shape[0], 2 * shape[1], 3)
        assert np.abs(out.astype(int) - 90).max() <= 3


def test_restoring_is_deterministic_and_reports_steps(restorer: Waifu2xRestorer) -> None:
    face = crop(picture(60))
    steps: list[tuple[int, int]] = []
    first = restorer.restore(RestoreInput(face), RestoreOptions(), on_step=lambda *s: steps.append(s))
    again = Waifu2xRestorer(threads=2).restore(RestoreInput(face), RestoreOptions(seed=7))
    assert (first.pixels == again.pixels).all()
    assert first.pixels.shape == face.pixels.shape
    assert first.restorer == restorer.id
    assert steps == [(i + 1, len(steps)) for i in range(len(steps))]


def test_strength_blends(restorer: Waifu2xRestorer) -> None:
    face = crop(picture(60))
    none, half, full = (
        restorer.restore(RestoreInput(face), RestoreOptions(strength=s)).pixels.astype(int) for s in (0, 0.5, 1)
    )
    assert (none == face.pixels).all()
    assert np.abs(half - (none + full) / 2).max() <= 1


def test_on_step_can_cancel(restorer: Waifu2xRestorer) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restorer.restore(RestoreInput(crop(picture(40))), RestoreOptions(), on_step=cancel)


def test_noise_goes(restorer: Waifu2xRestorer) -> None:
    clean = picture(120)
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 14, clean.shape), 0, 255).astype(np.uint8)
    face, target = crop(noisy), crop(clean).pixels.astype(int)
    restored = restorer.restore(RestoreInput(face), RestoreOptions()).pixels
    assert plan_for(face.pixels, face.from_photo).level == STRONG
    assert np.abs(restored - target).mean() < 0.6 * np.abs(face.pixels - target).mean()


def test_blur_is_sharpened_and_sharp_is_not(restorer: Waifu2xRestorer) -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    sharp = cv2.GaussianBlur(cv2.resize(sharp, (256, 256), interpolation=cv2.INTER_NEAREST), (0, 0), 0.6)
    face = crop(cv2.GaussianBlur(sharp, (0, 0), 3))
    assert plan_for(face.pixels, face.from_photo).sharpen > 1
    target = crop(sharp).pixels.astype(int)
    restored = restorer.restore(RestoreInput(face), RestoreOptions()).pixels
    assert np.abs(restored - target).mean() < np.abs(face.pixels - target).mean()
    assert plan_for(crop(sharp).pixels, crop(sharp).from_photo).sharpen == 0


def test_damaged_weights_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "waifu2x"
    folder.mkdir()
    for file in WAIFU2X_FILES:
        (folder / file.filename).write_bytes((files.BUNDLED / "waifu2x" / file.filename).read_bytes())
    damaged = folder / "noise3.bin"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\xff")
    monkeypatch.setattr(files, "BUNDLED", tmp_path)  # the shipped files themselves must not be touched
    with pytest.raises(WeightsError, match=r"noise3\.bin"):
        Waifu2xRestorer()
