"""Faces through an iconface-nano network at its own size: pixels in, pixels out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from iconface_core.errors import BackendUnavailableError
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.protocols import FaceEmbedder
from iconface_core.types import F32, FaceEmbedding, RgbU8

from .anchor import batch_anchor
from .checkpoint import load_nano
from .fine import FineOutput

OnStep = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class NanoFace:
    """A face at the network's size: the degraded crop (S, S, 3), its references (S, S, 3) and their embeddings, where
    they are known already (else the references' own pixels are embedded). `texture` (S, S): how much of it is wanted
    where; None: 1 everywhere."""

    degraded: RgbU8
    references: tuple[RgbU8, ...] = ()
    identity: tuple[FaceEmbedding, ...] = ()
    texture: F32 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NanoResult:
    """The restored face (S, S, 3), and how much of each pixel local damage had hidden (S, S) 0..1; None where the
    network does not say."""

    pixels: RgbU8
    damage: F32 | None = None


class NanoModel:
    """A loaded checkpoint. `embedder` makes the identity vectors it was trained with; None is enough where the network
    uses none. `threads` are the CPU threads of a call (None: torch's own choice), `batch` the most faces in one.

    Raises WeightsError or UnsupportedCheckpointError as `load_nano`, BackendUnavailableError when the embedder is
    missing or another one.
    """

    def __init__(
        self, weights: Path, embedder: FaceEmbedder | None, *, threads: int | None = None, batch: int = 8
    ) -> None:
        network, self.config, self.card = load_nano(weights)
        # twice as fast on a CPU
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
        self._embedder, self._threads, self._batch = embedder, threads, batch
        identity = self.config.identity
        if identity.enabled and (embedder is None or embedder.id != identity.encoder):
            raise BackendUnavailableError(
                f"{weights} needs identity vectors of {identity.encoder!r}, not {embedder.id if embedder else None!r}"
            )

    def restore(
        self,
        faces: Sequence[NanoFace],
        *,
        steps: int = 1,
        seed: int = 42,
        mirrored: bool = False,
        texture: float = 0.0,
        on_step: OnStep | None = None,
    ) -> list[RgbU8]:
        """The pixels of `restore_faces`."""
        found = self.restore_faces(faces, steps=steps, seed=seed, mirrored=mirrored, texture=texture, on_step=on_step)
        return [result.pixels for result in found]

    def restore_faces(
        self,
        faces: Sequence[NanoFace],
        *,
        steps: int = 1,
        seed: int = 42,
        mirrored: bool = False,
        texture: float = 0.0,
        on_step: OnStep | None = None,
    ) -> list[NanoResult]:
        """Restore crops of `config.size`, in order; those with equally many references share their batches.

        `steps` and, from two on, `seed` matter to the transformer only. `mirrored`: the mean with the restored mirror
        image, which costs twice the time. `texture` 0..1 is the share of what a network with texture would add to its
        faithful base. `on_step(done, total)` counts batches and may raise to cancel. Raises
        ValueError for another size.
        """
        groups: dict[int, list[int]] = defaultdict(list)
        for i, face in enumerate(faces):
            groups[len(self._references(face))].append(i)
        batches = [m[at : at + self._batch] for m in groups.values() for at in range(0, len(m), self._batch)]
        out: dict[int, NanoResult] = {}
        with torch_threads(self._threads), torch.inference_mode():
            for done, members in enumerate(batches, 1):
                restored = self._run([faces[i] for i in members], steps, seed, mirrored, texture)
                out |= zip(members, restored, strict=True)
                if on_step is not None:
                    on_step(done, len(batches))
        return [out[i] for i in range(len(faces))]

    def _run(
        self, faces: Sequence[NanoFace], steps: int, seed: int, mirrored: bool, texture: float
    ) -> list[NanoResult]:
        degraded = torch.cat([self._tensor(f.degraded) for f in faces])
        count = len(self._references(faces[0]))
        pictures = [self._tensor(r) for f in faces for r in self._references(f)]
        seen = torch.cat(pictures) if pictures else degraded[:0]
        seen = seen.reshape(len(faces), count, *degraded.shape[1:])
        anchor = self._anchors(faces) if self.config.identity.enabled else degraded.new_zeros(len(faces), 0)
        everywhere = np.ones(degraded.shape[-2:], np.float32)
        wanted = [everywhere if f.texture is None else f.texture for f in faces]
        shares = texture * torch.from_numpy(np.stack(wanted))[:, None]
        restored, hidden = self._forward(degraded, seen, anchor, steps, seed, shares)
        if mirrored:
            other, also = self._forward(degraded.flip(-1), seen.flip(-1), anchor, steps, seed, shares.flip(-1))
            restored = (restored + other.flip(-1)) / 2
            hidden = None if hidden is None or also is None else (hidden + also.flip(-1)) / 2
        pixels = ((restored + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        masks = [None] * len(faces) if hidden is None else [m[0].numpy() for m in hidden]
        return [NanoResult(np.ascontiguousarray(p.numpy()), m) for p, m in zip(pixels, masks, strict=True)]

    def _forward(
        self, degraded: Tensor, references: Tensor, anchor: Tensor, steps: int, seed: int, texture: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Pictures (B, 3, S, S), and the mask of what was hidden (B, 1, S, S); `texture` (B, 1, S, S)."""
        network: Any = self._network
        degraded = degraded.contiguous(memory_format=torch.channels_last)
        if self.config.backbone == "transformer" and steps > 1:
            return network.sample(degraded, references, anchor, steps=steps, seed=seed), None
        out = network(degraded, references, anchor)
        if isinstance(out, FineOutput):
            restored = out.base + texture * network.texture_over(out.base) if texture.any() else out.base
            return restored, out.damage
        return out, None

    def _anchors(self, faces: Sequence[NanoFace]) -> Tensor:
        """(B, dim), of faces with equally many references."""
        assert self._embedder is not None
        identity = self.config.identity
        own = self._embed([f.degraded for f in faces])
        known = [self._identity(f) for f in faces]
        quality = self._embedder.calibration.quality([e.norm for e in own])
        return batch_anchor(
            torch.from_numpy(_vectors(known, identity.dim)),
            torch.tensor([[e.norm for e in row] for row in known], dtype=torch.float32).reshape(len(faces), -1),
            normalize(torch.from_numpy(np.stack([e.vector for e in own])), dim=1),
            torch.from_numpy(quality),
            rule=identity.anchor,
            temperature=identity.temperature,
        )

    def _identity(self, face: NanoFace) -> Sequence[FaceEmbedding]:
        references = self._references(face)
        known = face.identity[: len(references)]
        if len(known) == len(references) and all(e.embedder == self.config.identity.encoder for e in known):
            return known
        return self._embed(references)

    def embed(self, crops: Sequence[RgbU8]) -> list[FaceEmbedding]:
        """Identity vectors of crops of `config.size`, for `NanoFace.identity`; nothing where the network uses none."""
        return self._embed(crops) if self.config.identity.enabled else []

    def _embed(self, crops: Sequence[RgbU8]) -> list[FaceEmbedding]:
        assert self._embedder is not None
        landmarks = FFHQ_512.resized(self.config.size)
        return self._embedder.embed([align_face(crop, landmarks, ARCFACE_112) for crop in crops])

    def _references(self, face: NanoFace) -> Sequence[RgbU8]:
        return face.references[: self.config.max_references]

    def _tensor(self, crop: RgbU8) -> Tensor:
        """(S, S, 3) -> (1, 3, S, S) in [-1, 1]."""
        side = self.config.size
        if crop.shape != (side, side, 3):
            raise ValueError(f"{self.config.name} restores crops of {side} x {side} px, not {crop.shape[1::-1]}")
        pixels = torch.from_numpy(np.array(crop))  # a copy: pictures of a pack are read-only
        return pixels.permute(2, 0, 1)[None].float() / 127.5 - 1


def _vectors(known: Sequence[Sequence[FaceEmbedding]], dim: int) -> F32:
    rows = [[e.vector for e in row] for row in known]
    return np.array(rows, np.float32).reshape(len(known), len(known[0]), dim)


@contextmanager
def torch_threads(count: int | None) -> Generator[None]:
    """torch has one number of threads for the whole process; it is given back."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
