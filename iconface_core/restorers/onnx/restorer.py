"""Runs a public blind restorer on FFHQ crops, whatever its own alignment is."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from iconface_core.faces.onnx_graph import open_file
from iconface_core.geometry import ARCFACE_112, FFHQ_512, invert, similarity_transform
from iconface_core.models.files import OnnxProvider
from iconface_core.restorers.common.fidelity import anchor_to_input
from iconface_core.types import F32, RestoredFace, RestoreInput, RestoreOptions, RgbU8

from .network import OnnxNetwork
from .profile import OnnxProfile

_TEMPLATES = {t.name: t for t in (FFHQ_512, ARCFACE_112)}
_FEATHER = 0.06
"""Of the side of the network's picture: so wide is its fading edge, where it covers a part of the crop only."""


class OnnxRestorer:
    """`FaceRestorer` without references. `path` is a file in the layout of `profile`, whose hash `weights_sha256` was
    checked. `threads` of the CPU; None for all. `provider` is what computes.

    Raises WeightsError when the file is not what its profile says, BackendUnavailableError when the provider cannot be
    used.
    """

    max_references = 0
    default_strength = 1.0

    def __init__(
        self,
        restorer_id: str,
        path: Path,
        profile: OnnxProfile,
        *,
        weights_sha256: str,
        threads: int | None = None,
        provider: OnnxProvider = "cpu",
    ) -> None:
        self.id = restorer_id
        self.weights_sha256 = weights_sha256
        session = open_file(path, threads or os.cpu_count() or 1, provider)
        self._network = OnnxNetwork(session, path, profile)
        points = _TEMPLATES[profile.template].resized(profile.size)
        self._to_network = similarity_transform(FFHQ_512.points, points)
        self._as_it_is = points.shape == FFHQ_512.points.shape and np.array_equal(points, FFHQ_512.points)

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        """Restore one FFHQ_512 crop. References, seed and steps are not used.

        Raises UnusableOutputError when what the network gave is no picture of the face.
        """
        return self.restore_many([face], options, on_step=on_step)[0]

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """One after another: these networks take one picture at a time."""
        restored = []
        for done, face in enumerate(faces, start=1):
            crop = face.degraded.pixels
            pixels = anchor_to_input(self._restored(crop, options.strength), crop, options.strength)
            restored.append(RestoredFace(pixels, self.id, options))
            if on_step is not None:
                on_step(done, len(faces))
        return restored

    def _restored(self, crop: RgbU8, strength: float) -> RgbU8:
        """The crop with what the network made of it; where the network's picture does not reach, as it was."""
        if self._as_it_is:
            return self._network.run(self.id, crop, strength)
        side = self._network.profile.size
        enlarged = float(np.hypot(self._to_network[0, 0], self._to_network[1, 0])) > 1
        there = _warped(crop, self._to_network, side, cv2.INTER_CUBIC if enlarged else cv2.INTER_LINEAR)
        made = self._network.run(self.id, there, strength)
        back = invert(self._to_network)
        made = _warped(made, back, crop.shape[0], cv2.INTER_LINEAR if enlarged else cv2.INTER_CUBIC)
        share = _share(back, side, crop.shape[0])
        mixed = crop + share[..., None] * (made.astype(np.float32) - crop)
        out: RgbU8 = np.rint(mixed).astype(np.uint8)
        return out


def _warped(image: RgbU8, matrix: F32, side: int, how: int) -> RgbU8:
    out: RgbU8 = cv2.warpAffine(image, matrix, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return out


def _share(back: F32, side: int, crop_side: int) -> F32:
    """0..1 (crop_side, crop_side): how much of the network's picture counts in a crop. It fades at edges that lie
    inside of the crop, and nowhere else."""
    width = max(1, round(_FEATHER * side))
    ramp = np.minimum(1, (np.arange(side, dtype=np.float32) + 0.5) / width)
    x = np.minimum(ramp, ramp[::-1])
    corners = np.array([[-0.5, -0.5], [side - 0.5, side - 0.5]], np.float32) @ back[:, :2].T + back[:, 2]
    covers = corners[0].max() <= -0.5 + 1e-2 and corners[1].min() >= crop_side - 0.5 - 1e-2
    if covers:
        return np.ones((crop_side, crop_side), np.float32)
    mask: F32 = cv2.warpAffine(np.outer(x, x), back, (crop_side, crop_side), flags=cv2.INTER_LINEAR)
    return mask
