"""PCManFM (LXDE): an action after the DES-EMA draft, which it reads when libfm-modules is installed."""

from pathlib import Path

from ..installed_files.command import Argv, desktop_exec
from ..installed_files.own_files import (
    ICON,
    LABEL,
    MARKER,
    MIME_TYPES,
    OwnFile,
    OwnFiles,
    UserFolders,
    entry_lines,
    on_path,
)

_ACTION = """\
# {marker}: made by iconface; "iconface integrate uninstall pcmanfm" removes it.
[Desktop Entry]
Type=Action
{name}
Icon={icon}
Profiles=main;

[X-Action-Profile main]
MimeTypes={mime_types}
Exec={command} %F
"""


def action(places: UserFolders, command: Argv) -> OwnFiles:
    """Caja and PCManFM-Qt read the same folder; only PCManFM was tried."""
    text = _ACTION.format(
        marker=MARKER,
        name=entry_lines("Name", LABEL),
        icon=ICON,
        mime_types="".join(f"{m};" for m in MIME_TYPES),
        command=desktop_exec(command),
    )
    path = places.data / "file-manager" / "actions" / "iconface.desktop"
    hint = "close PCManFM: pcmanfm --quit" if _has_modules() else "needs the package libfm-modules"
    return OwnFiles("pcmanfm", "PCManFM", hint, (OwnFile(path, text.encode()),), on_path("pcmanfm"))


def _has_modules() -> bool:
    return any(next(Path("/usr").glob(f"{lib}/libfm/modules/*.so"), None) for lib in ("lib", "lib64", "lib/*"))
