"""A desk per test, a stub in place of `iconface` that writes down what it was given, and two photos with hard names."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

PLAIN, HARD = "a photo.jpg", '-it\'s "Größe" 1.jpg'

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


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (PLAIN, HARD):
        Image.new("RGB", (320, 240), (200, 80, 20)).save(folder / name)
    (folder / "notes.txt").write_text("no photo")
    return folder
