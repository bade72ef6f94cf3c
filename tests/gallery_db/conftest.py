from pathlib import Path

import pytest

from gallery_db import Gallery


@pytest.fixture
def gallery(tmp_path: Path):
    with Gallery.open(tmp_path / "home" / "g.db") as g:
        yield g
