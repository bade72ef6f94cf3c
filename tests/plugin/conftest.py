"""A small scanned library, made once, and a command line to run against copies of it."""

import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.screen import Desk, desk, missing
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.images.read import read_photo
from plugin.cli.main import run
from plugin.demo.sample import group_photo, make_library


@dataclass
class Cli:
    """Runs commands in this process against one home, and reads their JSON."""

    home: Path
    capture: Any

    def __call__(self, *argv: object, code: int = 0) -> dict[str, Any]:
        """The object a command prints; its exit code must be `code`."""
        self.capture.readouterr()
        got = run(["--home", str(self.home), "--json", "--yes", *map(str, argv)])
        out, err = self.capture.readouterr()
        assert got == code, f"exit code {got}: {out}{err}"
        payload: dict[str, Any] = json.loads(out)
        assert payload["schema_version"] == 1
        return payload


@dataclass(frozen=True)
class Library:
    """Photos on disk and the home of a gallery that has scanned them."""

    photos: Path
    ruined: Path
    home: Path


def tree_hash(folder: Path) -> str:
    """Names, sizes, times and bytes of everything below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of sample photos and the ruined print in it. Read-only for tests."""
    source = group_photo()
    faces = sorted(YuNetDetector().detect(read_photo(source).pixels), key=lambda f: f.bbox.x1)
    folder = tmp_path_factory.mktemp("sample") / "photos"
    return folder, make_library(folder, Image.open(source).convert("RGB"), faces)


@pytest.fixture(scope="session")
def scanned(sample: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The sample after `library add` and `scan`. Read-only for tests: take `library` instead."""
    home = tmp_path_factory.mktemp("home") / "h"
    base = ["--home", str(home), "--quiet"]
    assert run([*base, "library", "add", str(sample[0])]) == 0
    assert run([*base, "scan"]) == 0
    return Library(sample[0], sample[1], home)


@pytest.fixture
def library(scanned: Library, tmp_path: Path) -> Library:
    """The scanned sample with a home of its own, to change as a test likes. The photos are shared: do not touch."""
    home = tmp_path / "home"
    shutil.copytree(scanned.home, home)
    return Library(scanned.photos, scanned.ruined, home)


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
