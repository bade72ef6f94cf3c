"""Attach an IconFaceAdapter to an unmodified Flux2Transformer2DModel through public PyTorch hooks.

Hooks sit on named submodules, whose names are checkpoint keys and therefore stable; no diffusers code is copied, and
the adapter is not a submodule of the backbone, so `save_pretrained` of the backbone is unchanged.

    hooks = AdapterHooks(transformer, adapter)
    with hooks.conditioned(adapter(degraded, grid, scene, anchor)):
        transformer(...)       # any caller: our loop, the stock pipeline, a trainer
    hooks.detach()

Three kinds of call are understood: joint (scene tokens first), and diffusers' `kv_cache_mode` "extract" (condition
tokens first, counted by `num_ref_tokens`) and "cached" (scene tokens only). Backward passes with gradient
checkpointing run the blocks again, so they belong inside `conditioned` too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from iconface_core.untyped import Transformer

from .adapter import AdapterSignals, IconFaceAdapter


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are in the running call: text, then image rows, of which `scene_start:scene_stop` are the scene."""

    text: int
    image: int
    scene_start: int
    scene_stop: int
    extract: bool


class AdapterHooks:
    """The attachment of one adapter to one transformer."""

    def __init__(self, transformer: Transformer, adapter: IconFaceAdapter) -> None:
        self._adapter = adapter
        self._signals: AdapterSignals | None = None
        self._layout: _Layout | None = None
        self._seen_double = self._seen_single = False
        embedder = transformer.x_embedder
        latent_space = adapter.config.structure.space == "latent"
        self._handles = [
            transformer.register_forward_pre_hook(self._begin, with_kwargs=True),
            transformer.double_stream_modulation_img.register_forward_hook(self._double_modulation),
            transformer.single_stream_modulation.register_forward_hook(self._single_modulation),
            embedder.register_forward_pre_hook(self._latents)
            if latent_space
            else embedder.register_forward_hook(self._embedded),
        ]
        pairs = [
            *zip(transformer.transformer_blocks, adapter.read_double, strict=False),
            *zip(transformer.single_transformer_blocks, adapter.read_single, strict=False),
        ]
        expected = len(transformer.transformer_blocks) + len(transformer.single_transformer_blocks)
        if adapter.memory is not None and len(pairs) != expected:
            self.detach()
            raise ValueError(f"the adapter reads its memory in {len(pairs)} blocks, the backbone has {expected}")
        self._handles += [block.register_forward_hook(_reader(self, read)) for block, read in pairs]

    @contextmanager
    def conditioned(self, signals: AdapterSignals) -> Iterator[None]:
        """Apply `signals` to every call of the transformer inside the block. Not re-entrant across threads."""
        before, self._signals = self._signals, signals
        try:
            yield
        finally:
            self._signals = before

    def detach(self) -> None:
        """Remove all hooks; the transformer is what it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _begin(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._signals is None:
            return
        hidden = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
        text = kwargs["encoder_hidden_states"] if "encoder_hidden_states" in kwargs else args[1]
        rows, mode = hidden.shape[1], kwargs.get("kv_cache_mode")
        start = kwargs.get("num_ref_tokens", 0) if mode == "extract" else 0
        scene = rows - start if mode is not None else self._signals.scene_tokens
        if scene > rows or (mode is not None and scene not in (0, self._signals.scene_tokens)):
            raise ValueError(
                f"the call has {rows} image tokens; the adapter was conditioned for a scene of "
                f"{self._signals.scene_tokens}"
            )
        self._layout = _Layout(text.shape[1], rows, start, start + scene, mode == "extract")
        self._seen_double = self._seen_single = False

    def _double_modulation(self, _: nn.Module, __: Any, base: Tensor) -> Tensor:
        """(B, 6D) -> the same plus the delta; per token when only the scene receives it."""
        if self._signals is None or self._signals.delta_double is None or self._layout is None:
            return base
        again, self._seen_double = self._seen_double, True
        return self._modulate(base, self._signals.delta_double, text=0, condition_call=again)

    def _single_modulation(self, _: nn.Module, __: Any, base: Tensor) -> Tensor:
        """(B, 3D) -> (B, text + image, 3D): text rows keep the backbone's modulation bit for bit."""
        if self._signals is None or self._signals.delta_single is None or self._layout is None:
            return base
        again, self._seen_single = self._seen_single, True
        return self._modulate(base, self._signals.delta_single, text=self._layout.text, condition_call=again)

    def _modulate(self, base: Tensor, delta: Tensor, *, text: int, condition_call: bool) -> Tensor:
        assert self._layout is not None
        layout = self._layout
        scene_only = self._adapter.config.identity.scope == "scene"
        plain = base[:, None]
        moved = (base + delta.to(base))[:, None]
        if layout.extract and condition_call:
            # In an extract call diffusers asks a second time, at the condition's own timestep, and blends the rows.
            return plain if scene_only else moved
        if text == 0 and not scene_only:
            return moved
        start, stop = (layout.scene_start, layout.scene_stop) if scene_only else (0, layout.image)
        before, after = text + start, layout.image - stop
        return torch.cat(
            [plain.expand(-1, before, -1), moved.expand(-1, stop - start, -1), plain.expand(-1, after, -1)], dim=1
        )

    def _latents(self, _: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (self._add_residual(args[0]), *args[1:])

    def _embedded(self, _: nn.Module, __: Any, tokens: Tensor) -> Tensor:
        return self._add_residual(tokens)

    def _add_residual(self, tokens: Tensor) -> Tensor:
        """Add the degraded residual to the scene rows of (B, image, C or D)."""
        if self._signals is None or self._signals.residual is None or self._layout is None:
            return tokens
        start, stop = self._layout.scene_start, self._layout.scene_stop
        if start == stop:
            return tokens
        scene = tokens[:, start:stop] + self._signals.residual.to(tokens)
        return torch.cat([tokens[:, :start], scene, tokens[:, stop:]], dim=1)

    def read_memory(self, read: nn.Module, output: Any) -> Any:
        """Add one block's reading of the memory to its image rows; double blocks return (text, image)."""
        if self._signals is None or self._signals.memory is None or self._layout is None:
            return output
        memory = self._signals.memory
        if isinstance(output, tuple):
            text, image = output
            return text, image + read(image, memory)
        text, image = output.split([self._layout.text, self._layout.image], dim=1)
        return torch.cat([text, image + read(image, memory)], dim=1)


def _reader(hooks: AdapterHooks, read: nn.Module) -> Any:
    def hook(_: nn.Module, __: Any, output: Any) -> Any:
        return hooks.read_memory(read, output)

    return hook
