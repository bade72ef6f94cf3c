"""The restorers a user may name, each made and decided once."""

from collections.abc import Sequence

from iconface_core.protocols import FaceRestorer

from .backends import Backends, EmbedderBackend, RestorerBackend
from .cache import ModelHost, ModelSlot
from .registry import AUTO


class Restorers:
    """Names to slots; names of one backend share its slot. `default` is what `auto` means.

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
        if name not in self._decided:
            backend = self._backends.restorer(self._default if name == AUTO else name, self._embedders)
            self._slots.setdefault(backend.id, self._models.slot(backend.load, exclusive=True))
            self._decided[name] = backend
        return self._decided[name]

    def slot(self, name: str) -> ModelSlot[FaceRestorer]:
        """The model behind `name`. Raises BackendUnavailableError."""
        return self._slots[self.backend(name).id]
