"""NanoConfig: everything that fixes an iconface-nano network, without torch, as versioned JSON.

One conditioning (identity anchor, degraded memory, references) with two backbones behind it. All sizes are ours.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from iconface_core.codec import CodecError, decode
from iconface_core.errors import UnsupportedCheckpointError

NANO_VERSION = 1
Variant = Literal["concat", "structure", "identity", "single_route", "full"]


@dataclass(frozen=True, slots=True)
class NanoIdentity:
    """The identity anchor. `encoder` is the embedder whose vectors (`dim` numbers) the network was trained on."""

    enabled: bool = True
    encoder: str = "sface-2021dec"
    dim: int = 128
    temperature: float = 1.0
    anchor: Literal["paper", "adaptive"] = "adaptive"
    width: int = 256


@dataclass(frozen=True, slots=True)
class ConvConfig:
    """The U-Net. `widths` and `blocks` count from half the image size down, each level half as large.
    `reference_widths` are those of the reference encoder, level by level, 0 where references do not enter (the finest
    level costs most and says least about who it is). At the last one cells are matched, by attention with `heads`, the
    first of which looks about `reach[0]` cells far and the last `reach[1]`."""

    widths: tuple[int, ...] = (32, 64, 128, 224)
    blocks: tuple[int, ...] = (1, 1, 2, 2)
    reference_widths: tuple[int, ...] = (0, 64, 128)
    heads: int = 4
    reach: tuple[float, float] = (0.7, 3.0)


@dataclass(frozen=True, slots=True)
class FineConfig:
    """The levels that a network of twice the U-Net's size adds (`fine.py`): `width` channels in `blocks` blocks at half
    the image size, references with `reference_width` channels; `texture_blocks` with
    `texture_width` channels at full size for the texture, 0 for none; `hidden_width` channels at half the image size of
    what finds local damage."""

    width: int = 32
    blocks: int = 3
    reference_width: int = 24
    texture_blocks: int = 0
    texture_width: int = 16
    hidden_width: int = 20


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """FLUX.2's transformer in pixel space (method 6.1); the defaults are size S."""

    patch: int = 8
    heads: int = 5
    head_dim: int = 64
    double_blocks: int = 2
    single_blocks: int = 8
    prompt_tokens: int = 4
    prompt_dim: int = 64
    adapter_rank: int = 8
    identity_rank: int = 32
    memory_tokens: int = 64
    memory_width: int = 128
    head_width: int = 48


@dataclass(frozen=True, slots=True)
class NanoConfig:
    """`references`: whether reference pictures are looked at (the anchor may use their vectors all the same).
    `memory_routes`: how the degraded face enters: 1 as it is, 2 as base and detail, 0 for the concat-only ablation,
    which sees the references as further input channels instead of through attention. `fine`: the U-Net works at half
    of `size`, and a light level adds what it cannot see."""

    name: str = "iconface-nano-128"
    backbone: Literal["conv", "transformer"] = "conv"
    size: int = 128
    max_references: int = 3
    references: bool = True
    memory_routes: Literal[0, 1, 2] = 2
    identity: NanoIdentity = field(default_factory=NanoIdentity)
    conv: ConvConfig = field(default_factory=ConvConfig)
    fine: FineConfig | None = None
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    version: int = NANO_VERSION

    def __post_init__(self) -> None:
        levels = len(self.conv.widths)
        if len(self.conv.blocks) != levels:
            raise ValueError(f"conv.blocks needs {levels} numbers, one for each of conv.widths")
        given = self.conv.reference_widths
        if not 0 < len(given) < levels or given[-1] == 0 or 0 in given[given.count(0) :]:
            raise ValueError(
                "conv.reference_widths needs fewer numbers than conv.widths, zeros first, the last not zero"
            )
        if self.fine is not None and self.backbone != "conv":
            raise ValueError("fine levels are for the conv backbone only")
        halvings = levels + (self.fine is not None)
        if self.size % (1 << halvings):
            raise ValueError(f"size {self.size} cannot be halved {halvings} times")

    @property
    def trunk(self) -> "NanoConfig":
        """The U-Net below the fine levels, a network of its own; without fine levels this very one."""
        return self if self.fine is None else replace(self, size=self.size // 2, fine=None)

    @property
    def concat(self) -> bool:
        """Whether references are input channels."""
        return self.memory_routes == 0

    def variant(self, name: Variant) -> "NanoConfig":
        """A row of the ablation (paper, Table 3): each adds one part to the row before. The structure residual of the
        U-Net is its skip connections, so there "structure" adds reference attention to concat-only."""
        rows: dict[Variant, tuple[Literal[0, 1, 2], bool]] = {
            "concat": (0, False),
            "structure": (1, False),
            "identity": (1, True),
            "single_route": (1, True),
            "full": (2, True),
        }
        routes, identity = rows[name]
        return replace(self, memory_routes=routes, identity=replace(self.identity, enabled=identity))

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_dict(cls, data: Any, *, source: str = "config") -> "NanoConfig":
        """`source` names the file. Raises UnsupportedCheckpointError on another version, unknown keys, wrong types."""
        if not isinstance(data, dict) or data.get("version") != NANO_VERSION:
            found = data.get("version") if isinstance(data, dict) else data
            raise UnsupportedCheckpointError(
                f"{source} has nano config version {found!r}, this program reads {NANO_VERSION}; update iconface"
            )
        try:
            return decode(cls, data, source)
        except CodecError as e:
            raise UnsupportedCheckpointError(f"{e}; was it made by a newer iconface?") from e
