"""NanoRestorer: iconface-nano behind the FaceRestorer protocol; everything loads on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from iconface_core.errors import WeightsError
from iconface_core.models.files import sha256_of
from iconface_core.protocols import FaceEmbedder
from iconface_core.restorers.common.fidelity import anchor_to_input
from iconface_core.types import AlignedFace, RestoredFace, RestoreInput, RestoreOptions, RgbU8

from .inference import NanoFace, NanoModel
from .keep_detail import degradation, keep_detail
from .texture_share import texture_share

OnStep = Callable[[int, int], None]


class NanoRestorer:
    """Restores FFHQ_512 crops by way of the network's own size; what the photo holds beyond it is kept (`keep_detail`).

    `weights` is one file, `embedder` makes the identity vectors it was trained with. One step by default; more steps
    cost more and look for detail: a transformer takes them, the U-Net restores the mirror image too and takes the mean.
    `RestoreOptions.strength` moves along the distortion-perception line: 0 is the photo, 1 the network's answer; where
    that has a texture, 0.5 is its faithful base alone. Young faces get less of that (`texture_share`).
    `threads` are CPU threads (None: torch's own choice), `batch` the most faces of one call of the network.

    Raises WeightsError when the file is missing; loading it raises as `NanoModel`.
    """

    id = "iconface-nano"
    max_references = 3
    default_strength = 1.0

    def __init__(
        self,
        weights: Path,
        *,
        embedder: Callable[[], FaceEmbedder] | None = None,
        threads: int | None = None,
        batch: int = 8,
    ) -> None:
        if not weights.is_file():
            raise WeightsError(f"{weights} is not there; reinstall iconface, or name another restorer")
        self.weights_sha256 = sha256_of(weights)
        self._weights, self._embedder = weights, embedder
        self._threads, self._batch = threads, batch
        self._model: NanoModel | None = None

    def restore(self, face: RestoreInput, options: RestoreOptions, *, on_step: OnStep | None = None) -> RestoredFace:
        """See FaceRestorer. The seed is the transformer's noise; the U-Net has none. Raises as the constructor."""
        return self.restore_many([face], options, on_step=on_step)[0]

    def restore_many(
        self, faces: Sequence[RestoreInput], options: RestoreOptions, *, on_step: OnStep | None = None
    ) -> list[RestoredFace]:
        """Restore several faces, in order; faces with equally many references share their batches."""
        if not faces:
            return []
        model = self._load()
        size, steps = model.config.size, options.steps or 1
        textured = model.config.fine is not None and model.config.fine.texture_blocks > 0
        share, texture = (
            (min(1.0, 2 * options.strength), 2 * options.strength - 1) if textured else (options.strength, 0.0)
        )
        crops = [reduced(f.degraded, size) for f in faces]
        scores = [degradation(crop, f.degraded.pixels.shape[0]) for crop, f in zip(crops, faces, strict=True)]
        small = [
            NanoFace(crop, tuple(reduced(r, size) for r in f.references), f.identity, texture_share(score, f.age, size))
            for crop, f, score in zip(crops, faces, scores, strict=True)
        ]
        restored = model.restore_faces(
            small,
            steps=steps,
            seed=options.seed,
            mirrored=steps > 1 and model.config.backbone == "conv",
            texture=max(0.0, texture),
            on_step=on_step,
        )
        out = []
        for face, before, after, score in zip(faces, crops, restored, scores, strict=True):
            pixels = keep_detail(face.degraded, before, after.pixels, score, after.damage)
            pixels = anchor_to_input(pixels, face.degraded.pixels, share)
            out.append(RestoredFace(pixels, self.id, options))
        return out

    def unload(self) -> None:
        """Free the model; the next call loads it again."""
        self._model = None

    def _load(self) -> NanoModel:
        if self._model is None:
            embedder = None if self._embedder is None else self._embedder()
            self._model = NanoModel(self._weights, embedder, threads=self._threads, batch=self._batch)
        return self._model


def reduced(face: AlignedFace, size: int) -> RgbU8:
    """The crop at `size` x `size` pixels, as the training faces were made."""
    if face.pixels.shape[:2] == (size, size):
        return face.pixels
    out: RgbU8 = cv2.resize(face.pixels, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return out
