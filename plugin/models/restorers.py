"""The restorers a user may name, each made and decided once."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial

from iconface_core.choosing import BEST
from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import RestorerSpec
from iconface_core.protocols import FaceRestorer

from .backends import Backends, EmbedderBackend, RestorerBackend
from .cache import ModelHost, ModelSlot
from .registry import AUTO

LARGE = 100_000_000
"""Bytes of its files: where several restorers take their turns, such a one is dropped before the next is loaded."""


class Restorers:
    """Names to slots; names of one backend share its slot. `default` is what `auto` means; `best` is all that can run
    here, of whose results the best is taken.

    Each name is decided once, not per photo: a loaded IconFace leaves too little memory to be found ready again.
    """

    def __init__(
        self, default: str, backends: Backends, embedders: Sequence[EmbedderBackend], models: ModelHost
    ) -> None:
        self._default, self._backends, self._embedders, self._models = default, backends, embedders, models
        self._decided: dict[str, RestorerBackend] = {}
        self._slots: dict[str, ModelSlot[FaceRestorer]] = {}

    def backend(self, name: str) -> RestorerBackend:
        """What `name` stands for here, without loading it. Raises BackendUnavailableError."""
        name = self._default if name == AUTO else name
        if name not in self._decided:
            if name == BEST:
                backend = RestorerBackend(BEST, self._load_best)
            else:
                backend = self._backends.restorer(name, self._embedders)
            self._slots.setdefault(backend.id, self._models.slot(backend.load, exclusive=True))
            self._decided[name] = backend
        return self._decided[name]

    def slot(self, name: str) -> ModelSlot[FaceRestorer]:
        """The model behind `name`. Raises BackendUnavailableError."""
        return self._slots[self.backend(name).id]

    def let_go(self, name: str) -> None:
        """Drop the model behind `name`, unless it takes long to be there again. Raises BackendUnavailableError."""
        chosen = self.backend(name).id
        if any(spec.id == chosen and not _takes_long(spec) for spec in self._backends.registry.restorers):
            self._slots[chosen].unload_if_idle(0)

    def _load_best(self) -> FaceRestorer:
        """Raises BackendUnavailableError where nothing can restore here."""
        from iconface_core.choosing.restorer import BestRestorer, Member

        context = self._backends.with_embedders(self._embedders)
        specs = [spec for spec in self._backends.registry.restorers if not spec.reasons(context)]
        if not specs:
            raise BackendUnavailableError("no restorer can run here; iconface doctor says why")
        for spec in specs:
            self.backend(spec.id)
        trained_with = {spec.trained_with for spec in specs}
        embedders = self._backends.installed_embedders()
        judge = next((e for e in embedders if e.facts.id not in trained_with), embedders[-1])
        slot = self._models.slot(judge.load)
        return BestRestorer([Member(partial(self._turn, spec), spec.likeness.at) for spec in specs], slot.use)

    @contextmanager
    def _turn(self, spec: RestorerSpec) -> Generator[FaceRestorer]:
        """Lend a member of `best`."""
        slot = self._slots[spec.id]
        with slot.use() as restorer:
            yield restorer
        if _takes_long(spec):
            slot.unload_if_idle(0)


def _takes_long(spec: RestorerSpec) -> bool:
    return any(part.folder is not None for part in spec.parts) or _size(spec) >= LARGE


def _size(spec: RestorerSpec) -> int:
    """Bytes of its files, as far as they are known."""
    return sum(file.size or 0 for part in spec.parts for file in part.files)
