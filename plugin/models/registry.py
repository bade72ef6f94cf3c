"""Every backend there is: the built-in ones, and those that other installed packages add. Nothing is loaded here.

Whoever wants to know something of a backend asks for its spec; only `builtin.py` knows one by its id.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

from iconface_core.choosing import BEST
from iconface_core.errors import BackendUnavailableError, IconFaceError
from iconface_core.extensions.backends import (
    AgeSpec,
    BackendContext,
    BackendSpec,
    ColouriserSpec,
    DetectorSpec,
    EmbedderSpec,
    IdentifierSpec,
    InpainterSpec,
    MeasuredGain,
    ParserSpec,
    RestorerSpec,
)
from iconface_core.models.catalogue import CHECKPOINT, KLEIN, catalogue
from iconface_core.models.files import Backend

from ..extensions import BACKENDS, Extension, ExtensionError, Problem, in_words, load, unique
from .builtin import builtin_backends
from .onnx_restorers import own_restorers

Spec = TypeVar("Spec", bound=BackendSpec)
T = TypeVar("T")

AUTO = "auto"
OPENCV = "opencv"
"""What fills damage without a model."""

_ROLES = (
    DetectorSpec,
    EmbedderSpec,
    IdentifierSpec,
    AgeSpec,
    ParserSpec,
    InpainterSpec,
    ColouriserSpec,
    RestorerSpec,
)
_CALLS = ("why_not", "load", "load_cleaner", "facts", "calibration", "weights_sha256")
"""What specs have that runs their package's code."""


