"""The command a menu entry runs, and how each file format wants it quoted."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..own_process import COMMAND, own_module

SESSION_PATH = "/usr/local/bin:/usr/bin:/bin"
"""What is on every session's PATH. A file manager does not see the PATH of the shell `integrate install` runs in."""

Argv = tuple[str, ...]

_GONE = "iconface was moved or removed. Install it again, then run: iconface integrate install"
_GUARD = (
    f'"$0" "$@"; case $? in 126|127) m="{_GONE}"; notify-send "Restore face" "$m" || zenity --error --text="$m" '
    '|| kdialog --sorry "$m" || xmessage "$m";; esac'
)


def own_command(home: Path | None) -> Argv:
    """How a program outside this shell starts iconface on the same gallery. `home` None: the user's own."""
    chosen = () if home is None else ("--home", os.path.abspath(home))  # noqa: PTH100 - links are the user's choice
    return (*find_program(sys.argv[0], os.environ.get("PATH", "")), *chosen)


def entry_command(home: Path | None) -> Argv:
    """What a menu entry runs, without the files."""
    return (*own_command(home), "restore", "--enqueue", "--")


def guarded(command: Argv) -> Argv:
    """`command` by way of a shell that tells the user when the program is not there any more: Nautilus, Nemo and Thunar
    would say nothing. 126 and 127 are the shell's own words for "cannot be run" and "not found"."""
    return ("sh", "-c", _GUARD, *command)


def find_program(argv0: str, path: str) -> Argv:
    """How a program outside this shell starts iconface.

    The bare name when every session finds this very installation by it; else a link to it outside its virtual
    environment (pipx makes one: it outlives the environment's next rebuild); else its absolute path; else this
    interpreter, for an installation without scripts. `argv0` is how this process was started, `path` its PATH.
    """
    own = next(_own_scripts(argv0, path), None)
    if own is None:
        return own_module(COMMAND)
    real = own.resolve()
    if os.name == "posix" and (usual := shutil.which("iconface", path=SESSION_PATH)) and Path(usual).resolve() == real:
        return ("iconface",)
    for folder in (Path.home() / ".local" / "bin", *map(Path, path.split(os.pathsep))):
        link = folder / own.name
        if link.is_absolute() and link.is_symlink() and link.resolve() == real:
            return (str(link),)
    return (str(own),)


def _own_scripts(argv0: str, path: str) -> Iterator[Path]:
    # On Windows the windowed twin: the other one would flash a console for every photo.
    names = ("iconfacew.exe", "iconface.exe") if os.name == "nt" else ("iconface",)
    started = Path(argv0).absolute()
    for name in names:
        if started.name in names and (found := started.with_name(name)).is_file():
            yield found
        if (found := Path(sysconfig.get_path("scripts")) / name).is_file():
            yield found
        if elsewhere := shutil.which(name, path=path):
            yield Path(elsewhere).absolute()


def shell(argv: Sequence[str]) -> str:
    """For a POSIX shell, and for readers that follow its rules (g_shell_parse_argv)."""
    return shlex.join(argv)


def desktop_exec(argv: Sequence[str]) -> str:
    """For `Exec=` of a desktop entry: double quotes with backslashes, `%` doubled, then escaped as a string value.

    Source: Desktop Entry Specification 1.5, "The Exec key" and "Possible value types".
    """
    words = []
    for word in argv:
        if not word or any(c in " \t\n\"'\\><~|&;$*?#()`" for c in word):
            word = '"' + "".join(f"\\{c}" if c in '"`$\\' else c for c in word) + '"'
        words.append(word.replace("%", "%%"))
    return key_file_value(" ".join(words))


def key_file_value(text: str) -> str:
    """Escape a value for a key file (desktop entries and their kin)."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def windows(argv: Sequence[str]) -> str:
    """For CreateProcess."""
    return subprocess.list2cmdline(argv)
