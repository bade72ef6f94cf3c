"""BiSeNet face parsing (CelebAMask-HQ, 19 classes) as an ONNX file, in the layout that public ones have."""

from pathlib import Path

import numpy as np

from iconface_core.errors import WeightsError
from iconface_core.models.files import OnnxProvider
from iconface_core.pasting.in_front import CLASSES
from iconface_core.types import F32, LabelsU8, RgbU8

from .onnx_graph import open_file

SIDE = 512
_MEAN, _SPREAD = (np.array(v, np.float32) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))  # of ImageNet


class BiSeNetParser:
    """`FaceParser`: one input (1, 3, 512, 512), RGB minus ImageNet's mean over its spread, whose first output
    (1, 19, 512, 512) has a number per class; the largest is the pixel's.

    Raises WeightsError when the file is missing, damaged, or has another layout.
    """

    id = "bisenet-resnet34"

    def __init__(self, path: Path, *, threads: int = 1, provider: OnnxProvider = "cpu") -> None:
        self._path, self._session = path, open_file(path, threads, provider)
        pictures = self._session.get_inputs()
        if len(pictures) != 1 or any(
            isinstance(have, int) and have != want
            for have, want in zip(pictures[0].shape, (1, 3, SIDE, SIDE), strict=False)
        ):
            raise WeightsError(f"{path}: a face parser takes one picture (1, 3, {SIDE}, {SIDE}); this file does not.")

    def parse(self, crop: RgbU8) -> LabelsU8:
        """An FFHQ_512 crop (512, 512, 3) -> a class of `CLASSES` for each pixel (512, 512).

        Raises WeightsError when the file gives something else.
        """
        planes = ((crop.astype(np.float32) / np.float32(255) - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        name = self._session.get_inputs()[0].name
        raw: F32 = self._session.run(None, {name: np.ascontiguousarray(planes)})[0]
        if raw.shape != (1, len(CLASSES), SIDE, SIDE) or not np.isfinite(raw).all():
            raise WeightsError(
                f"{self._path}: no face parser: finite numbers (1, {len(CLASSES)}, {SIDE}, {SIDE}) are wanted, not "
                f"{raw.shape}. Delete it, or install the right file."
            )
        labels: LabelsU8 = raw[0].argmax(0).astype(np.uint8)
        return labels
