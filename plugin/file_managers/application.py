"""Iconface among the user's programs: a way in without a terminal. It starts the service where none runs, and opens the
page in a window of its own (`iconface web --window`).

Linux gets a desktop entry, Windows a shortcut in the Start menu, macOS a small bundle in the user's Applications.
"""

import os
import plistlib
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..installed_files.changes import IntegrationError, read
from ..installed_files.command import Argv, desktop_exec, shell, windows
from ..installed_files.own_files import MARKER, OwnFile, OwnFiles, UserFolders, entry_lines, is_ours, on_path
from ..languages import N_

NAME = "Iconface"
WHAT = N_("Find the people in your photos and restore their faces")
DRAWING = Path(__file__).parents[1] / "web" / "static" / "icon.svg"
PICTURE = Path(__file__).with_name("icon.png")
"""The same, 256 pixels wide and high; it carries MARKER as a comment."""

_ENTRY = """\
# {marker}: made by iconface; "iconface integrate uninstall application" removes it.
[Desktop Entry]
Type=Application
Name={name}
{comment}
Exec={command}
Icon=iconface
Terminal=false
Categories=Graphics;Photography;
Keywords=faces;people;photos;restore;
"""

_SHORTCUT = """\
# {marker}: made by iconface; "iconface integrate uninstall application" removes it.
$link = (New-Object -ComObject WScript.Shell).CreateShortcut({link})
$link.TargetPath = {program}
$link.Arguments = {arguments}
$link.IconLocation = {icon}
$link.Description = {what}
$link.Save()
"""


def application(places: UserFolders, command: Argv, platform: str = sys.platform) -> OwnFiles:
    """The entry of this platform. `command` is how iconface is started on the gallery in question."""
    starts = (*command, "web", "--window")
    make = {"win32": _start_menu, "darwin": _bundle}.get(platform, _desktop_entry)
    return make(places, starts)


def _desktop_entry(places: UserFolders, command: Argv) -> OwnFiles:
    text = _ENTRY.format(marker=MARKER, name=NAME, comment=entry_lines("Comment", WHAT), command=desktop_exec(command))
    icons = places.data / "icons" / "hicolor"
    drawing = f"<!-- {MARKER} -->\n{DRAWING.read_text('utf-8')}"
    files = (
        OwnFile(places.data / "applications" / "iconface.desktop", text.encode()),
        OwnFile(icons / "scalable" / "apps" / "iconface.svg", drawing.encode()),
        OwnFile(icons / "256x256" / "apps" / "iconface.png", PICTURE.read_bytes()),
    )
    return _made("seen at once", files, has_desktop)


def _bundle(places: UserFolders, command: Argv) -> OwnFiles:
    bundle = places.home / "Applications" / f"{NAME}.app"
    info = {
        "CFBundleExecutable": NAME,
        "CFBundleIconFile": "iconface",
        "CFBundleIdentifier": f"{MARKER}.application",
        "CFBundleName": NAME,
        "CFBundlePackageType": "APPL",
    }
    files = (
        OwnFile(bundle / "Contents" / "Info.plist", plistlib.dumps(info)),
        OwnFile(bundle / "Contents" / "MacOS" / NAME, f"#!/bin/sh\n# {MARKER}\nexec {shell(command)}\n".encode(), True),
        OwnFile(bundle / "Contents" / "Resources" / "iconface.icns", _icns(PICTURE.read_bytes())),
    )
    return _made("in the Applications of your home folder", files, lambda: sys.platform == "darwin", bundle)


def _start_menu(places: UserFolders, command: Argv, powershell: str = "powershell") -> OwnFiles:
    """The script that makes the shortcut stays in our folder: Windows alone can write one."""
    roaming = Path(os.environ.get("APPDATA") or places.home / "AppData" / "Roaming")
    link = roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / f"{NAME}.lnk"
    folder = places.own / "application"
    icon, script = folder / "iconface.ico", folder / "shortcut.ps1"
    text = _SHORTCUT.format(
        marker=MARKER,
        link=_quoted(str(link)),
        program=_quoted(command[0]),
        arguments=_quoted(windows(command[1:])),
        icon=_quoted(str(icon)),
        what=_quoted(f"{WHAT} ({MARKER})"),
    )
    # PowerShell reads bytes without a mark in the code page of the system, which has not every letter.
    content = b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")
    files = (OwnFile(script, content), OwnFile(icon, _ico(PICTURE.read_bytes())))
    return _made(
        "in the Start menu", files, on_path(powershell), folder, partial(_make_shortcut, powershell, script, link)
    )


def _made(
    hint: str,
    files: tuple[OwnFile, ...],
    here: Callable[[], bool],
    folder: Path | None = None,
    tell: Callable[[bool], None] = lambda wanted: None,
) -> OwnFiles:
    return OwnFiles("application", f"{NAME}, among your programs", hint, files, here, folder, tell)


def has_desktop() -> bool:
    """Whether this session has a screen, on Linux."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _make_shortcut(powershell: str, script: Path, link: Path, wanted: bool) -> None:
    there = read(link)
    if there is not None and not is_ours(there):
        if wanted:
            raise IntegrationError(f"{link} is not from iconface; move it away and try again")
        return
    if not wanted:
        link.unlink(missing_ok=True)
        return
    argv = [powershell, "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", str(script)]
    done = subprocess.run(argv, capture_output=True)  # noqa: S603 - no shell, own words
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise IntegrationError(f"{link} could not be made: {said}")


def _quoted(text: str) -> str:
    """For PowerShell, as it is."""
    return "'" + text.replace("'", "''") + "'"


def _ico(png: bytes) -> bytes:
    """A Windows icon that holds one PNG, of 256 pixels (which it writes as 0)."""
    return struct.pack("<3H4B2H2I", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(png), 22) + png


def _icns(png: bytes) -> bytes:
    """A macOS icon that holds one PNG, of 256 pixels."""
    return struct.pack(">4sI4sI", b"icns", len(png) + 16, b"ic08", len(png) + 8) + png
