"""Deterministic stand-ins for tests and documentation (numpy only). Each has a test beside it with the real part."""

from collections.abc import Callable, Sequence

import numpy as np

from .calibration import Calibration
from .types import (
    AlignedFace,
    BBox,
    DetectedFace,
    EmbedderId,
    FaceEmbedding,
    RestoredFace,
    RestoreInput,
    RestoreOptions,
    RgbU8,
)

_LANDMARKS = np.array([[0.34, 0.46], [0.66, 0.46], [0.5, 0.64], [0.37, 0.82], [0.63, 0.82]], np.float32)


class FakeDetector:
    """One face that fills the picture."""

    id = "fake-detector"

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        h, w = image.shape[:2]
        return [DetectedFace(BBox(0, 0, w, h), _LANDMARKS * np.array([w, h], np.float32), 1.0)]

    def detect_small(self, image: RgbU8) -> list[DetectedFace]:
        return []


class FakeEmbedder:
    """The mean colour of the crop seeds a unit vector: the same colour is the same person."""

    id = EmbedderId("fake-8")
    dim = 8
    calibration = Calibration(EmbedderId("fake-8"), 0.0, 4.0, bias=-10.0, slope=20.0)

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        out: list[FaceEmbedding] = []
        for face in faces:
            rng = np.random.default_rng([int(c) for c in face.pixels.mean((0, 1)).round()])
            v = rng.standard_normal(self.dim).astype(np.float32)
            n = float(np.linalg.norm(v))
            out.append(FaceEmbedding(self.id, v / np.float32(n), n))
        return out


class FakeRestorer:
    """Returns its input."""

    id = "fake-restorer"
    max_references = 3
    default_strength = 1.0
    weights_sha256 = "0" * 64

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        steps = options.steps or 1
        for i in range(steps):
            if on_step is not None:
                on_step(i + 1, steps)
        return RestoredFace(face.degraded.pixels.copy(), self.id, options)

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """One after another."""
        return [self.restore(face, options, on_step=on_step) for face in faces]
