"""One limit for everything that reads a photo in full, also when the user raised or lowered it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.geometry import FFHQ_512, align_face
from plugin.app import build_app
from plugin.library.photo_reader import PhotoReader
from plugin.settings import load_settings


def test_what_is_too_large_is_refused_before_it_is_decoded(tmp_path: Path):
    path = tmp_path / "large.png"
    Image.new("RGB", (1200, 1000)).save(path)
    assert PhotoReader(2_000_000, 2_000_000).read(path).pixels.shape == (1000, 1200, 3)
    with pytest.raises(ImageReadError, match=r"large\.png"):
        PhotoReader(1_000_000, 1_000_000).read(path)


def test_reading_and_writing_have_the_limits_of_the_settings(tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("max_megapixels = 500\nfull_megapixels = 120\n")
    app = build_app(load_settings(tmp_path, {}))
    try:
        assert (app.reader.max_pixels, app.reader.full_pixels) == (500_000_000, 120_000_000)
        assert app.photo_faces.reader is app.reader
        assert app.restored_copies._limits == {"max_pixels": 500_000_000, "full_pixels": 120_000_000}
    finally:
        app.close()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_large_face_is_cut_from_a_picture_no_larger_than_the_crop_needs(tmp_path: Path, suffix: str, turned: bool):
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 255, (60, 48, 3), np.uint8))
    path = tmp_path / f"large{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    small.resize((2400, 3000), Image.Resampling.BICUBIC).save(path, exif=exif, quality=95)
    points = (FFHQ_512.points * 4 + 300).astype(np.float32)

    crop = PhotoReader(8_000_000, 8_000_000).read_face(path, points, FFHQ_512)
    whole = align_face(PhotoReader(8_000_000, 8_000_000).read(path).pixels, points, FFHQ_512)
    assert np.abs(crop.pixels.astype(int) - whole.pixels).mean() < 1.5
    np.testing.assert_allclose(crop.from_photo, whole.from_photo, rtol=1e-6)

    few = PhotoReader(8_000_000, 1_000_000)  # whoever may hold a million pixels can have this face
    with pytest.raises(ImageTooLargeError):
        few.read(path)
    assert (few.read_face(path, points, FFHQ_512).pixels == crop.pixels).all()


def test_a_small_face_is_cut_from_the_whole_photo(tmp_path: Path):
    path = tmp_path / "photo.png"
    rng = np.random.default_rng(4)
    Image.fromarray(rng.integers(0, 255, (900, 700, 3), np.uint8)).save(path)
    points = (FFHQ_512.points * 0.7 + 100).astype(np.float32)
    reader = PhotoReader(1_000_000, 1_000_000)
    assert (
        reader.read_face(path, points, FFHQ_512).pixels == align_face(reader.read(path).pixels, points, FFHQ_512).pixels
    ).all()
