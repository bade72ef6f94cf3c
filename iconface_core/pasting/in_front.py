"""What is in front of a face and must stay there: glasses, hats, hair, hands. By the labels of a face parser."""

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, LabelsU8

CLASSES = (
    "background", "skin", "left brow", "right brow", "left eye", "right eye", "glasses", "left ear", "right ear",
    "earring", "nose", "mouth", "upper lip", "lower lip", "neck", "necklace", "cloth", "hair", "hat",
)  # fmt: skip
"""Of CelebAMask-HQ, in the order of their numbers."""

_COVERS = ("background", "glasses", "cloth", "hair", "hat")  # a hand before a face is background to these parsers
_FACE = ("skin", "left brow", "right brow", "left eye", "right eye", "nose", "mouth", "upper lip", "lower lip")

_SLIP = 5
"""Pixels of the crop: parsers differ by so much about the same border."""

_RIM = 15
"""Pixels of the crop: half of it is kept around what is in front, and fades."""


def covered(before: LabelsU8, after: LabelsU8) -> F32:
    """How much each pixel of a crop (512, 512) is something in front of the face that restoring took away, 0..1: it was
    no face in the degraded crop, and is face in the restored one. What is still there may become clearer."""
    lost = np.isin(before, _numbers(_COVERS)) & np.isin(after, _numbers(_FACE))
    slip = cv2.morphologyEx(lost.astype(np.uint8), cv2.MORPH_OPEN, _disc(_SLIP))
    wide = cv2.dilate(slip, _disc(_RIM)).astype(np.float32)
    soft: F32 = cv2.GaussianBlur(wide, (0, 0), _RIM / 6)
    out: F32 = np.maximum(soft, slip.astype(np.float32))
    return out


def _numbers(names: tuple[str, ...]) -> list[int]:
    return [CLASSES.index(name) for name in names]


def _disc(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
