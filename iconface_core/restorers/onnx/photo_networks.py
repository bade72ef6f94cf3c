"""Public networks for whole photos as ONNX files: LaMa fills holes, DDColor invents colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.faces.onnx_graph import open_file
from iconface_core.models.files import OnnxProvider
from iconface_core.reason_codes import OUTPUT_NOT_FINITE, OUTPUT_OUT_OF_RANGE, OUTPUT_SHAPE
from iconface_core.types import F32, LabelsU8, RgbU8

from .output_check import STRAY_SHARE, check_output

LAMA_SIDE = 512
COLOUR_SIDE = 512
"""DDColor's side where its file leaves it free: what its authors train and test at."""

MOST_CHROMA = 128.0
"""Of Lab's a and b, either way."""


class LamaInpainter:
    """`Inpainter`: inputs (1, 3, 512, 512), RGB in 0..1, and (1, 1, 512, 512), 1 in the hole; the output
    (1, 3, 512, 512) is RGB in 0..255 (Suvorov et al. 2022, as exported by Carve).

    Raises WeightsError when the file has another layout, BackendUnavailableError when the provider cannot be used.
    """

    side = LAMA_SIDE

    def __init__(
        self, name: str, path: Path, *, weights_sha256: str, threads: int = 1, provider: OnnxProvider = "cpu"
    ) -> None:
        self.id, self.weights_sha256, self._path = name, weights_sha256, path
        self._session = open_file(path, threads, provider)
        inputs = self._session.get_inputs()
        picture = [v for v in inputs if _fits(v.shape, (1, 3, LAMA_SIDE, LAMA_SIDE))]
        hole = [v for v in inputs if _fits(v.shape, (1, 1, LAMA_SIDE, LAMA_SIDE)) and v not in picture]
        if len(inputs) != 2 or len(picture) != 1 or len(hole) != 1:
            raise WeightsError(
                f"{path}: LaMa takes a picture (1, 3, {LAMA_SIDE}, {LAMA_SIDE}) and a mask (1, 1, {LAMA_SIDE}, "
                f"{LAMA_SIDE}); this file takes {_listed(inputs)}."
            )
        self._picture, self._hole = picture[0].name, hole[0].name

    def inpaint(self, picture: RgbU8, hole: LabelsU8) -> RgbU8:
        """See Inpainter."""
        mask = (hole > 0)[None, None].astype(np.float32)
        raw = _run(self._session, self.id, {self._picture: _planes(picture), self._hole: mask})
        _check_shape(self.id, raw, (1, 3, LAMA_SIDE, LAMA_SIDE))
        made: F32 = raw[0].astype(np.float32).transpose(1, 2, 0) / np.float32(255)
        check_output(self.id, made, picture)
        out: RgbU8 = np.rint(made.clip(0, 1) * 255).astype(np.uint8)
        return out


class DdColorColouriser:
    """`Colouriser`: one input (1, 3, N, N), grey RGB in 0..1 that is as light as the photo, whose output (1, 2, N, N)
    is Lab's a and b (Kang et al. 2023).

    Raises WeightsError when the file has another layout, BackendUnavailableError when the provider cannot be used.
    """

    def __init__(
        self, name: str, path: Path, *, weights_sha256: str, threads: int = 1, provider: OnnxProvider = "cpu"
    ) -> None:
        self.id, self.weights_sha256 = name, weights_sha256
        self._session = open_file(path, threads, provider)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or not _fits(inputs[0].shape, (1, 3, None, None)):
            raise WeightsError(f"{path}: DDColor takes one picture (1, 3, N, N); this file takes {_listed(inputs)}.")
        side = inputs[0].shape[2]
        self._name, self._side = inputs[0].name, side if isinstance(side, int) else COLOUR_SIDE

    def chroma(self, photo: RgbU8) -> F32:
        """See Colouriser."""
        size = (self._side, self._side)
        smaller = photo.shape[0] * photo.shape[1] < self._side**2
        small = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC if smaller else cv2.INTER_AREA)
        lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
        lab[..., 1:] = 0
        grey: F32 = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB).clip(0, 1)
        raw = _run(self._session, self.id, {self._name: np.ascontiguousarray(grey.transpose(2, 0, 1)[None])})
        _check_shape(self.id, raw, (1, 2, *size))
        if not np.isfinite(raw).all():
            raise UnusableOutputError(
                f"{self.id}: its output has values that are no numbers. Get the model again, or leave the photo grey.",
                OUTPUT_NOT_FINITE(restorer=self.id),
            )
        stray = float((np.abs(raw) > MOST_CHROMA).mean())
        if stray > STRAY_SHARE:
            raise UnusableOutputError(
                f"{self.id}: {stray:.0%} of its output is no chroma. Get the model again, or leave the photo grey.",
                OUTPUT_OUT_OF_RANGE(restorer=self.id, share=stray),
            )
        out: F32 = raw[0].transpose(1, 2, 0).clip(-MOST_CHROMA, MOST_CHROMA).astype(np.float32)
        return np.ascontiguousarray(out)


def _run(session: Any, name: str, feed: dict[str, F32]) -> F32:
    try:
        out: F32 = session.run(None, feed)[0]
    except Exception as e:  # onnxruntime's exceptions share no base class
        raise WeightsError(f"{name}: onnxruntime cannot run its file ({e}). Get it again, or do without it.") from e
    return out


def _planes(picture: RgbU8) -> F32:
    planes = picture.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(planes)


def _fits(shape: list[Any], wanted: tuple[int | None, ...]) -> bool:
    """A free dimension takes anything, None is any; of two such the sides must be equal."""
    if len(shape) != len(wanted):
        return False
    square = not (isinstance(shape[2], int) and isinstance(shape[3], int)) or shape[2] == shape[3]
    return square and all(
        want is None or not isinstance(have, int) or have == want for have, want in zip(shape, wanted, strict=True)
    )


def _check_shape(name: str, raw: F32, wanted: tuple[int, ...]) -> None:
    if raw.shape != wanted:
        raise UnusableOutputError(
            f"{name}: its output has the shape {raw.shape}, not {wanted}. Get the model again, or do without it.",
            OUTPUT_SHAPE(restorer=name, found=str(raw.shape), wanted=str(wanted)),
        )


def _listed(inputs: Any) -> str:
    return ", ".join(f"{v.name} ({', '.join(map(str, v.shape))})" for v in inputs) or "nothing"
