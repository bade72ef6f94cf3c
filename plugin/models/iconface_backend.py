"""IconFace on FLUX.2-klein as a restorer of this machine: where its files lie, whether it can run, how it is made.

torch is imported only when its files are there: without them the answer costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.models.catalogue import CHECKPOINT, KLEIN

if TYPE_CHECKING:
    from iconface_core.extensions.backends import BackendContext
    from iconface_core.protocols import FaceRestorer
    from iconface_core.restorers.iconface.placement import Placement

ICONFACE = "iconface-flux2-klein-4b"


@dataclass(frozen=True, slots=True)
class IconFaceFiles:
    """`models` is the models folder."""

    models: Path

    @property
    def checkpoint(self) -> Path:
        """Adapter, LoRA and prompt embeddings."""
        return self.models / str(CHECKPOINT.folder)

    @property
    def backbone(self) -> Path:
        """FLUX.2-klein-base-4B."""
        return self.models / str(KLEIN.folder)


def why_not(context: BackendContext) -> list[str]:
    """Why it cannot run here, each reason with its way out; empty when it can."""
    files = IconFaceFiles(context.models)
    if not files.checkpoint.is_dir() and not files.backbone.is_dir():
        return [
            f"no checkpoint in {files.checkpoint} (iconface models import-faceir FILE makes one)",
            f"no backbone in {files.backbone} (iconface models pull {KLEIN.id})",
        ]
    from iconface_core.restorers.iconface.readiness import why_not

    return why_not(
        files.checkpoint if files.checkpoint.is_dir() else None,
        files.backbone if files.backbone.is_dir() else None,
        _placement(context),
        embedder_ids=frozenset(map(str, context.embedders)),
    )


def load(context: BackendContext) -> FaceRestorer:
    """Make the restorer with the identity encoder its checkpoint was trained with; weights load at the first use.

    Raises WeightsError or BackendUnavailableError.
    """
    from iconface_core.restorers.iconface.checkpoint import read_config
    from iconface_core.restorers.iconface.restorer import IconFaceRestorer

    files = IconFaceFiles(context.models)
    identity = read_config(files.checkpoint)[0].identity
    encoder = next(
        (load for key, load in context.embedders.items() if identity.enabled and identity.accepts(key)), None
    )
    return IconFaceRestorer(
        files.checkpoint,
        files.backbone,
        placement=_placement(context),
        embedder=None if encoder is None else encoder(),
    )


def _placement(context: BackendContext) -> Placement:
    from iconface_core.restorers.iconface.placement import Placement

    return Placement(device=context.device, weights=context.weights, offload=context.offload)
