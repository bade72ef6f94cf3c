"""Two photos with hard names, beside a file that is no photo."""

from pathlib import Path

import pytest
from PIL import Image

PLAIN, HARD = "a photo.jpg", '-it\'s "Größe" 1.jpg'


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (PLAIN, HARD):
        Image.new("RGB", (320, 240), (200, 80, 20)).save(folder / name)
    (folder / "notes.txt").write_text("no photo")
    return folder
