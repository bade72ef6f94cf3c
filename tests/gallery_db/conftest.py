from contextlib import contextmanager
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx


@pytest.fixture
def gallery(tmp_path: Path):
    with Gallery.open(tmp_path / "home" / "g.db") as g:
        yield g


class _RolledBack:
    """`begin` for property tests: every example starts from the same empty gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._engine = gallery._engine.execution_options(write=True)

    @contextmanager
    def begin(self):
        with self._engine.connect() as conn:
            yield Tx(conn)


@pytest.fixture(scope="module")
def gallery_template(tmp_path_factory):
    with Gallery.open(tmp_path_factory.mktemp("template") / "g.db") as g:
        yield _RolledBack(g)
