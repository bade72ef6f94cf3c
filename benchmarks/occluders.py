"""Does what is in front of a face survive its restoration?

    python -m benchmarks.occluders [--people 24] [--restorer nano|waifu2x] [--sheets DIR]

Validation people of celeb256 (`benchmarks.paste`), one photo each, over whose face something is drawn: dark glasses,
thin frames, a hat down to the brows, three fingers before the mouth. The photo is degraded as a whole at the evaluation
levels, restored without references and pasted. Since the photo is known with the thing and without it, every pixel of
it says which of the two it is nearer to: *there* is 1 where it looks as with the thing, 0 as without, in the mean over
the thing (`survival`). *dB* is of the same pixels, against the photo with the thing.

`paste` has no mask, as when no face parser is installed. `mask` is the mask of `pasting.in_front` with labels that are
right by construction: it is what the best parser could do, not what one does.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.paste import degraded, make_restorer, people, psnr
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.pasting.in_front import CLASSES, covered
from iconface_core.pasting.paste import paste_back
from iconface_core.protocols import FaceRestorer
from iconface_core.training.degradations.degrader import LEVELS
from iconface_core.types import F32, AlignedFace, LabelsU8, RestoreInput, RestoreOptions, RgbU8

SMOOTH = 8  # times the photo's pixels, while a shape is drawn
COLUMNS = ("there, degraded", "paste", "mask", "dB, degraded", "paste", "mask")
Draw = Callable[[np.ndarray, F32], None]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """`bare` without the thing, `truth` with it, `share` (H, W) how much of a pixel it is, 0..1; `photo`: `truth`
    degraded, and the face's crop of it."""

    bare: RgbU8
    truth: RgbU8
    share: F32
    photo: RgbU8
    landmarks: F32
    crop: AlignedFace


def _between(landmarks: F32) -> tuple[np.ndarray, np.ndarray, float]:
    """Middle of the eyes, the direction across the face, and the distance of the eyes."""
    left, right = landmarks[:2].astype(float)
    return (left + right) / 2, (right - left) / np.linalg.norm(right - left), float(np.linalg.norm(right - left))


def _ellipses(canvas: np.ndarray, landmarks: F32, thickness: float) -> None:
    """Two glasses and the bridge; a thickness below 0 fills them."""
    middle, across, eyes = _between(landmarks)
    turn = float(np.degrees(np.arctan2(across[1], across[0])))
    line = -1 if thickness < 0 else max(1, round(thickness * eyes))
    for eye in landmarks[:2]:
        cv2.ellipse(canvas, _at(eye), _size(0.4 * eyes, 0.29 * eyes), turn, 0, 360, 1.0, line, cv2.LINE_AA)
    ends = (middle - 0.12 * eyes * across, middle + 0.12 * eyes * across)
    cv2.line(canvas, _at(ends[0]), _at(ends[1]), 1.0, max(1, round(0.08 * eyes)), cv2.LINE_AA)


def _hat(canvas: np.ndarray, landmarks: F32) -> None:
    middle, across, eyes = _between(landmarks)
    up = np.array([across[1], -across[0]])
    brim = middle + 0.45 * eyes * up
    corners = [brim - 1.5 * eyes * across, brim + 1.5 * eyes * across]
    corners += [c + 1.6 * eyes * up for c in reversed(corners)]
    cv2.fillPoly(canvas, [np.array([_at(c) for c in corners], np.int32)], 1.0, cv2.LINE_AA)


def _fingers(canvas: np.ndarray, landmarks: F32) -> None:
    _, across, eyes = _between(landmarks)
    mouth, down = landmarks[3:].mean(0), np.array([-across[1], across[0]])
    for side in (-0.32, 0.0, 0.32):
        tip = mouth + side * eyes * across - 0.1 * eyes * down
        cv2.line(canvas, _at(tip), _at(tip + 1.4 * eyes * down), 1.0, max(1, round(0.26 * eyes)), cv2.LINE_AA)


