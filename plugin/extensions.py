"""What other installed packages add: found by entry point, each checked, none able to keep iconface from starting.

An entry point is code that runs as us. It is found among installed distributions only: our processes run with `-P`, so
nothing that lies where somebody stands counts (docs/extending.md).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")

BACKENDS = "iconface.backends"
FILE_MANAGERS = "iconface.file_managers"
NAME_SOURCES = "iconface.name_sources"
EXPORTERS = "iconface.exporters"

OURS = "iconface"
"""The origin of what needs no other package."""


class ExtensionError(Exception):
    """What an entry point names is not what its group asks for; the message says how."""


@dataclass(frozen=True, slots=True)
class Extension(Generic[T]):
    """Something another package adds. `origin` is its name and version."""

    origin: str
    name: str
    value: T


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry point that is not used, and why."""

    origin: str
    group: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.origin}, {self.name} ({self.group}): {self.why}; it is not used. Update or uninstall it."


def load(
    group: str, accept: Callable[[Any], T], found: Iterable[EntryPoint] | None = None
) -> tuple[list[Extension[T]], list[Problem]]:
    """Load the entry points of a group, in order of package and name. `accept` returns what is used, and raises
    ExtensionError for the wrong shape; whatever else goes wrong in the other package is a problem too."""
    points = entry_points(group=group) if found is None else found
    good: list[Extension[T]] = []
    bad: list[Problem] = []
    for point in sorted(points, key=lambda p: (_origin(p), p.name)):
        try:
            good.append(Extension(_origin(point), point.name, accept(point.load())))
        except (Exception, SystemExit) as e:  # its code: anything may happen
            bad.append(Problem(_origin(point), group, point.name, in_words(e)))
    return good, bad


def unique(
    found: Sequence[Extension[T]], group: str, names: Callable[[T], Iterable[str]], taken: Iterable[str]
) -> tuple[list[Extension[T]], list[Problem]]:
    """Leave out what would replace something: a name that is `taken` by us, or by an extension before it."""
    known = dict.fromkeys(taken, "iconface itself")
    good: list[Extension[T]] = []
    bad: list[Problem] = []
    for extension in found:
        own = tuple(names(extension.value))
        if twice := [n for n in own if n in known]:
            why = f"{twice[0]!r} is taken by {known[twice[0]]}"
            bad.append(Problem(extension.origin, group, extension.name, why))
            continue
        known |= dict.fromkeys(own, extension.origin)
        good.append(extension)
    return good, bad


def named(value: Any, *methods: str) -> Any:
    """`value` if it has a `name` and a `title` and these methods. Raises ExtensionError."""
    for text in ("name", "title"):
        if not isinstance(getattr(value, text, None), str) or not getattr(value, text).strip():
            raise ExtensionError(f"it must have the text {text!r}")
    if isinstance(value, type):
        raise ExtensionError("an object is wanted, not its class")
    for method in methods:
        if not callable(getattr(value, method, None)):
            raise ExtensionError(f"it must have the method {method!r}")
    return value


def in_words(e: BaseException) -> str:
    """What went wrong in somebody else's code, on one line."""
    text = " ".join(str(e).split())
    return text if isinstance(e, ExtensionError) else f"{type(e).__name__}{': ' if text else ''}{text}"


def _origin(point: EntryPoint) -> str:
    return "a package without a name" if point.dist is None else f"{point.dist.name} {point.dist.version}"
