"""Sharpens a face as much as it was enlarged."""

import hashlib
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from iconface_core.types import RestoredFace, RestoreInput, RestoreOptions

from . import ID

AMOUNT = 1.5
"""Times what a blur takes away, at full strength."""


class UnsharpRestorer:
    """`FaceRestorer` without weights and references."""

    id = ID
    max_references = 0
    default_strength = 1.0
    # No weights: what decides the pixels instead. Change it, and earlier results count as another restorer's.
    weights_sha256 = hashlib.sha256(f"unsharp {AMOUNT}".encode()).hexdigest()

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        """The crop, sharpened at the scale of the photo's own pixels."""
        crop = face.degraded.pixels.astype(np.float32)
        scale = float(np.hypot(face.degraded.from_photo[0, 0], face.degraded.from_photo[1, 0]))
        soft = cv2.GaussianBlur(crop, (0, 0), max(1.0, scale))
        sharp = crop + options.strength * AMOUNT * (crop - soft)
        if on_step is not None:
            on_step(1, 1)
        return RestoredFace(np.clip(np.rint(sharp), 0, 255).astype(np.uint8), self.id, options)

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """One after another."""
        return [self.restore(face, options, on_step=on_step) for face in faces]