def _at(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _size(x: float, y: float) -> tuple[int, int]:
    return max(1, round(x)), max(1, round(y))


THINGS: dict[str, tuple[Draw, tuple[int, int, int]]] = {
    "dark glasses": (lambda c, m: _ellipses(c, m, -1), (22, 20, 24)),
    "thin frames": (lambda c, m: _ellipses(c, m, 0.06), (40, 30, 26)),
    "hat": (_hat, (60, 74, 110)),
    "fingers": (_fingers, (196, 150, 126)),
}
"""How each is drawn into an empty canvas, and its colour."""


def with_thing(bare: RgbU8, landmarks: F32, thing: str) -> tuple[RgbU8, F32]:
    draw, colour = THINGS[thing]
    h, w = bare.shape[:2]
    large = np.zeros((h * SMOOTH, w * SMOOTH), np.float32)
    draw(large, landmarks * SMOOTH)
    share = np.asarray(cv2.resize(large, (w, h), interpolation=cv2.INTER_AREA), np.float32)
    shade = 1 + 0.12 * np.sin(np.arange(h) / h * 9)[:, None, None]  # no thing is of one colour
    out = bare * (1 - share[..., None]) + np.array(colour) * shade * share[..., None]
    return np.clip(out + 0.5, 0, 255).astype(np.uint8), share


def cases(count: int, thing: str, level: str) -> Iterator[Case]:
    for seed, (bare, landmarks) in enumerate(people(count)):
        truth, share = with_thing(bare, landmarks, thing)
        photo = degraded(truth, level, seed)
        yield Case(bare, truth, share, photo, landmarks, align_face(photo, landmarks, FFHQ_512))


def likeness(image: np.ndarray, bare: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """For each pixel, 1 where it is as with the thing, 0 as without; between and beyond in proportion."""
    difference = truth.astype(float) - bare
    along = ((image.astype(float) - bare) * difference).sum(2)
    return np.clip(along / np.maximum((difference**2).sum(2), 1e-9), 0, 1)


def survival(case: Case, image: RgbU8) -> float:
    """Mean over the thing, each pixel as much as it differs from what is behind it."""
    weight = (((case.truth.astype(float) - case.bare) ** 2).sum(2)) * (case.share > 0.5)
    return float((likeness(image, case.bare, case.truth) * weight).sum() / weight.sum())


def ideal_mask(case: Case, restored: RgbU8) -> F32:
    """`covered`, of labels that say rightly what was in front, and where the face is seen instead now."""
    share = np.repeat((case.share * 255).astype(np.uint8)[..., None], 3, axis=2)
    bare, truth, there = (align_face(p, case.landmarks, FFHQ_512).pixels for p in (case.bare, case.truth, share))
    skin, hat = CLASSES.index("skin"), CLASSES.index("hat")
    front = there[..., 0] > 127
    before: LabelsU8 = np.where(front, hat, skin).astype(np.uint8)
    still = front & (likeness(restored, bare, truth) > 0.5)
    return covered(before, np.where(still, hat, skin).astype(np.uint8))


def measured(case: Case, restored: RgbU8) -> tuple[list[float], np.ndarray]:
    """Values of COLUMNS, and the pictures side by side."""
    plain = paste_back(case.photo, case.crop, restored, case.landmarks).pixels
    kept = paste_back(case.photo, case.crop, restored, case.landmarks, in_front=ideal_mask(case, restored)).pixels
    three = (case.photo, plain, kept)
    where = case.share > 0.5
    values = [survival(case, p) for p in three] + [psnr(p, case.truth, where) for p in three]
    return values, np.hstack([case.truth, *three])


def rows_of(found: list[Case], restorer: FaceRestorer) -> Iterator[tuple[list[float], np.ndarray]]:
    options = RestoreOptions(strength=restorer.default_strength)
    restored = restorer.restore_many([RestoreInput(c.crop) for c in found], options)
    for case, out in zip(found, restored, strict=True):
        yield measured(case, out.pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--restorer", choices=("nano", "waifu2x"), default="nano")
    parser.add_argument("--sheets", type=Path, help="folder for pictures: truth, degraded, paste, mask")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    restorer = make_restorer(arguments.restorer)
    print(f"| level | in front | faces | {' | '.join(COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for level in LEVELS:
        for thing in THINGS:
            rows, sheets = zip(*rows_of(list(cases(arguments.people, thing, level)), restorer), strict=True)
            m = np.mean(rows, axis=0)
            text = " | ".join(f"{v:.3f}" if i < 3 else f"{v:.2f}" for i, v in enumerate(m))
            print(f"| {level} | {thing} | {len(rows)} | {text} |", flush=True)
            if arguments.sheets is not None:
                arguments.sheets.mkdir(parents=True, exist_ok=True)
                for n, sheet in enumerate(sheets):
                    cv2.imwrite(str(arguments.sheets / f"{level}-{thing}-{n:02}.png"), sheet[:, :, ::-1])


if __name__ == "__main__":
    main()
