"""How much of what the network gains in its crop arrives in the photo?

    python -m benchmarks.paste [--people 40] [--restorer nano|waifu2x] [--sheets DIR]

Validation people of celeb256 (first byte of sha1(name) below 0x26), one photo of 256 px each, its face about 140 px
wide, degraded as a whole at the evaluation levels and restored without references. Everything is measured in the
photo's own pixels, inside the crop: `network` is the restored crop itself put back whole, `photo` what `paste_back`
makes of it. `visible` is the share of pixels with a channel that changed by at least 8 of 255. The share that arrives
is the mean of one over the mean of the other; `likeness` is the judge's, to the clean face. At last a sharp photo in
which the face alone is blurred: how much of what surrounds it changes by more than 2 of 255.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.degrade import read_rgb
from benchmarks.faces import SHARED
from benchmarks.sharpness_faces import by_recipe
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import FFHQ_512, align_face, invert
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.pasting.paste import paste_back
from iconface_core.pasting.region import radius
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.degradations.degrader import LEVELS
from iconface_core.types import F32, AlignedFace, RestoreInput, RestoreOptions, RgbU8

VISIBLE = 8
COLUMNS = ("net dB", "photo dB", "net visible", "photo visible", "likeness in", "net", "photo")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One face: the truth, what was made of it, the restored crop and the crop's place."""

    truth: RgbU8
    photo: RgbU8
    landmarks: F32
    crop: AlignedFace
    restored: RgbU8


def people(count: int) -> Iterator[tuple[RgbU8, F32]]:
    """Photo and landmarks of the largest face, one photo a person."""
    detector = YuNetDetector(threads=1)
    folders = [f for f in sorted((SHARED / "celeb256").iterdir()) if is_validation(f.name)]
    for folder in folders[:count]:
        photo = read_rgb(sorted(folder.glob("*.jpg"))[0])
        if found := detector.detect(photo):
            yield photo, max(found, key=lambda f: f.bbox.width).landmarks


def is_validation(person: str) -> bool:
    """Whether training left this person out (docs/training.md)."""
    return hashlib.sha1(person.encode(), usedforsecurity=False).digest()[0] < 0x26


