"""The judge of identity: an encoder that no loss of this project has ever seen.

dlib's `face_recognition_resnet_model_v1` (King 2017; 99.38 % on LFW with dlib's own detector), from the packages of the
extra `[eval]`. It is never used to restore, group or identify.

Its raw descriptors all point one way (two strangers' mean cosine is .83), so the mean descriptor is taken off first:
then strangers are at .00 and two photos of one person at .70 on LFW, and verification is as good as before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from iconface_core.errors import BackendUnavailableError
from iconface_core.geometry import FFHQ_512, Template, align_face
from iconface_core.types import F32, RgbU8

DLIB_CHIP = Template(
    "dlib_chip_150",
    150,
    np.array(
        [[47.5492, 46.5990], [100.4761, 46.5990], [74.0127, 76.5625], [50.4149, 103.0233], [97.6097, 103.0233]],
        np.float32,
    ),
)
"""Where the five points lie in the 150 px chip that the encoder was trained on: eye centres, nose tip and mouth corners
of dlib's mean face (`image_transforms/interpolation.h`, `get_face_chip_details`) at its padding of 0.25."""

_MODEL = Path("models", "dlib_face_recognition_resnet_model_v1.dat")
_MEAN = Path(__file__).with_name("dlib_mean.json")  # of 1,129 photos of LFW, none of a validation person


class DlibJudge:
    """Describes FFHQ crops. The chip is cut by the two templates' fixed geometry, not by a detector: every method is
    judged on the same pixels of the same face, also where nothing would find a face any more.

    Raises BackendUnavailableError naming the extra when the packages are missing.
    """

    id = "dlib-resnet-v1"
    dim = 128

    def __init__(self, *, batch: int = 32) -> None:
        self._net: Any = _dlib().face_recognition_model_v1(str(model_path()))
        self._mean = np.array(json.loads(_MEAN.read_text("utf-8")), np.float32)
        self._batch = batch

    def describe(self, images: Iterable[RgbU8]) -> F32:
        """FFHQ crops (N, S, S, 3), or an iterable of such crops of any sizes -> (N, 128) unit vectors."""
        chips = [face_chip(image) for image in images]
        found = np.zeros((len(chips), self.dim), np.float32)
        for start in range(0, len(chips), self._batch):
            part = chips[start : start + self._batch]
            found[start : start + len(part)] = np.asarray(self._net.compute_face_descriptor(part), np.float32)
        found -= self._mean
        unit: F32 = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return unit


def face_chip(crop: RgbU8) -> RgbU8:
    """An FFHQ crop of any size (S, S, 3) -> the encoder's (150, 150, 3)."""
    return np.ascontiguousarray(align_face(crop, FFHQ_512.resized(crop.shape[0]), DLIB_CHIP).pixels)


def model_path() -> Path:
    """The encoder's file, found without importing the package that carries it: that import needs `pkg_resources`,
    which setuptools no longer has."""
    spec = find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise BackendUnavailableError("no judge of identity: install it with pip install 'iconface[eval]'")
    return Path(spec.origin).parent / _MODEL


def _dlib() -> Any:
    try:
        return import_module("dlib")
    except ImportError as e:
        raise BackendUnavailableError("no judge of identity: install it with pip install 'iconface[eval]'") from e
