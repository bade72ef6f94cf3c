"""Finds out what a user's own file is by running it on a drawn face: size and range of values are not asked for."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import msgspec
import numpy as np

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.faces.onnx_graph import open_file
from iconface_core.restorers.common.drawn_face import drawn_face
from iconface_core.types import RgbU8

from .network import OnnxNetwork, picture_input
from .profile import OnnxProfile

RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))

UNLIKE = 0.15
"""A restored face differs by less than this (mean of 0..1, at 16 x 16 pixels) from its input: it is the same face."""

SURELY = 0.05
"""With less, another range of values need not be tried."""


def probe(path: Path, like: OnnxProfile) -> OnnxProfile:
    """The profile of an ONNX file that is `like` another but for size and range. Runs it at most three times.

    Raises WeightsError, which says what does not fit: no file for onnxruntime, other inputs, no picture as output, or
    one that has nothing to do with the face that was given.
    """
    session = open_file(path, os.cpu_count() or 1)
    side = picture_input(session, path).shape[2]
    size = side if isinstance(side, int) else like.size
    if not 64 <= size <= 2048:
        raise WeightsError(f"{path}: takes pictures of {size} pixels; from 64 to 2048 are wanted.")
    face = _drawn(size)
    fits: list[tuple[float, OnnxProfile]] = []
    fault: UnusableOutputError | None = None
    for low, high in dict.fromkeys(((like.low, like.high), *RANGES)):
        profile = msgspec.structs.replace(like, size=size, low=low, high=high)
        try:
            made = OnnxNetwork(session, path, profile).run(str(path), face, strength=1.0)
        except UnusableOutputError as e:
            if (low, high) == (like.low, like.high):  # of another range it says nothing
                fault = e
            continue
        fits.append((_distance(face, made), profile))
        if fits[-1][0] < SURELY:
            break
    distance, best = min(fits, key=lambda f: f[0], default=(1.0, like))
    if distance > UNLIKE and fault is not None:
        raise WeightsError(f"{fault} It was tried on a drawn face of {size} pixels.") from fault
    if distance > UNLIKE:
        raise WeightsError(
            f"{path}: what it makes of a drawn face is another picture (it differs by {distance:.0%}, at most "
            f"{UNLIKE:.0%} is a restored face). Is it a restorer, and like the one you named?"
        )
    return best


def _drawn(size: int) -> RgbU8:
    """Most of it darker than the middle: what clips another range of values shows there."""
    how = cv2.INTER_AREA if size < 512 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(drawn_face(3.0, seed=1), (size, size), interpolation=how) * 0.6, np.uint8)


def _distance(a: RgbU8, b: RgbU8) -> float:
    """Mean absolute difference, 0..1, of what is left at 16 x 16 pixels."""
    small = [cv2.resize(p, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32) for p in (a, b)]
    return float(np.abs(small[0] - small[1]).mean() / 255)
