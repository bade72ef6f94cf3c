"""Which forms there are, and one way to write any of them: whole, or not at all."""

import shutil
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from gallery_db import Gallery
from gallery_db.errors import GalleryError
from iconface_core.errors import BackendUnavailableError, IconFaceError
from iconface_core.extensions.exchange import Exporter
from iconface_core.images.leftovers import temporary

from ..errors import UsageError
from ..extensions import EXPORTERS, OURS, Extension, Problem, in_words, load, named, unique
from .facts import TxFacts
from .tables import CsvExporter, JsonExporter

BUILTIN = (CsvExporter(), JsonExporter())
SIDECARS = "sidecars"
"""Many files beside photos instead of a new one: `sidecars.py`, no exporter."""
IMMICH = "immich"
"""A server instead of a file: `immich.py`."""


def find_exporters(
    found: Iterable[EntryPoint] | None = None,
) -> tuple[list[Extension[Exporter]], list[Problem]]:
    """Ours first, then those of other packages; and those that are not used."""
    loaded, broken = load(EXPORTERS, accepted, found)
    added, doubled = unique(loaded, EXPORTERS, lambda e: (e.name,), (SIDECARS, IMMICH, *(e.name for e in BUILTIN)))
    ours: list[Extension[Exporter]] = [Extension(OURS, e.name, e) for e in BUILTIN]
    return [*ours, *added], [*broken, *doubled]


def accepted(value: Any) -> Exporter:
    """An object as `Exporter` describes. Raises ExtensionError."""
    exporter: Exporter = named(value, "export")
    return exporter


def check(known: Iterable[Extension[Exporter]], name: str, out: Path) -> Extension[Exporter]:
    """Who writes the form `name`. Raises UsageError for an unknown one, and where `out` cannot be a new file."""
    by_name = {e.value.name: e for e in known}
    if name not in by_name:
        raise UsageError(f"no format named {name!r}; there are: {', '.join(by_name)}, {SIDECARS}, {IMMICH}")
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} is there already; name a new file")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent} is no folder; make it first")
    return by_name[name]


def export(gallery: Gallery, by: Extension[Exporter], out: Path) -> None:
    """Write `out`, which is not there. Raises BackendUnavailableError when another package's code fails, OSError; then
    nothing is left."""
    folder = temporary(out)  # the exporter sees the very name that was asked for
    folder.mkdir()
    try:
        with gallery.begin(write=False) as tx:
            by.value.export(TxFacts(tx), folder / out.name)
        (folder / out.name).rename(out)
    except (OSError, IconFaceError, GalleryError):
        raise
    except Exception as e:  # its code: anything may happen
        raise BackendUnavailableError(f"{by.value.name} ({by.origin}) fails: {in_words(e)}") from e
    finally:
        shutil.rmtree(folder, ignore_errors=True)
