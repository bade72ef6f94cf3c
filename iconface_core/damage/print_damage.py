"""Is an aligned face part of an old, damaged print? Lines, specks and faded tones, as numbers. Pure pixels, no model.

Measured on the crop reduced to the pixels of its photo and to at most `SIDE`: a scratch is then a few pixels wide.
Where clean faces have lines and specks too (eyes, brows, mouth) nothing is read. `benchmarks/print_damage.py` fits it.
"""

import cv2
import numpy as np

from iconface_core import reason_codes as codes
from iconface_core.geometry import FFHQ_512
from iconface_core.reasons import Reason
from iconface_core.types import F32, RgbU8

SIDE = 256
SMALLEST_SIDE = 96
"""Of the crop in photo pixels: below, a scratch, a hair and a wrinkle look the same."""

PLAIN = np.array(
    [
        *(1.674, -0.265, 1.036, -0.699, -1.29, -0.924, 0.108, 1.128, -0.989),
        *(3.822, 3.014, 2.89, -4.933, 1.399, 2.667, 0.953, 0.279, -0.582),
    ],
    np.float32,
)
SQUARED = np.array(
    [
        *(0.1783, 0.0832, -0.2415, -0.0091, 0.6733, 0.2277, -0.0117, -0.4982, 0.0287),
        *(-0.3997, -0.2213, -0.4065, 3.5416, 0.0541, -1.3063, -0.7546, -0.0453, -2.274),
    ],
    np.float32,
)
INTERCEPT = -3.824
"""Of the rule, for `features()` and their squares; set so that 2 % of clean faces in colour or sepia lie above 0.25."""

_CHROMA = np.eye(3, dtype=np.float32) - 1 / np.float32(3)
"""A colour less its own brightness."""

_LINE = 9  # of every second pixel: the length of the shortest line that counts


def print_damage(crop: RgbU8, scale: float) -> tuple[float, tuple[Reason, ...]]:
    """How probably one FFHQ_512 crop (512, 512, 3), enlarged `scale` times from its photo (below 1: reduced), is of a
    worn print, 0..1, and what is seen of it. 0 for a crop of less than `SMALLEST_SIDE` photo pixels."""
    if 512 / max(scale, 1e-3) < SMALLEST_SIDE:
        return 0.0, ()
    values = features(crop, scale)
    logit = float(values @ PLAIN + values**2 @ SQUARED + INTERCEPT)
    return float(1 / (1 + np.exp(-np.clip(logit, -30, 30)))), _reasons(values)


def _reasons(values: F32) -> tuple[Reason, ...]:
    """What stands out. Clean faces have some of it too: these are reasons for a face whose probability is high."""
    white_line, white_specks, dark_specks = values[0], values[2], values[7]
    black, contrast = values[10], values[12]
    seen = {
        codes.SCRATCHES: white_line > 2.0,
        codes.SPECKS: white_specks > 1.4 or dark_specks > 1.8,
        codes.FADED: black > 0.4 or contrast < 0.7,
    }
    return tuple(code() for code, is_so in seen.items() if is_so) or (codes.WORN_PRINT(),)


def features(crop: RgbU8, scale: float) -> F32:
    """Inputs of the rule (18,): for light, then for dark marks five numbers, and eight of the tones."""
    side = min(SIDE, round(512 / max(scale, 1e-3)))
    small = crop if len(crop) == side else cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    skin = _skin(side)
    return np.array([*_marks(grey, skin), *_tones(small, grey)], np.float32)


def _marks(grey: F32, skin: F32) -> list[float]:
    """What is thin and lighter (darker) than its surroundings, against the face's own texture, as logs. For both signs:
    the strongest line, the share of the skin on lines, the share on specks, the strongest speck, and that texture."""
    rows, columns = np.flatnonzero(skin.any(1)), np.flatnonzero(skin.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    soft, inside = cv2.GaussianBlur(grey[box], (0, 0), 0.7), skin[box] > 0
    half = inside[::2, ::2]
    disc, pair = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)), np.ones((2, 2), np.uint8)
    values: list[float] = []
    for op in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        hat = cv2.morphologyEx(soft, op, disc)
        usual = float(np.median(hat[inside])) + 1.0
        strong = (hat - 2 * usual).clip(0, 40)
        thin = cv2.dilate(strong, pair)[::2, ::2]
        along = np.stack([cv2.filter2D(thin, -1, k) for k in _LINES])
        lines = np.sort((along.max(0) - 1.5 * along.mean(0))[half])
        specks = (strong[::2, ::2] - along.max(0)).clip(0, None)[half]  # strong, but no line runs through
        values += [
            np.log(float(lines[-max(1, len(lines) // 200)].clip(0)) + 1),
            np.log(float((lines > 4).mean()) * 1000 + 1),
            np.log(float((specks > 8).mean()) * 1000 + 1),
            np.log(float(np.percentile(strong[inside], 99.5)) + 1),
            np.log(usual),
        ]
    return values


def _tones(small: RgbU8, grey: F32) -> list[float]:
    """Black and white points, the contrast between eyes and skin, and the colour of what should be black."""
    side = len(grey)
    points = (FFHQ_512.points + 0.5) * side / 512
    reach = side // 12
    pupils = [grey[int(y) - reach // 2 : int(y) + reach // 2, int(x) - reach : int(x) + reach] for x, y in points[:2]]
    dark = float(np.mean([np.percentile(p, 5) for p in pupils]))
    cheeks = float(np.median(grey[int(points[2, 1]) - reach : int(points[2, 1]) + reach, side // 3 : -side // 3]))
    black, nearly_black, white = (float(v) for v in np.percentile(grey, (0.5, 3, 99.5)))
    darkest = cv2.mean(small, (grey <= nearly_black).view(np.uint8))[:3]
    means, deviations = cv2.meanStdDev(cv2.transform(small.astype(np.float32), _CHROMA))
    spread, mean = float(deviations.mean()), float(np.abs(means).mean())
    return [
        black / 64,
        dark / 64,
        (white - black) / 255,
        np.log((cheeks + 10) / (dark + 10)),
        (max(darkest) - min(darkest)) / 32,
        mean / 32,
        float(np.log(mean + 1) - np.log(spread + 1)),  # one tint all over: toned
        white / 255,
    ]


def _line_kernels() -> tuple[F32, ...]:
    kernels = []
    for i in range(8):
        kernel, half, angle = np.zeros((_LINE, _LINE), np.float32), (_LINE - 1) / 2, np.pi * i / 8
        ends = [(round(half + s * half * np.cos(angle)), round(half + s * half * np.sin(angle))) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1)
        kernels.append(kernel / kernel.sum())
    return tuple(kernels)


def _skin(side: int) -> F32:
    """1 where the face is skin in most pictures: within the face, without eyes, brows, nostrils and mouth."""
    mask = np.zeros((512, 512), np.float32)
    cv2.ellipse(mask, (256, 280), (130, 175), 0, 0, 360, 1.0, -1)
    for x, y in FFHQ_512.points[:2]:
        cv2.ellipse(mask, (int(x), int(y) - 12), (62, 48), 0, 0, 360, 0.0, -1)
    cv2.ellipse(mask, (257, 322), (40, 22), 0, 0, 360, 0.0, -1)
    cv2.ellipse(mask, (257, 375), (85, 42), 0, 0, 360, 0.0, -1)
    reduced: F32 = cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST)
    return reduced


_LINES = _line_kernels()
