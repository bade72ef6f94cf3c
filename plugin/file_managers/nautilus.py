"""Nautilus (GNOME Files): an extension puts the entry into the menu itself, a script under "Scripts"."""

from functools import partial
from pathlib import Path

from ..installed_files.command import Argv, shell
from ..installed_files.own_files import LABEL, MARKER, MIME_TYPES, OwnFile, OwnFiles, UserFolders, on_path
from ..languages import in_every_language

_SCRIPT = """\
#!/bin/sh
# {marker}: made by iconface; "iconface integrate uninstall nautilus-script" removes it.
# Nautilus gives one path a line, and nothing for photos that are not on this computer. A line that does not begin with
# a slash goes on with the name before it.
set --
file=
paths=${{NAUTILUS_SCRIPT_SELECTED_FILE_PATHS%"
"}}
if [ -z "$paths" ]; then
  exec notify-send "Restore face" "These photos are not on this computer. Copy them here first."
fi
while IFS= read -r line; do
  case $line in
    /*) [ -z "$file" ] || set -- "$@" "$file"
        file=$line ;;
    *) file="$file
$line" ;;
  esac
done <<END
$paths
END
exec {command} "$@" "$file"
"""

_EXTENSION = """\
# {marker}: made by iconface; "iconface integrate uninstall nautilus" removes it.
from gi.repository import Gio, GLib, GObject, Nautilus

COMMAND = {command!r}
PHOTOS = {mime_types!r}
LABELS = {labels!r}


class IConFace(GObject.GObject, Nautilus.MenuProvider):
    def get_file_items(self, *args):
        files = args[-1]  # Nautilus before 43 passes its window first
        paths = [f.get_location().get_path() for f in files
                 if f.get_uri_scheme() == "file" and f.get_mime_type() in PHOTOS]
        if not paths or len(paths) != len(files):
            return []
        label = next((LABELS[name] for name in GLib.get_language_names() if name in LABELS), {label!r})
        item = Nautilus.MenuItem(name="IConFace::restore", label=label)
        item.connect("activate", lambda *_: Gio.Subprocess.new([*COMMAND, *paths], Gio.SubprocessFlags.NONE))
        return [item]

    def get_background_items(self, *args):
        return []
"""


def extension(places: UserFolders, command: Argv) -> OwnFiles:
    """Needs python3-nautilus."""
    labels = {"en": LABEL} | in_every_language(LABEL)
    text = _EXTENSION.format(marker=MARKER, command=list(command), mime_types=MIME_TYPES, labels=labels, label=LABEL)
    path = places.data / "nautilus-python" / "extensions" / "iconface.py"
    return OwnFiles(
        "nautilus",
        "Nautilus (GNOME Files), in the menu",
        "close Nautilus: nautilus -q",
        (OwnFile(path, text.encode()),),
        partial(_runs_python, on_path("nautilus")()),
    )


def script(places: UserFolders, command: Argv) -> OwnFiles:
    """Needs nothing; stands under "Scripts"."""
    text = _SCRIPT.format(marker=MARKER, command=shell(command))
    path = places.data / "nautilus" / "scripts" / LABEL
    return OwnFiles(
        "nautilus-script",
        "Nautilus (GNOME Files), under Scripts",
        "seen at once",
        (OwnFile(path, text.encode(), executable=True),),
        on_path("nautilus"),
    )


def _runs_python(nautilus: bool) -> bool:
    """Whether the extension that runs Python extensions is there; its folder names the API's version."""
    places = ("lib/*/nautilus/extensions-*", "lib/nautilus/extensions-*", "lib64/nautilus/extensions-*")
    return nautilus and any(
        next(Path("/usr").glob(f"{place}/libnautilus-python.so"), None) is not None for place in places
    )
