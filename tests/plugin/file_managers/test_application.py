"""Iconface among the user's programs, on each system: written, what the system makes of it, and removed again."""

import io
import os
import plistlib
import shutil
import stat
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
from PIL import Image

from plugin.file_managers.application import DRAWING, PICTURE, application
from plugin.file_managers.registry import carry_out, status
from plugin.installed_files.command import desktop_exec
from plugin.installed_files.own_files import UserFolders

PLATFORMS = ("linux", "darwin", "win32")
COMMAND = ("/opt/my tools/icon\"face's", "--home", "/data/100% Größe $HOME")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserFolders:
    """Of a user who has nothing yet; PowerShell writes nothing, and notes what it was asked."""
    monkeypatch.delenv("APPDATA", raising=False)
    powershell = tmp_path / "bin" / "powershell"
    powershell.parent.mkdir()
    powershell.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/bin/asked"\n')
    powershell.chmod(0o755)
    monkeypatch.setenv("PATH", f"{powershell.parent}:{os.environ['PATH']}")
    return UserFolders.of({}, tmp_path / "home", tmp_path / "own")


def files(places: UserFolders) -> dict[str, Path]:
    found = [p for top in (places.home, places.own) for p in top.rglob("*") if p.is_file()]
    return {p.name: p for p in found}


def put(places: UserFolders, platform: str, *, wanted: bool = True) -> None:
    outcome = carry_out(application(places, COMMAND, platform), places.own / "backups", wanted=wanted, dry_run=False)
    assert outcome.error is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_is_shown_first_put_once_and_removed_whole(places: UserFolders, platform: str):
    entry = application(places, COMMAND, platform)
    dry = carry_out(entry, places.own / "backups", wanted=True, dry_run=True)
    shown = [line for change in dry.changes for line in change.diff()]
    assert any("iconface-restore-face" in line for line in shown)
    assert any(line.endswith(" bytes)") for line in shown), "a picture is not printed"
    assert files(places) == {}
    put(places, platform)
    assert status(entry) == "installed"
    assert not any(c.needed for c in carry_out(entry, places.own, wanted=True, dry_run=False).changes)
    put(places, platform, wanted=False)
    assert files(places) == {}
    assert status(entry) == "not installed"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_somebody_else_put_there_stays(places: UserFolders, platform: str):
    put(places, platform)
    theirs = next(p for p in files(places).values() if p.suffix in (".desktop", ".plist", ".ps1"))
    theirs.write_text("not ours")
    entry = application(places, COMMAND, platform)
    assert status(entry) == "in the way"
    outcome = carry_out(entry, places.own / "backups", wanted=True, dry_run=False)
    assert outcome.error is not None
    assert theirs.name in outcome.error
    put(places, platform, wanted=False)
    assert theirs.read_text() == "not ours"


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="see .ci/system-packages")
def test_the_desktop_entry_is_valid(places: UserFolders):
    put(places, "linux")
    entry = places.data / "applications" / "iconface.desktop"
    done = subprocess.run(["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


class CaseParser(RawConfigParser):
    """Keys have case there."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_desktop_entry_starts_the_page_and_finds_its_icon(places: UserFolders):
    put(places, "linux")
    parser = CaseParser(strict=True)
    parser.read(places.data / "applications" / "iconface.desktop", "utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Exec"] == desktop_exec([*COMMAND, "web", "--window"])
    icons = places.data / "icons" / "hicolor"
    assert (icons / "scalable" / "apps" / f"{entry['Icon']}.svg").is_file()
    with Image.open(icons / "256x256" / "apps" / f"{entry['Icon']}.png") as picture:
        assert picture.size == (256, 256)


@pytest.mark.skipif(sys.platform == "win32", reason="no sh")
def test_the_bundle_runs_the_command(places: UserFolders, stub):
    entry = application(places, stub.command[:1], "darwin")
    assert carry_out(entry, places.own / "backups", wanted=True, dry_run=False).error is None
    contents = places.home / "Applications" / "Iconface.app" / "Contents"
    info = plistlib.loads((contents / "Info.plist").read_bytes())
    program = contents / "MacOS" / info["CFBundleExecutable"]
    assert program.stat().st_mode & stat.S_IXUSR
    subprocess.run([str(program)], check=True)
    assert stub.calls() == [["web", "--window"]]
    with Image.open(contents / "Resources" / f"{info['CFBundleIconFile']}.icns") as icon:
        assert icon.format == "ICNS"
        assert (256, 256, 1) in icon.info["sizes"]


def test_windows_is_asked_for_the_shortcut_and_only_ours_is_removed(places: UserFolders):
    put(places, "win32")
    script = files(places)["shortcut.ps1"]
    text = script.read_bytes().decode("utf-16")
    link = places.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Iconface.lnk"
    assert f"CreateShortcut('{link}')" in text
    assert "$link.TargetPath = '/opt/my tools/icon\"face''s'" in text, "one quote is two to PowerShell"
    assert "web --window'" in text
    asked = (places.home.parent / "bin" / "asked").read_text().split()
    assert asked == ["-NoProfile", "-ExecutionPolicy", "Bypass", "-File", str(script)]
    with Image.open(files(places)["iconface.ico"]) as icon:
        assert (icon.format, icon.size) == ("ICO", (256, 256))
    link.parent.mkdir(parents=True)
    for content, stays in ((b"another program's", True), ("iconface-restore-face".encode("utf-16-le"), False)):
        put(places, "win32")
        link.write_bytes(content)
        put(places, "win32", wanted=False)
        assert link.exists() == stays
        link.unlink(missing_ok=True)


def test_the_picture_is_a_drawing_of_our_own_and_can_be_seen_on_any_ground():
    assert b"iconface-restore-face" in PICTURE.read_bytes()
    with Image.open(io.BytesIO(PICTURE.read_bytes())) as picture:
        assert picture.mode == "RGBA"
        assert picture.getpixel((0, 0))[3] == 0, "round corners"  # type: ignore[index]
        assert picture.getpixel((128, 100))[3] == 255  # type: ignore[index]
    assert "<svg" in DRAWING.read_text("utf-8")
