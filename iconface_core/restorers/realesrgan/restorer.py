"""Real-ESRGAN as a blind restorer of faces, and for whole photos."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from iconface_core.models.extra_models import REAL_ESRGAN, REAL_ESRGAN_FILES, real_esrgan_digest
from iconface_core.models.files import locate_verified
from iconface_core.restorers.common.fidelity import anchor_to_input
from iconface_core.types import RestoredFace, RestoreInput, RestoreOptions, RgbU8

from .network import CONTEXT, TILE, TIMES, RealEsrganNetwork

_LEAST = 64
_REMEMBERED = 8
"""Results that are kept: the same faces are asked for at several strengths, which only mix what took so long."""


def load_network(model_dir: Path | None, *, threads: int = 1) -> RealEsrganNetwork:
    """Raises BackendUnavailableError where its files are not, WeightsError when they are not the pinned ones."""
    param, weights = (locate_verified(file, model_dir) for file in REAL_ESRGAN_FILES)
    return RealEsrganNetwork(param, weights, threads=threads)


class RealEsrganRestorer:
    """`FaceRestorer` without references, over `network`. A face is given to it at its size in the photo: a small one
    takes a second, one that fills the crop forty."""

    id = REAL_ESRGAN.id
    max_references = 0
    default_strength = 1.0

    def __init__(self, network: RealEsrganNetwork) -> None:
        self.weights_sha256 = real_esrgan_digest()
        self._network = network
        self._known: OrderedDict[str, RgbU8] = OrderedDict()

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        """Restore one FFHQ_512 crop; the same input gives the same pixels. References, seed and steps are not used."""
        crop = face.degraded.pixels
        side = crop.shape[0]
        scale = max(1.0, float(np.hypot(*face.degraded.from_photo[:2, 0])))
        size = int(np.clip(round(side / scale), min(_LEAST, side), side))
        key = hashlib.sha256(b"%d" % size + crop.tobytes()).hexdigest()
        if key not in self._known:
            small = crop if size == side else cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
            large = self._network.quadruple(small, on_step=on_step)
            how = cv2.INTER_CUBIC if TIMES * size < side else cv2.INTER_AREA
            self._known[key] = cv2.resize(large, (side, side), interpolation=how)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        elif on_step is not None:
            on_step(1, 1)
        return RestoredFace(anchor_to_input(self._known[key], crop, options.strength), self.id, options)

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """One after another. `on_step` counts the tiles of each by themselves."""
        return [self.restore(face, options, on_step=on_step) for face in faces]


class RealEsrganPhotos:
    """`PhotoCleaner`: the network cleans and quadruples, and is reduced to the size that is wanted."""

    tile, context = TILE, CONTEXT

    def __init__(self, network: RealEsrganNetwork) -> None:
        self.id, self.weights_sha256 = REAL_ESRGAN.id, real_esrgan_digest()
        self._network = network

    def cleaned(self, picture: RgbU8, *, denoise: bool, enlarge: int = 1) -> RgbU8:
        """See PhotoCleaner. It cannot but take noise away."""
        large = self._network.quadruple_tile(picture)
        size = picture.shape[1] * enlarge, picture.shape[0] * enlarge
        out: RgbU8 = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
        return out
