"""An empty gallery, migrated once and copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallery_db import Gallery


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "gallery.db"
    Gallery.open(path).close()
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gallery(empty: Path, home: Path) -> Iterator[Gallery]:
    data = home / "data"
    data.mkdir(parents=True)
    shutil.copy(empty, data / "gallery.db")
    with Gallery.open(data / "gallery.db") as g:
        yield g
