"""IconFace on FLUX.2-klein as a restorer of this machine: where its files lie, whether it can run, how it is made.

torch is imported only when its files are there: without them the answer costs nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from iconface_core.errors import BackendUnavailableError
from iconface_core.protocols import FaceEmbedder, FaceRestorer
from iconface_core.types import EmbedderId

if TYPE_CHECKING:
    from iconface_core.restorers.iconface.placement import Placement

ICONFACE = "iconface-flux2-klein-4b"


@dataclass(frozen=True, slots=True)
class IconFaceFiles:
    """`folder` is the models folder. `device`, `weights` and `offload` are as in docs/settings.md."""

    folder: Path
    device: str = "auto"
    weights: str = "full"
    offload: str = "none"

    @property
    def checkpoint(self) -> Path:
        """Adapter, LoRA and prompt embeddings."""
        return self.folder / "iconface" / "checkpoint"

    @property
    def backbone(self) -> Path:
        """FLUX.2-klein-base-4B."""
        return self.folder / "flux2-klein-base-4b"

    def why_not(self, embedders: frozenset[EmbedderId]) -> list[str]:
        """Why it cannot run here, each reason with its way out; empty when it can."""
        if not self.checkpoint.is_dir() and not self.backbone.is_dir():
            return [
                f"no checkpoint in {self.checkpoint} (iconface models import-faceir FILE makes one)",
                f"no backbone in {self.backbone} (iconface models pull flux2-klein-base-4b)",
            ]
        from iconface_core.restorers.iconface.readiness import why_not

        return why_not(
            self.checkpoint if self.checkpoint.is_dir() else None,
            self.backbone if self.backbone.is_dir() else None,
            self._placement(),
            embedder_ids=frozenset(map(str, embedders)),
        )

    def load(self, embedders: Mapping[EmbedderId, Callable[[], FaceEmbedder]]) -> FaceRestorer:
        """Make the restorer with the identity encoder its checkpoint was trained with; weights load at the first use.

        Raises WeightsError or BackendUnavailableError.
        """
        from iconface_core.restorers.iconface.checkpoint import read_config
        from iconface_core.restorers.iconface.restorer import IconFaceRestorer

        identity = read_config(self.checkpoint)[0].identity
        encoder = next((load for key, load in embedders.items() if identity.enabled and identity.accepts(key)), None)
        return IconFaceRestorer(
            self.checkpoint,
            self.backbone,
            placement=self._placement(),
            embedder=None if encoder is None else encoder(),
        )

    def _placement(self) -> "Placement":
        from iconface_core.restorers.iconface.placement import Placement

        weights: dict[str, Literal["full", "int8"]] = {"full": "full", "int8": "int8"}
        offload: dict[str, Literal["none", "blocks"]] = {"none": "none", "blocks": "blocks"}
        try:
            return Placement(device=self.device, weights=weights[self.weights], offload=offload[self.offload])
        except KeyError as e:
            raise BackendUnavailableError(
                f"config.toml: {e} is not a choice; iconface_weights is full or int8, iconface_offload none or blocks"
            ) from e
