"""The blind baseline on faces with known damage: PSNR against the clean face, likeness to it, and time.

    python -m benchmarks.restore_blind [DATA] [--lfw 12] [--celebrities 12] [--seed 5]

PSNR is taken on the aligned crop at 256 px inside the paste mask. `identity` is the SFace cosine to the clean face,
before -> after. `plain` is waifu2x alone, without the final sharpening.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from benchmarks.degrade import LEVELS, clean_faces, degrade, scaled
from benchmarks.faces import SHARED
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.pasting.region import face_mask
from iconface_core.restorers.waifu2x import restorer as waifu2x
from iconface_core.types import RestoreInput, RestoreOptions, RgbU8

MASK = cv2.resize(face_mask(FFHQ_512.points, 512), (256, 256))[..., None]


def psnr(a: RgbU8, b: RgbU8) -> float:
    x, y = (cv2.resize(i, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) for i in (a, b))
    return float(10 * np.log10(255**2 / (((x - y) ** 2 * MASK).sum() / MASK.sum() / 3 + 1e-3)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=SHARED)
    parser.add_argument("--lfw", type=int, default=12)
    parser.add_argument("--celebrities", type=int, default=12)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    from iconface_core.faces.sface import SFaceEmbedder

    embedder = SFaceEmbedder()
    restorer = waifu2x.Waifu2xRestorer(threads=2)

    def embed(*crops: RgbU8) -> list[np.ndarray]:
        return [e.vector for e in embedder.embed([align_face(c, FFHQ_512.points, ARCFACE_112) for c in crops])]

    rows: dict[tuple[str, str], list[list[float]]] = {}
    faces = list(clean_faces(arguments.data, arguments.lfw, arguments.celebrities, arguments.seed))
    for number, (source, _, photo, landmarks) in enumerate(faces):
        truth = align_face(photo, landmarks, FFHQ_512).pixels
        for level, damage in LEVELS.items():
            bad = degrade(photo, damage, np.random.default_rng([arguments.seed, number]))
            face = align_face(bad, scaled(landmarks, bad.shape[0] / photo.shape[0]), FFHQ_512)
            start = time.perf_counter()
            restored = restorer.restore(RestoreInput(face), RestoreOptions()).pixels
            seconds = time.perf_counter() - start
            plan = waifu2x.plan_for(face.pixels, face.from_photo)
            with mock.patch.object(waifu2x, "plan_for", lambda *_, plan=plan: replace(plan, sharpen=0.0)):
                plain = restorer.restore(RestoreInput(face), RestoreOptions()).pixels
            clean, before, after = embed(truth, face.pixels, restored)
            values = [psnr(face.pixels, truth), psnr(plain, truth), psnr(restored, truth)]
            rows.setdefault((source, level), []).append([*values, float(clean @ before), float(clean @ after), seconds])
    print(f"{'set':9} {'damage':20} {'n':>3} {'input dB':>9} {'plain':>6} {'full':>6} {'won':>5}  identity        ms")
    for (source, level), measured in sorted(rows.items()):
        a = np.array(measured)
        m = a.mean(0)
        print(
            f"{source:9} {level:20} {len(a):3} {m[0]:9.2f} {m[1] - m[0]:+6.2f} {m[2] - m[0]:+6.2f}"
            f" {(a[:, 2] > a[:, 0]).mean():5.0%}  {m[3]:.3f} -> {m[4]:.3f} {np.median(a[:, 5]) * 1000:6.0f}"
        )


if __name__ == "__main__":
    main()
