"""An ONNX file that maps one picture to another of the same size, run by onnxruntime and looked at closely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.reason_codes import OUTPUT_SHAPE
from iconface_core.types import F32, RgbU8

from .output_check import check_output
from .profile import OnnxProfile

_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxNetwork:
    """`session` of the file `path` in the layout of `profile`. Raises WeightsError when its inputs or outputs are
    others."""

    def __init__(self, session: Any, path: Path, profile: OnnxProfile) -> None:
        self._session, self.profile = session, profile
        self._picture, self._extra = _inputs(self._session, path, profile)
        outputs = self._session.get_outputs()
        if profile.output >= len(outputs):
            raise WeightsError(f"{path}: has {len(outputs)} outputs; the picture should be number {profile.output + 1}")
        self._output = outputs[profile.output].name

    def run(self, restorer: str, pixels: RgbU8, strength: float) -> RgbU8:
        """`pixels` (size, size, 3) restored, the same shape. `restorer` is the name in errors.

        Raises UnusableOutputError when what comes out is no picture of what went in.
        """
        p = self.profile
        given = pixels if p.color == "RGB" else pixels[..., ::-1]
        planes = given.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255) * np.float32(p.high - p.low)
        feed = {self._picture.name: (planes + np.float32(p.low)).astype(_FLOATS[self._picture.type])}
        for value, wanted in zip(self._extra, p.extra, strict=True):
            shape = [1] * len(value.shape)
            feed[value.name] = np.full(shape, wanted.at(strength), _FLOATS[value.type])
        try:
            (raw,) = self._session.run([self._output], feed)
        except Exception as e:  # onnxruntime's exceptions share no base class
            raise WeightsError(f"{restorer}: onnxruntime cannot run its file ({e}). Use another restorer.") from e
        wanted_shape = (1, 3, p.size, p.size)
        if raw.shape != wanted_shape:
            raise UnusableOutputError(
                f"{restorer}: its output has the shape {raw.shape}, not {wanted_shape}. Use another restorer.",
                OUTPUT_SHAPE(restorer=restorer, found=_shown(raw.shape), wanted=_shown(wanted_shape)),
            )
        picture: F32 = (raw[0].astype(np.float32).transpose(1, 2, 0) - np.float32(p.low)) / np.float32(p.high - p.low)
        check_output(restorer, picture, pixels)
        if p.color == "BGR":
            picture = picture[..., ::-1]
        out: RgbU8 = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        return out


def picture_input(session: Any, path: Path) -> Any:
    """The input that is a picture of shape (1, 3, N, N), N perhaps free. Raises WeightsError when there is not one."""
    pictures = [v for v in session.get_inputs() if len(v.shape) == 4]
    if len(pictures) != 1:
        raise WeightsError(
            f"{path}: takes {len(pictures)} pictures, not one; it is no restorer of a single face. {_takes(session)}"
        )
    [picture] = pictures
    batch, channels, height, width = picture.shape
    free = not isinstance(height, int) and not isinstance(width, int)
    if channels != 3 or (isinstance(batch, int) and batch != 1) or (not free and height != width):
        raise WeightsError(f"{path}: takes a picture of shape {_shown(picture.shape)}, (1, 3, N, N) is wanted.")
    if picture.type not in _FLOATS:
        raise WeightsError(f"{path}: takes a picture of {picture.type}, floating-point numbers are wanted.")
    return picture


def _inputs(session: Any, path: Path, profile: OnnxProfile) -> tuple[Any, list[Any]]:
    picture = picture_input(session, path)
    side = picture.shape[2]
    if isinstance(side, int) and side != profile.size:
        raise WeightsError(f"{path}: takes pictures of {side} pixels, its profile says {profile.size}.")
    extra = [v for v in session.get_inputs() if v.name != picture.name]
    if len(extra) != len(profile.extra):
        raise WeightsError(
            f"{path}: takes {len(extra)} inputs beside the picture, its profile knows {len(profile.extra)}. "
            f"{_takes(session)}"
        )
    for value in extra:
        several = [n for n in value.shape if isinstance(n, int) and n != 1]
        if several or value.type not in _FLOATS:
            raise WeightsError(f"{path}: its input {value.name!r} is {value.type} {_shown(value.shape)}, not a number.")
    return picture, extra


def _takes(session: Any) -> str:
    listed = ", ".join(f"{v.name} {_shown(v.shape)}" for v in session.get_inputs())
    return f"Its inputs: {listed or 'none'}."


def _shown(shape: Any) -> str:
    return "(" + ", ".join(str(n) for n in shape) + ")"
