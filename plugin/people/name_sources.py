"""Names of people that other programs know: which sources there are. iconface has none of its own yet."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import Any

from iconface_core.extensions.exchange import NameSource

from ..extensions import NAME_SOURCES, Extension, Problem, load, named, unique


def find_name_sources(found: Iterable[EntryPoint] | None = None) -> tuple[list[Extension[NameSource]], list[Problem]]:
    """Those of other packages, and the entry points that are not used."""
    loaded, broken = load(NAME_SOURCES, accepted, found)
    good, doubled = unique(loaded, NAME_SOURCES, lambda s: (s.name,), ())
    return good, [*broken, *doubled]


def accepted(value: Any) -> NameSource:
    """An object as `NameSource` describes. Raises ExtensionError."""
    source: NameSource = named(value, "read")
    return source
