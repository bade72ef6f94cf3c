"""One limit for everything that reads a photo in full, also when the user raised or lowered it."""

from pathlib import Path

import pytest
from PIL import Image

from iconface_core.errors import ImageReadError
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
