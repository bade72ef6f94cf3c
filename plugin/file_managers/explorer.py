"""Windows Explorer: a verb for everything Windows perceives as an image, for this user only, without admin rights."""

import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..installed_files.changes import IntegrationError
from ..installed_files.command import Argv, windows
from ..installed_files.own_files import LABEL, MARKER, OwnFile, OwnFiles, UserFolders, on_path

KEY = r"HKEY_CURRENT_USER\Software\Classes\SystemFileAssociations\image\shell\IConFace.Restore"

_REG = """\
Windows Registry Editor Version 5.00

; {marker}: made by iconface; "iconface integrate uninstall explorer" removes it.

[{key}]
@={label}
"Icon"={icon}
"MultiSelectModel"="Player"

[{key}\\command]
@={command}
"""


def explorer(places: UserFolders, command: Argv, reg: Sequence[str] = ("reg",)) -> OwnFiles:
    """The file that is imported stays in our folder. `reg` is the program that imports it.

    Explorer starts the command once for every selected file ("Player" lifts its limit from 15 to 100 of them).
    """
    text = _REG.format(
        marker=MARKER,
        key=KEY,
        label=_string(LABEL),
        icon=_string(command[0]),
        command=_string(windows(command) + ' "%1"'),
    )
    path = places.own / "explorer" / "iconface.reg"
    # regedit reads bytes without a mark in the code page of the system, which has not every letter.
    content = b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")
    return OwnFiles(
        "explorer",
        "Windows Explorer",
        'seen at once; Windows 11 shows it under "Show more options"',
        (OwnFile(path, content),),
        on_path(reg[0]),
        path.parent,
        tell=partial(_tell, tuple(reg), path),
    )


def _tell(reg: Argv, path: Path, wanted: bool) -> None:
    if wanted:
        _run([*reg, "import", str(path)])
    elif subprocess.run([*reg, "query", KEY], capture_output=True).returncode == 0:  # noqa: S603 - no shell, own words
        _run([*reg, "delete", KEY, "/f"])


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True)  # noqa: S603 - no shell, own words
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise IntegrationError(f"{' '.join(argv)} failed: {said}")


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
