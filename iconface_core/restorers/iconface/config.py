"""IconFaceConfig: everything that fixes the network and its inference, without torch, as versioned JSON.

Sizes that the paper does not state are our choice and marked so; docs/adr/0010 gives the reasons.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from iconface_core.codec import CodecError, decode
from iconface_core.errors import UnsupportedCheckpointError

CONFIG_VERSION = 1
PROMPT = (
    "restore a high quality portrait photo of a person, natural skin, detailed face, while preserving the facial "
    "structure, expression, and lighting/shading from the degraded input image"
)
Variant = Literal["concat", "structure", "identity", "single_route", "full"]


@dataclass(frozen=True, slots=True)
class BackboneConfig:
    """The shape of the frozen FLUX.2 transformer; the defaults are klein-base-4B."""

    repo_id: str = "black-forest-labs/FLUX.2-klein-base-4B"
    in_channels: int = 128
    num_layers: int = 5
    num_single_layers: int = 20
    attention_head_dim: int = 128
    num_attention_heads: int = 24
    joint_attention_dim: int = 7680
    axes_dims_rope: tuple[int, ...] = (32, 32, 32, 32)

    @property
    def hidden_size(self) -> int:
        return self.attention_head_dim * self.num_attention_heads


@dataclass(frozen=True, slots=True)
class IdentityConfig:
    """The global identity pathway. `encoder` is the id of the embedder whose vectors it was trained on, or the front
    part of it, when a publisher states the architecture but not which weights."""

    enabled: bool = True
    encoder: str = "adaface-ir50"
    dim: int = 512
    temperature: float = 1.0  # paper
    anchor: Literal["paper", "adaptive"] = "paper"  # how references become one anchor; see identity.py
    width: int = 512  # ours: width of phi
    rank: int = 64  # ours: rank of psi
    scope: Literal["image", "scene"] = "image"  # ours: which image tokens receive the deltas

    def accepts(self, embedder_id: str) -> bool:
        """Whether vectors of this embedder may be used: the same id, or the same up to a following "-"."""
        return embedder_id == self.encoder or embedder_id.startswith(f"{self.encoder}-")


@dataclass(frozen=True, slots=True)
class StructureConfig:
    """The low-rank degraded residual on the scene tokens."""

    enabled: bool = True
    rank: int = 16
    scale: float = 1.0  # paper: s_deg
    space: Literal["hidden", "latent"] = "hidden"  # ours: after or before the image embedder


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """The degraded memory that every block reads. `routes`: 0 none, 1 base only, 2 base and detail."""

    routes: Literal[0, 1, 2] = 2
    tokens: int = 256  # paper: in total
    width: int = 512  # ours
    rank: int = 16  # paper for K and V; ours for Q
    kernel: int = 3  # ours: the average that defines "smooth"


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """Rank 0 means no LoRA."""

    rank: int = 16  # paper
    alpha: int = 16


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    steps: int = 12
    guidance: float = 4.0
    seed: int = 42
    image_size: int = 512
    prompt: str = PROMPT
    negative_prompt: str = ""


@dataclass(frozen=True, slots=True)
class IconFaceConfig:
    """The whole model. `condition_attention` is how it was trained: "joint" is the paper's; "cached" lets degraded and
    reference tokens attend only to themselves at `condition_timestep` (0..1), so their keys and values are computed
    once per image."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    identity: IdentityConfig = field(default_factory=IdentityConfig)
    structure: StructureConfig = field(default_factory=StructureConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    condition_attention: Literal["joint", "cached"] = "joint"
    condition_timestep: float = 0.0
    version: int = CONFIG_VERSION

    def __post_init__(self) -> None:
        if self.memory.routes and self.memory.tokens % self.memory.routes:
            raise ValueError(f"memory.tokens {self.memory.tokens} does not split over {self.memory.routes} routes")
        if self.memory.kernel % 2 == 0:
            raise ValueError(f"memory.kernel must be odd, not {self.memory.kernel}")
        if self.identity.temperature <= 0:
            raise ValueError(f"identity.temperature must be positive, not {self.identity.temperature}")

    def variant(self, name: Variant) -> "IconFaceConfig":
        """The row of the paper's ablation (Table 3): each adds one part to the row before."""
        rows: dict[Variant, tuple[bool, bool, Literal[0, 1, 2]]] = {
            "concat": (False, False, 0),
            "structure": (True, False, 0),
            "identity": (True, True, 0),
            "single_route": (True, True, 1),
            "full": (True, True, 2),
        }
        structure, identity, routes = rows[name]
        return replace(
            self,
            structure=replace(self.structure, enabled=structure),
            identity=replace(self.identity, enabled=identity),
            memory=replace(self.memory, routes=routes),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str, *, source: str = "config") -> "IconFaceConfig":
        """Read what `to_json` wrote. `source` names the file in errors.

        Raises UnsupportedCheckpointError on bad JSON, another version, unknown keys or wrong types.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as e:
            raise UnsupportedCheckpointError(f"{source} is not valid JSON ({e}); copy the checkpoint again") from e
        return cls.from_dict(data, source=source)

    @classmethod
    def from_dict(cls, data: Any, *, source: str = "config") -> "IconFaceConfig":
        """Like `from_json`, for JSON that is already parsed."""
        if not isinstance(data, dict):
            raise UnsupportedCheckpointError(f"{source} must hold a JSON object")
        version = data.get("version")
        if version != CONFIG_VERSION:
            raise UnsupportedCheckpointError(
                f"{source} has config version {version!r}, this program reads {CONFIG_VERSION}; update iconface"
            )
        try:
            return decode(cls, data, source)
        except CodecError as e:
            raise UnsupportedCheckpointError(f"{e}; was it made by a newer iconface?") from e