@dataclass(frozen=True, slots=True)
class Registry:
    """`builtin` are in order of preference: the first that can run is what "auto" stands for."""

    builtin: tuple[BackendSpec, ...]
    added: tuple[Extension[BackendSpec], ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def parts(self) -> tuple[Backend, ...]:
        """All models, as `models list` shows them."""
        added = (part for extension in self.added for part in extension.value.parts)
        return (*catalogue(), KLEIN, CHECKPOINT, *added)

    @property
    def names(self) -> set[str]:
        """All that a new backend may not be called."""
        specs = (n for spec in self._of(BackendSpec) for n in _names(spec))
        return {AUTO, BEST, *specs, *(part.id for part in self.parts)}

    @property
    def detectors(self) -> tuple[DetectorSpec, ...]:
        return self._of(DetectorSpec)

    @property
    def embedders(self) -> tuple[EmbedderSpec, ...]:
        return self._of(EmbedderSpec)

    @property
    def identifiers(self) -> tuple[IdentifierSpec, ...]:
        return self._of(IdentifierSpec)

    @property
    def parsers(self) -> tuple[ParserSpec, ...]:
        return self._of(ParserSpec)

    @property
    def inpainters(self) -> tuple[InpainterSpec, ...]:
        return self._of(InpainterSpec)

    @property
    def colourisers(self) -> tuple[ColouriserSpec, ...]:
        return self._of(ColouriserSpec)

    @property
    def ages(self) -> tuple[AgeSpec, ...]:
        return self._of(AgeSpec)

    @property
    def restorers(self) -> tuple[RestorerSpec, ...]:
        return self._of(RestorerSpec)

    def detector(self, name: str) -> DetectorSpec:
        """By id or name. Raises BackendUnavailableError that says which there are."""
        return _named(self.detectors, name)

    def embedder(self, name: str, context: BackendContext) -> EmbedderSpec:
        """By id or name; of several with one name (AdaFace has sizes) the first that is installed. Raises
        BackendUnavailableError."""
        return self._choose(self.embedders, name, context)

    def restorer(self, name: str, context: BackendContext) -> RestorerSpec:
        """By id or name, and only one that can run here. Raises BackendUnavailableError, with the reasons."""
        spec = self._choose(self.restorers, name, context)
        if name != AUTO and (reasons := spec.reasons(context)):
            raise BackendUnavailableError(f"{spec.id} cannot run here: {'; '.join(reasons)}")
        return spec

    def inpainter(self, name: str) -> InpainterSpec:
        """By id or name. Raises BackendUnavailableError that says which there are."""
        return _named(self.inpainters, name, AUTO, OPENCV)

    def cleaner(self, name: str) -> RestorerSpec:
        """The restorer of this id or name that cleans whole photos as well; "auto" is the first that comes with
        iconface. Raises BackendUnavailableError that says which there are."""
        able = [spec for spec in self.restorers if spec.load_cleaner is not None]
        if name == AUTO:
            return next(spec for spec in able if spec.automatic)
        return _named(able, name, AUTO)

    def restorer_of(self, restorer_id: str) -> RestorerSpec | None:
        """Who made a result; None for one that is not installed any more."""
        return next((spec for spec in self.restorers if spec.id == restorer_id), None)

    def called(self, part: Backend) -> str | None:
        """What users write in commands and settings for the backend that this is the model of; None for a mere part."""
        specs = self._of(BackendSpec)
        for spec in specs:
            if spec.parts[0] == part and not isinstance(spec, IdentifierSpec | AgeSpec):
                alone = sum(other.role == spec.role and spec.called in other.names for other in specs) == 1
                return spec.called if alone else spec.id
        return None

    def gain_of(self, restorer_id: str) -> MeasuredGain | None:
        """What a restorer was measured to bring; None where nobody knows."""
        spec = self.restorer_of(restorer_id)
        return None if spec is None else spec.gain

    def _choose(self, specs: Sequence[Spec], name: str, context: BackendContext) -> Spec:
        called = [s for s in specs if s.automatic] if name == AUTO else [s for s in specs if _is_called(s, name)]
        # The last is taken unasked: what it lacks is said when it is loaded.
        return next((s for s in called[:-1] if not s.reasons(context)), None) or (
            called[-1] if called else _named(specs, name, AUTO)
        )

    def _of(self, kind: type[Spec]) -> tuple[Spec, ...]:
        everything = (*self.builtin, *(extension.value for extension in self.added))
        return tuple(spec for spec in everything if isinstance(spec, kind))


def find_backends(pack: str, found: Iterable[EntryPoint] | None = None, *, models: Path | None = None) -> Registry:
    """The built-in backends, a user's own restorers in the folder `models`, and those of installed packages; `found`
    replaces looking for the latter. `pack` is the setting `insightface_pack`."""
    builtin = builtin_backends(pack)
    loaded, broken = load(BACKENDS, _accepted, found)
    own, unreadable = ([], []) if models is None else own_restorers(models)
    each = [*own, *(Extension(e.origin, e.name, spec) for e in loaded for spec in e.value)]
    added, doubled = unique(each, BACKENDS, _names, [AUTO, BEST, *(n for s in builtin for n in _names(s))])
    guarded = (Extension(e.origin, e.name, _guarded(e.value, e.origin)) for e in added)
    return Registry(builtin, tuple(guarded), (*unreadable, *broken, *doubled))


def _names(spec: BackendSpec) -> set[str]:
    return {spec.id, *spec.names, *(part.id for part in spec.parts)}


def _is_called(spec: BackendSpec, name: str) -> bool:
    return name == spec.id or name in spec.names


def _named(specs: Sequence[Spec], name: str, *also: str) -> Spec:
    for spec in specs:
        if _is_called(spec, name):
            return spec
    known = ", ".join(dict.fromkeys((*also, *(s.called for s in specs))))
    raise BackendUnavailableError(f"unknown {specs[0].role} {name!r}; known: {known}")


def _accepted(value: Any) -> tuple[BackendSpec, ...]:
    """The specs an entry point names: one, or several in a tuple or list. Raises ExtensionError."""
    specs = (value,) if isinstance(value, BackendSpec) else value
    if not isinstance(specs, tuple | list) or not specs:
        raise ExtensionError(f"a BackendSpec or a tuple of them is wanted, not {type(value).__name__}")
    for spec in specs:
        if not isinstance(spec, _ROLES):
            raise ExtensionError(f"the spec of a role is wanted, not {type(spec).__name__}")
        if not isinstance(spec.id, str) or not spec.id.strip() or not isinstance(spec.label, str):
            raise ExtensionError("id and label must be text")
        if not isinstance(spec.names, tuple) or not all(isinstance(n, str) and n.strip() for n in spec.names):
            raise ExtensionError(f"{spec.id}: names must be a tuple of text")
        if wrong := [n for n in _CALLS if getattr(spec, n, None) is not None and not callable(getattr(spec, n))]:
            raise ExtensionError(f"{spec.id}: {wrong[0]} must be a function of a BackendContext")
        if not spec.parts or not all(isinstance(p, Backend) and p.role == spec.role for p in spec.parts):
            raise ExtensionError(f"{spec.id}: parts must be models of the role {spec.role}, at least one")
        if any(file.bundled for part in spec.parts for file in part.files):
            raise ExtensionError(f"{spec.id}: what ships in a package of its own is not listed among files")
    return tuple(specs)


def _guarded(spec: BackendSpec, origin: str) -> BackendSpec:
    """The same, never chosen by itself, whose failures are told as ours: with who and what, and never a crash."""

    def guard(call: Callable[[BackendContext], T]) -> Callable[[BackendContext], T]:
        def guarded(context: BackendContext) -> T:
            try:
                return call(context)
            except IconFaceError:
                raise
            except (Exception, SystemExit) as e:
                raise BackendUnavailableError(f"{spec.id} ({origin}) fails: {in_words(e)}") from e

        return guarded

    calls: dict[str, Any] = {name: guard(call) for name in _CALLS if (call := getattr(spec, name, None)) is not None}
    return replace(spec, automatic=False, **calls)
