"""Which sources of names there are: ours, and those of other packages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from iconface_core.extensions.exchange import NameSource

from ..errors import UsageError
from ..extensions import NAME_SOURCES, Extension, Problem, load, named, unique
from ..immich_server import KEY
from ..paths import absolute
from . import apple_photos, digikam, immich, iphoto, lightroom, metadata, picasa, takeout


@dataclass(frozen=True, slots=True)
class Builtin:
    """A source of ours. `wants` says what PATH is; `open` makes it of a path that is there."""

    name: str
    title: str
    wants: str
    open: Callable[[Path], NameSource]
    optional: bool = False


BUILTIN = (
    Builtin("metadata", metadata.TITLE, "a folder of the library; default: all", metadata.Metadata, optional=True),
    Builtin("picasa", picasa.TITLE, "Picasa's contacts.xml; default: only what the folders say", picasa.Picasa, True),
    Builtin("digikam", digikam.TITLE, "digikam4.db, or the folder it is in", digikam.DigiKam),
    Builtin("lightroom", lightroom.TITLE, "the catalogue (.lrcat)", lightroom.Lightroom),
    Builtin("apple-photos", apple_photos.TITLE, "the library (.photoslibrary)", apple_photos.ApplePhotos),
    Builtin("iphoto", iphoto.TITLE, "the library (.photolibrary or .aplibrary)", iphoto.IPhoto),
    Builtin("takeout", takeout.TITLE, "the folder with the unpacked archives", takeout.Takeout),
)

OURS = (*(b.name for b in BUILTIN), "immich")


def open_source(
    name: str, where: str | None, environ: Mapping[str, str], found: Iterable[EntryPoint] | None = None
) -> NameSource:
    """The source that users call `name`, at a path or address. Raises UsageError when there is none, and when it wants
    something else there."""
    if name == "immich":
        return immich.Immich(where or "", environ.get(KEY, ""))
    path = None if where is None else absolute(Path(where))
    for ours in BUILTIN:
        if ours.name == name:
            if path is None and not ours.optional:
                raise UsageError(f"{name} needs a path: {ours.wants}")
            if path is not None and not path.exists():
                raise UsageError(f"{path} is not there; {name} needs {ours.wants}")
            return ours.open(path or Path())
    added, _ = find_name_sources(found)
    for extension in added:
        if extension.value.name == name:
            if path is not None:
                raise UsageError(f"{name} ({extension.origin}) takes no path")
            return extension.value
    known = [*OURS, *(e.value.name for e in added)]
    raise UsageError(f"no source of names called {name!r}; there are: {', '.join(known)}")


def find_name_sources(found: Iterable[EntryPoint] | None = None) -> tuple[list[Extension[NameSource]], list[Problem]]:
    """Those of other packages, and the entry points that are not used."""
    loaded, broken = load(NAME_SOURCES, accepted, found)
    good, doubled = unique(loaded, NAME_SOURCES, lambda s: (s.name,), OURS)
    return good, [*broken, *doubled]


def accepted(value: Any) -> NameSource:
    """An object as `NameSource` describes. Raises ExtensionError."""
    source: NameSource = named(value, "read")
    return source
