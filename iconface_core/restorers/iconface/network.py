"""IconFaceNetwork: backbone, adapter and hooks as one velocity predictor. Inference and training share it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from iconface_core.restorers.common.denoise import Velocity
from iconface_core.restorers.common.tokens import Grid, condition_ids, pack, scene_ids, text_ids
from iconface_core.untyped import Transformer

from .adapter import AdapterSignals, IconFaceAdapter
from .condition_cache import compute_cache, enable_kv_attention
from .config import IconFaceConfig
from .hooks import AdapterHooks


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Everything about a batch that does not change while it is sampled: packed condition tokens (B, N, C) with ids
    (N, 4), the adapter's signals, and the KV cache in cached mode."""

    tokens: Tensor
    ids: Tensor
    scene: Grid
    signals: AdapterSignals
    cache: Any = None


class IconFaceNetwork:
    """Predicts the flow velocity of the scene. Build once; `detach()` gives the plain backbone back."""

    def __init__(self, transformer: Transformer, adapter: IconFaceAdapter, config: IconFaceConfig) -> None:
        self.transformer = transformer
        self.adapter = adapter
        self.config = config
        self.hooks = AdapterHooks(transformer, adapter)
        self._restore_attention = enable_kv_attention(transformer) if config.condition_attention == "cached" else None

    def detach(self) -> None:
        self.hooks.detach()
        if self._restore_attention is not None:
            self._restore_attention()
            self._restore_attention = None

    def prepare(
        self,
        degraded: Tensor,
        references: Sequence[Tensor] = (),
        anchor: Tensor | None = None,
        scene: Grid | None = None,
    ) -> Condition:
        """Normalised latents (B, C, h, w), one tensor per reference, and anchors (B, dim) -> Condition.

        Every face of a batch has the same number and sizes of references, because position ids are shared.
        `scene` defaults to the degraded face's own grid.
        """
        grid = _grid(degraded)
        scene = grid if scene is None else scene
        parts = [pack(x) for x in (degraded, *references)]
        ids = condition_ids(grid, [_grid(r) for r in references]).to(degraded.device)
        signals = self.adapter(parts[0], grid, scene, anchor)
        condition = Condition(torch.cat(parts, dim=1), ids, scene, signals)
        if self.config.condition_attention == "joint":
            return condition
        with self.applying(condition):
            cache = compute_cache(self.transformer, condition.tokens, ids, self.config.condition_timestep)
        return Condition(condition.tokens, ids, scene, signals, cache)

    def velocity(self, scene: Tensor, sigma: Tensor, text: Tensor, condition: Condition) -> Tensor:
        """Packed scene (B, n, C), sigma (B,) in 0..1 and prompt embeddings (B or 1, L, E) -> velocity (B, n, C)."""
        batch, rows = scene.shape[:2]
        ids = scene_ids(condition.scene).to(scene.device)
        call: dict[str, Any] = {"hidden_states": scene, "img_ids": ids}
        if self.config.condition_attention == "cached":
            call |= {"kv_cache": condition.cache, "kv_cache_mode": "cached"}
        else:
            call["hidden_states"] = torch.cat([scene, condition.tokens.to(scene)], dim=1)
            call["img_ids"] = torch.cat([ids, condition.ids])
        with self.applying(condition):
            output: Tensor = self.transformer(
                **call,
                encoder_hidden_states=text.expand(batch, -1, -1).to(scene),
                timestep=sigma,
                txt_ids=text_ids(text.shape[1]).to(scene.device),
                return_dict=False,
            )[0]
        return output[:, :rows]

    def applying(self, condition: Condition) -> AbstractContextManager[None]:
        """Keep the condition applied: a backward pass with gradient checkpointing runs the blocks again."""
        return self.hooks.conditioned(condition.signals)

    def predictor(self, text: Tensor, condition: Condition) -> Velocity:
        """`velocity` for a fixed prompt and condition, as the sampling loop wants it: (scene, sigma) -> velocity."""

        def predict(scene: Tensor, sigma: float) -> Tensor:
            level = torch.full((len(scene),), sigma, dtype=torch.float32, device=scene.device)
            return self.velocity(scene, level, text, condition)

        return predict


def _grid(latents: Tensor) -> Grid:
    return latents.shape[-2], latents.shape[-1]
