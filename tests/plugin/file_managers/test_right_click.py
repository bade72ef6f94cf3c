"""From the click to the file: the real command in each file manager, which starts the service, and the copy appears."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from plugin.file_managers.registry import carry_out, integrations
from plugin.installed_files.own_files import UserFolders
from tests.support.screen import Desk, missing

NAME = '-it\'s "Größe" 1.jpg'

MANAGERS = {
    "nautilus": ["Restore face"],
    "nemo": ["Restore face"],
    "thunar": ["Restore face"],
    "dolphin": ["Restore face"],
    "pcmanfm": ["Restore face"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """One gallery, and one service from the first click to the last test."""
    folder = tmp_path_factory.mktemp("gallery")
    yield folder
    subprocess.run([*iconface(folder), "service", "stop"], check=False, capture_output=True, timeout=60)


def iconface(home: Path) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("iconface")), "--home", str(home))


@pytest.mark.slow
@pytest.mark.parametrize("name", MANAGERS)
def test_the_restored_file_appears(name: str, table: Desk, home: Path, sample: tuple[Path, Path], tmp_path: Path):
    places = UserFolders.of(table.env, table.home, table.folder / "own")
    known = integrations(places, (*iconface(home), "restore", "--enqueue", "--"), "linux")
    integration = next(i for i in known if i.name == name)
    if missing(name) or not integration.available():
        pytest.skip(f"{name} is not installed (see .ci/system-packages)")
    photos = tmp_path / "in"
    photos.mkdir()
    photo = photos / NAME
    # Bytes behind the picture make it another file: the same photo again would lead to the same copy.
    before = sample[1].read_bytes() + name.encode()
    photo.write_bytes(before)
    restored = home / "restored"
    there = set(restored.glob("*"))
    assert carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False).error is None

    table.start([name, photos])
    table.choose(r"it.?s", *MANAGERS[name])

    copies = table.until(lambda: {p for p in restored.glob("*restored*") if p.name[0] != "."} - there, "no copy", 200)
    (copy,) = copies
    assert copy.name.startswith('-it\'s "Größe" 1_restored')
    assert photo.read_bytes() == before
    assert [p.name for p in photos.iterdir()] == [NAME]
