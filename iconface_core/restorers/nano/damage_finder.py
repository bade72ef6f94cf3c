"""What finds damage in faces (`hidden.py`), on its own: for pictures of any content and size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from iconface_core.errors import UnsupportedCheckpointError
from iconface_core.models.files import sha256_of
from iconface_core.types import F32, RgbU8

from .checkpoint import load_nano
from .fine import FineNet
from .inference import torch_threads


class NanoDamageFinder:
    """See DamageFinder.

    `weights` is an iconface-nano checkpoint, `threads` are CPU threads (None: torch's own choice). Raises as
    `load_nano`, and UnsupportedCheckpointError for a network that does not look for damage.
    """

    def __init__(self, weights: Path, *, threads: int | None = None) -> None:
        network, config, _ = load_nano(weights)
        if not isinstance(network, FineNet):
            raise UnsupportedCheckpointError(
                f"{weights}: {config.name} does not look for damage; use the one that ships"
            )
        self.weights_sha256 = sha256_of(weights)
        self._network = network.hidden.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
        self._threads = threads

    def __call__(self, picture: RgbU8) -> F32:
        """See DamageFinder."""
        with torch_threads(self._threads), torch.inference_mode():
            pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
            logits = self._network(pixels.contiguous(memory_format=torch.channels_last))
            found: F32 = torch.sigmoid(logits)[0, 0].numpy()
        return found
