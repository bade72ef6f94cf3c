"""Nemo (Cinnamon): an action file. Nemo watches its folder, so a running one sees it at once."""

from ..installed_files.command import Argv, key_file_value, shell
from ..installed_files.own_files import (
    COMMENT,
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
# {marker}: made by iconface; "iconface integrate uninstall nemo" removes it.
[Nemo Action]
{name}
{comment}
Exec={command} %F
Icon-Name={icon}
Selection=notnone
Mimetypes={mime_types}
Quote=double
"""


def action(places: UserFolders, command: Argv) -> OwnFiles:
    """`Quote=double` makes Nemo quote each path; the command is read by a shell's rules."""
    text = _ACTION.format(
        marker=MARKER,
        name=entry_lines("Name", LABEL),
        comment=entry_lines("Comment", COMMENT),
        command=key_file_value(shell(command).replace("%", "%%")),
        icon=ICON,
        mime_types="".join(f"{m};" for m in MIME_TYPES),
    )
    path = places.data / "nemo" / "actions" / "iconface.nemo_action"
    return OwnFiles(
        "nemo",
        "Nemo",
        "seen at once",
        (OwnFile(path, text.encode()),),
        on_path("nemo"),
    )
