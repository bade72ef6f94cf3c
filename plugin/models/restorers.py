"""The restorers a user may name, each made and decided once."""

from collections.abc import Sequence

from iconface_core.protocols import FaceRestorer

from .backends import EmbedderBackend, restorer_backend
from .host import ModelHost, ModelSlot
from .iconface_backend import IconFaceFiles


class Restorers:
    """Names to slots; names of one backend share its slot. `default` is what `auto` means.

    Each name is decided once, not per photo: a loaded IconFace leaves too little memory to be found ready again.
    """

    def __init__(
        self, default: str, iconface: IconFaceFiles, embedders: Sequence[EmbedderBackend], models: ModelHost
    ) -> None:
        self._default, self._iconface, self._embedders, self._models = default, iconface, embedders, models
        self._ids: dict[str, str] = {}
        self._slots: dict[str, ModelSlot[FaceRestorer]] = {}

    def id(self, name: str) -> str:
        """Which restorer `name` stands for here, without loading it. Raises BackendUnavailableError."""
        if name not in self._ids:
            wanted = self._default if name == "auto" else name
            backend_id, load = restorer_backend(wanted, self._iconface, self._embedders)
            self._slots.setdefault(backend_id, self._models.slot(load, exclusive=True))
            self._ids[name] = backend_id
        return self._ids[name]

    def slot(self, name: str) -> ModelSlot[FaceRestorer]:
        """The model behind `name`. Raises BackendUnavailableError."""
        return self._slots[self.id(name)]
