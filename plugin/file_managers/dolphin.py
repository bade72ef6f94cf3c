"""Dolphin (KDE): a service menu. Without the executable bit Dolphin shows the entry and then refuses to run it."""

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

_MENU = """\
# {marker}: made by iconface; "iconface integrate uninstall dolphin" removes it.
[Desktop Entry]
Type=Service
X-KDE-ServiceTypes=KonqPopupMenu/Plugin
MimeType={mime_types}
Actions=restoreFace;
X-KDE-Priority=TopLevel

[Desktop Action restoreFace]
{name}
Icon={icon}
Exec={command} %F
"""


def service_menu(places: UserFolders, command: Argv) -> OwnFiles:
    """The folder of KDE Frameworks 5.85 and later. A `%` in the first word of `command` could not be escaped: that is
    `sh` (`guarded`)."""
    text = _MENU.format(
        marker=MARKER,
        mime_types="".join(f"{m};" for m in MIME_TYPES),
        name=entry_lines("Name", LABEL),
        icon=ICON,
        command=desktop_exec(command),
    )
    path = places.data / "kio" / "servicemenus" / "iconface.desktop"
    files = (OwnFile(path, text.encode(), executable=True),)
    return OwnFiles("dolphin", "Dolphin", "seen at once", files, on_path("dolphin"))
