"""IconFaceAdapter: the pathways of one checkpoint, and the signals they give for one batch of faces."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from iconface_core.restorers.common.tokens import Grid

from .config import IconFaceConfig
from .pathways import DegradedMemory, DegradedResidual, IdentityPathway, MemoryAttention


@dataclass(frozen=True, slots=True, eq=False)
class AdapterSignals:
    """What the hooks add to the backbone, computed once per image; None where a pathway is switched off.

    `delta_double` (B, 6D) and `delta_single` (B, 3D) go to the modulation of image tokens, `residual`
    (B, scene tokens, D or C) to the scene tokens, `memory` (B, M, width) is read by every block.
    """

    scene_tokens: int
    delta_double: Tensor | None = None
    delta_single: Tensor | None = None
    residual: Tensor | None = None
    memory: Tensor | None = None


class IconFaceAdapter(nn.Module):
    """All new parameters except LoRA. Names are checkpoint keys: renaming one is a format change."""

    def __init__(self, config: IconFaceConfig) -> None:
        super().__init__()
        backbone, identity, structure, memory = config.backbone, config.identity, config.structure, config.memory
        hidden = backbone.hidden_size
        self.config = config
        self.identity = (
            IdentityPathway(identity.dim, hidden, width=identity.width, rank=identity.rank)
            if identity.enabled
            else None
        )
        residual_out = hidden if structure.space == "hidden" else backbone.in_channels
        self.residual = (
            DegradedResidual(backbone.in_channels, residual_out, rank=structure.rank, scale=structure.scale)
            if structure.enabled
            else None
        )
        self.memory = (
            DegradedMemory(
                backbone.in_channels,
                tokens=memory.tokens,
                width=memory.width,
                routes=memory.routes,
                kernel=memory.kernel,
            )
            if memory.routes
            else None
        )
        blocks = (backbone.num_layers, backbone.num_single_layers) if memory.routes else (0, 0)
        self.read_double, self.read_single = (
            nn.ModuleList(
                MemoryAttention(hidden, memory.width, rank=memory.rank, heads=backbone.num_attention_heads)
                for _ in range(count)
            )
            for count in blocks
        )

    @property
    def is_empty(self) -> bool:
        """True for the concat-only variant: every pathway is switched off."""
        return next(self.parameters(), None) is None

    def forward(self, degraded: Tensor, grid: Grid, scene: Grid, anchor: Tensor | None = None) -> AdapterSignals:
        """Signals for a batch.

        degraded (B, h*w, C) packed latents on `grid`; `scene` is the grid of the output; anchor (B, dim) unit
        vectors, or None when there is no identity evidence at all (then the modulation stays the backbone's).
        """
        deltas: tuple[Tensor | None, Tensor | None] = (None, None)
        if self.identity is not None and anchor is not None:
            dtype = self.identity.psi_double.up.weight.dtype
            deltas = self.identity(anchor.to(degraded.device, dtype))
        dtype = next((p.dtype for p in self.parameters()), degraded.dtype)
        degraded = degraded.to(dtype)
        return AdapterSignals(
            scene_tokens=scene[0] * scene[1],
            delta_double=deltas[0],
            delta_single=deltas[1],
            residual=None if self.residual is None else self.residual(degraded, grid, scene),
            memory=None if self.memory is None else self.memory(degraded, grid),
        )

    def count_parameters(self) -> dict[str, int]:
        """Parameters per pathway and in total; works on the meta device."""
        parts: dict[str, nn.Module | None] = {
            "identity": self.identity,
            "residual": self.residual,
            "memory": self.memory,
            "cross_attention": nn.ModuleList([self.read_double, self.read_single]),
        }
        counts = {name: sum(p.numel() for p in m.parameters()) if m else 0 for name, m in parts.items()}
        return {**counts, "total": sum(counts.values())}


def meta_adapter(config: IconFaceConfig) -> IconFaceAdapter:
    """The adapter without storage, to be filled by `load_state_dict(..., assign=True)` or counted."""
    with torch.device("meta"):
        return IconFaceAdapter(config)
