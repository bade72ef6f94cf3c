"""Fixtures every test may use."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.once import once

if TYPE_CHECKING:
    from gallery_db import Gallery
    from gallery_db.gallery import Tx
    from tests.support.postgres import Cluster

SHARED_DATA = Path(os.environ.get("ICONFACE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

# A shell without job control starts what runs in the background deaf to Ctrl-C, `nohup` makes it deaf to hang-ups, and
# so would be all that tests start. What handles a signal passes nothing on, and a hang-up still ends no test run.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# Workers of pytest-xdist share the cores: a second thread in each waits for the first, and waiting costs a third more.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")

# Where bytecode is switched off, each of the many processes that tests start would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs; tests that use it carry the marker `shared_data`."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real photographs at {SHARED_DATA} (set ICONFACE_SHARED_DATA)")
    return SHARED_DATA


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> "Iterator[None]":
    """For every gallery of this process."""
    from tests.support.compiled_once import compiled_once

    with compiled_once():
        yield


@pytest.fixture(scope="session")
def empty_gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty gallery: a copy is made in a hundredth of the time that its migrations take."""
    from gallery_db import Gallery

    folder, _ = once(tmp_path_factory, "empty-gallery", lambda folder: Gallery.open(folder / "gallery.db").close())
    return folder / "gallery.db"


@pytest.fixture
def home(empty_gallery: Path, tmp_path: Path) -> Path:
    """Where iconface keeps everything, with an empty gallery."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    shutil.copy(empty_gallery, home / "data")
    return home


@pytest.fixture
def gallery(home: Path) -> "Iterator[Gallery]":
    """The empty gallery of `home`."""
    from gallery_db import Gallery

    with Gallery.open(home / "data" / "gallery.db") as gallery:
        yield gallery


@pytest.fixture(scope="session")
def postgres_cluster() -> "Iterator[Cluster]":
    """A PostgreSQL server with an empty gallery to be copied, `gallery`."""
    from gallery_db import Gallery
    from gallery_db.database.address import Server
    from tests.support.postgres import OFF, cluster

    if OFF:
        pytest.skip("left out by ICONFACE_TEST_POSTGRES=off")
    with cluster() as running:
        running.create("gallery")
        Gallery.open(Server(running.url("gallery"), running.folder)).close()
        yield running


@pytest.fixture
def tx(gallery: "Gallery") -> "Iterator[Tx]":
    """A transaction that writes."""
    with gallery.begin() as tx:
        yield tx