def degraded(photo: RgbU8, level: str, seed: int) -> RgbU8:
    """The whole photo at one level; made square for it by repeating its edge."""
    h, w = photo.shape[:2]
    side = max(h, w)
    square = cv2.copyMakeBorder(photo, 0, side - h, 0, side - w, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(by_recipe(np.asarray(square, np.uint8), LEVELS[level], seed)[:h, :w])


def whole(case: Case) -> tuple[RgbU8, np.ndarray]:
    """The restored crop put back as it is, and where it lies in the photo."""
    h, w = case.photo.shape[:2]
    back = invert(case.crop.from_photo).astype(np.float64)
    scale = float(np.hypot(*case.crop.from_photo[:, 0]))
    small, matrix = case.restored, back
    if scale > 1.5:
        size = round(512 / scale * 1.5)
        small = np.asarray(cv2.resize(case.restored, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
        step = 512 / size
        matrix = np.hstack([back[:, :2] * step, (back[:, :2].sum(1) * (0.5 * step - 0.5) + back[:, 2])[:, None]])
    put = cv2.warpAffine(small, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpAffine(np.ones((512, 512), np.float32), back, (w, h)) > 0.999
    return np.where(covered[..., None], put, case.photo).astype(np.uint8), covered


def psnr(image: RgbU8, truth: RgbU8, where: np.ndarray) -> float:
    error = ((image.astype(np.float64) - truth) ** 2)[where].mean()
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


def visible(image: RgbU8, photo: RgbU8, where: np.ndarray) -> float:
    return float((np.abs(image.astype(int) - photo).max(2) >= VISIBLE)[where].mean())


def make_restorer(name: str) -> FaceRestorer:
    if name == "waifu2x":
        from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer

        return Waifu2xRestorer()
    return NanoRestorer(locate(NANO_FILE), embedder=lambda: SFaceEmbedder(threads=1), threads=1)


def cases(count: int, level: str, restorer: FaceRestorer) -> list[Case]:
    rows = []
    for seed, (photo, landmarks) in enumerate(people(count)):
        bad = degraded(photo, level, seed)
        rows.append((photo, bad, landmarks, align_face(bad, landmarks, FFHQ_512)))
    options = RestoreOptions(strength=restorer.default_strength)
    restored = restorer.restore_many([RestoreInput(crop) for *_, crop in rows], options)
    return [Case(*row, out.pixels) for row, out in zip(rows, restored, strict=True)]


def measured(case: Case, judge: DlibJudge) -> tuple[list[float], RgbU8]:
    """Values of COLUMNS, and the photo with the restored face."""
    put, where = whole(case)
    pasted = paste_back(case.photo, case.crop, case.restored, case.landmarks).pixels
    start = psnr(case.photo, case.truth, where)
    four = (case.truth, case.photo, put, pasted)
    looks = judge.describe([align_face(p, case.landmarks, FFHQ_512).pixels for p in four])
    alike = looks[1:] @ looks[0]
    gains = [psnr(p, case.truth, where) - start for p in (put, pasted)]
    return [*gains, *(visible(p, case.photo, where) for p in (put, pasted)), *map(float, alike)], pasted


def _share(photo: float, network: float, least: float) -> str:
    """Nothing of nothing is no share."""
    return f"{photo / network:.0%}" if network >= least else ""


def surroundings(count: int, restorer: FaceRestorer) -> tuple[float, float]:
    """Changed shares of the face and of its surroundings, mean over photos of which only the face is blurred."""
    out = []
    for photo, landmarks in people(count):
        away = radius(landmarks, photo.shape[:2])
        blurred = cv2.GaussianBlur(photo, (0, 0), 3)
        share = np.clip((1 - away) / 0.3 + 0.5, 0, 1)[..., None]
        bad = np.asarray(photo * (1 - share) + blurred * share + 0.5, np.uint8)
        crop = align_face(bad, landmarks, FFHQ_512)
        restored = restorer.restore(RestoreInput(crop), RestoreOptions(strength=restorer.default_strength)).pixels
        changed = np.abs(paste_back(bad, crop, restored, landmarks).pixels.astype(int) - bad).max(2) > 2
        out.append((changed[away < 1].mean(), changed[away > 1.3].mean()))
    face, around = np.mean(out, axis=0)
    return float(face), float(around)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--restorer", choices=("nano", "waifu2x"), default="nano")
    parser.add_argument("--sheets", type=Path, help="folder for pictures: truth, input, network, photo")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    restorer, judge = make_restorer(arguments.restorer), DlibJudge()
    print(f"| level | faces | {' | '.join(COLUMNS)} | dB that arrive | visible that arrive |")
    print("|---" * (len(COLUMNS) + 4) + "|")
    for level in LEVELS:
        rows, sheet = [], []
        for case in cases(arguments.people, level, restorer):
            values, pasted = measured(case, judge)
            rows.append(values)
            sheet.append(np.hstack([case.truth, case.photo, whole(case)[0], pasted]))
        m = np.mean(rows, axis=0)
        text = " | ".join(f"{v:+.2f}" if i < 2 else f"{v:.3f}" for i, v in enumerate(m))
        print(
            f"| {level} | {len(rows)} | {text} | {_share(m[1], m[0], 0.1)} | {_share(m[3], m[2], 0.001)} |", flush=True
        )
        if arguments.sheets is not None:
            arguments.sheets.mkdir(parents=True, exist_ok=True)
            for n, strip in enumerate(sheet):
                cv2.imwrite(str(arguments.sheets / f"{level}-{n:02}.png"), strip[:, :, ::-1])
    face, around = surroundings(arguments.people, restorer)
    print(f"\nface alone blurred: {face:.1%} of its pixels change, {around:.2%} of what surrounds it")


if __name__ == "__main__":
    main()
