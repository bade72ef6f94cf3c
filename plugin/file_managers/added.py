"""File managers that other packages add: their files, written and removed by our rules."""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any

from iconface_core.extensions.menus import FileManagerMenu, MenuContext, MenuFile

from ..extensions import FILE_MANAGERS, Extension, ExtensionError, Problem, load, named, unique
from ..installed_files.command import Argv
from ..installed_files.own_files import MARKER, OwnFile, OwnFiles, UserFolders


def added_menus(
    places: UserFolders, command: Argv, taken: Iterable[str], found: Iterable[EntryPoint] | None = None
) -> tuple[list[Extension[OwnFiles]], list[Problem]]:
    """Menus of other packages for this platform, and entry points that are not used. `taken` are the names we have."""
    context = MenuContext(places.home, places.data, places.config, tuple(command), MARKER)
    loaded, broken = load(FILE_MANAGERS, lambda make: _menu(make, context), found)
    here = [Extension(e.origin, e.name, e.value) for e in loaded if e.value is not None]
    good, doubled = unique([Extension(e.origin, e.name, _own(e.value)) for e in here], FILE_MANAGERS, _names, taken)
    return good, [*broken, *doubled]


def _names(menu: OwnFiles) -> tuple[str, ...]:
    return (menu.name,)


def _menu(make: Any, context: MenuContext) -> FileManagerMenu | None:
    """What the entry point makes; None where it is for another platform. Raises ExtensionError."""
    if not callable(make):
        raise ExtensionError(f"a function of a MenuContext is wanted, not {type(make).__name__}")
    menu = make(context)
    if menu is None:
        return None
    if not isinstance(menu, FileManagerMenu):
        raise ExtensionError(f"it must make a FileManagerMenu, not {type(menu).__name__}")
    named(menu)
    for file in menu.files:
        if not isinstance(file, MenuFile) or not file.path.is_absolute():
            raise ExtensionError("files must be MenuFile with absolute paths")
        if context.marker.encode() not in file.content:
            raise ExtensionError(f"{file.path.name} lacks the marker, so it could never be removed")
    return menu


def _own(menu: FileManagerMenu) -> OwnFiles:
    files = tuple(OwnFile(file.path, file.content, file.executable) for file in menu.files)
    return OwnFiles(menu.name, menu.title, menu.hint, files, _safe(menu.available))


def _safe(here: Callable[[], bool]) -> Callable[[], bool]:
    """A file manager of which nobody can say whether it is here is not."""

    def available() -> bool:
        try:
            return bool(here())
        except Exception:  # its code: anything may happen
            return False

    return available
