"""A small scanned library, made once, and a command line to run against copies of it."""

import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from plugin.cli.main import run
from plugin.demo.sample import make_library
from plugin.library.missing import Missing
from tests.support.library import Cli, Library
from tests.support.once import once
from tests.support.opened_models import opened_once
from tests.support.people import People
from tests.support.screen import Desk, desk, missing

if TYPE_CHECKING:
    from selenium import webdriver


@pytest.fixture(scope="session", autouse=True)
def models_opened_once() -> Generator[None]:
    """Processes that tests start open their own."""
    with opened_once():
        yield


@pytest.fixture(autouse=True)
def twins_of_the_shared_library_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of tests scan in this process, and damaged twins would take as long as all else in a scan. `scanned` has
    them, other processes make them, and so does a test that is marked `twins`."""
    if request.node.get_closest_marker("twins") is None:
        monkeypatch.setattr(Missing, "twins", lambda missing, progress: None)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of sample photos and the ruined print in it. Read-only for tests."""

    def make(folder: Path) -> str:
        people = People()
        return make_library(folder / "photos", Image.fromarray(people.together), people.faces).name

    folder, ruined = once(tmp_path_factory, "sample", make)
    return folder / "photos", folder / "photos" / ruined


@pytest.fixture(scope="session")
def scanned(sample: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The sample after `library add` and `scan`. Read-only for tests: take `library` instead."""

    def make(home: Path) -> None:
        base = ["--home", str(home), "--quiet"]
        assert run([*base, "library", "add", str(sample[0])]) == 0
        assert run([*base, "scan"]) == 0

    home, _ = once(tmp_path_factory, "scanned", make)
    return Library(sample[0], sample[1], home)


@pytest.fixture
def library(scanned: Library, tmp_path: Path) -> Generator[Library]:
    """The scanned sample with a home of its own, to change as a test likes. The photos are shared: a test that touches
    them fails here, not the tests of other files after it. Take `own` to change photos."""
    home = tmp_path / "home"
    shutil.copytree(scanned.home, home)
    before = stamps(scanned.photos)
    yield Library(scanned.photos, scanned.ruined, home)
    assert stamps(scanned.photos) == before, "the test touched photos that all tests share"


def stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and modification time of every file below the folder."""
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def cli(library: Library, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line over `library`."""
    return Cli(library.home, capsys)


@pytest.fixture
def own(
    sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[Path, Cli]]:
    """`own(pattern)`: copies of some sample photos in a folder that the test may change, not scanned yet."""

    def make(pattern: str = "*.jpg") -> tuple[Path, Cli]:
        folder = tmp_path / "photos"
        folder.mkdir()
        for photo in sample[0].glob(pattern):
            shutil.copy2(photo, folder / photo.name)
        cli = Cli(tmp_path / "own-home", capsys)
        cli("library", "add", folder)
        return folder, cli

    return make


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> "Generator[webdriver.Chrome]":
    """One Chromium a test process."""
    from tests.plugin.web.browser import chromium

    if lacking := chromium.lacking():
        pytest.skip(f"{', '.join(lacking)} not installed (see .ci/system-packages)")
    driver = chromium.start(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def table(tmp_path: Path) -> Generator[Desk]:
    """A desk to work at."""
    if lacking := missing():
        pytest.skip(f"no virtual desktop here: {', '.join(lacking)} not installed")
    with desk(tmp_path / "desk") as found:
        yield found


_STUB = """#!/bin/sh
printf '%s\\0' "$@" > "$0.$$.part" && mv "$0.$$.part" "$0.$$.call"
"""


@dataclass(frozen=True)
class Stub:
    """Stands where `iconface` would. Its own path is as hard to quote as the photos' names."""

    path: Path

    @property
    def command(self) -> tuple[str, ...]:
        return (str(self.path), "restore", "--enqueue", "--")

    def calls(self) -> list[list[str]]:
        """The arguments of each call so far."""
        found = sorted(self.path.parent.glob(f"{self.path.name}.*.call"), key=lambda p: p.stat().st_mtime_ns)
        return [p.read_text().split("\0")[:-1] for p in found]

    def forget(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}.*.call"):
            path.unlink()


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    folder = tmp_path / 'it\'s "our" $HOME 5%f%%25'
    folder.mkdir()
    path = folder / "iconface"
    path.write_text(_STUB)
    path.chmod(0o755)
    return Stub(path)
