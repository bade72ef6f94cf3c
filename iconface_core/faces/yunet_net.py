"""YuNet's network: pictures in, candidate faces out. No pyramid, no retries; those are in `yunet.py`.

Anchor-free heads at strides 8, 16 and 32 (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023). The
decoding follows OpenCV's `FaceDetectorYN`, written against onnxruntime because it is not tied to one cv2 version.
"""

from pathlib import Path

import cv2
import numpy as np
from onnx import ModelProto, numpy_helper

from iconface_core.types import F32, RgbU8

from .candidates import FaceCandidates
from .onnx_graph import fold_constants, keep_input, load_graph, open_session

STRIDES = (8, 16, 32)


class YuNetNet:
    """The network in an onnxruntime session; safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        model = load_graph(path)
        fold_constants(model)
        _free_batch(model)
        keep_input(model, "input", ("n", 3, "h", "w"))
        self._session = open_session(model, threads)
        self._outputs = [f"{head}_{stride}" for stride in STRIDES for head in ("cls", "obj", "bbox", "kps")]

    def find(self, images: "list[RgbU8]", min_score: float) -> list[FaceCandidates]:
        """Candidates of each picture, best first, overlaps suppressed. All pictures must have one size."""
        height, width = images[0].shape[:2]
        below, right = -height % 32, -width % 32
        batch = cv2.dnn.blobFromImages(images, swapRB=True)  # the network wants BGR, 0..255
        if below or right:
            batch = np.pad(batch, ((0, 0), (0, 0), (0, below), (0, right)))
        heads = self._session.run(self._outputs, {"input": batch})
        named = dict(zip(self._outputs, heads, strict=True))
        found: list[FaceCandidates] = []
        for i in range(len(images)):
            parts = [_decode(named, i, stride, (width + right) // stride, min_score) for stride in STRIDES]
            found.append(FaceCandidates.join(parts).suppressed())
        return found


def _decode(heads: dict[str, F32], image: int, stride: int, columns: int, min_score: float) -> FaceCandidates:
    """Turn one stride's heads into pixels. A cell's outputs are offsets from its corner in units of the stride."""
    cls, obj = heads[f"cls_{stride}"][image, :, 0], heads[f"obj_{stride}"][image, :, 0]
    scores = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))
    (cells,) = np.nonzero(scores >= min_score)
    corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    box = heads[f"bbox_{stride}"][image][cells]
    centre, half = (corner + box[:, :2]) * stride, np.exp(box[:, 2:]) * (stride / 2)
    points = heads[f"kps_{stride}"][image][cells].reshape(-1, 5, 2)
    return FaceCandidates(
        np.hstack([centre - half, centre + half]).astype(np.float32),
        ((points + corner[:, None]) * stride).astype(np.float32),
        scores[cells].astype(np.float32),
    )


def _free_batch(model: ModelProto) -> None:
    """The heads' reshapes to [1, -1, C] fix the batch at one; 0 means "as the input"."""
    for tensor in model.graph.initializer:
        shape = numpy_helper.to_array(tensor)
        if shape.dtype == np.int64 and shape.shape == (3,) and shape[0] == 1 and shape[1] == -1:
            tensor.CopyFrom(numpy_helper.from_array(np.array([0, -1, shape[2]], np.int64), tensor.name))
