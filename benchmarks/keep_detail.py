"""Does iconface-nano ever make a face worse? Faces of known truth, of several true sizes, with known damage.

    python -m benchmarks.keep_detail [WEIGHTS] [--faces 8] [--sizes 64 128 192 256 384 512] [--seed 3]

A face of true size S is a 512 px portrait shrunk to S, damaged there, and aligned as the product does. Gains are dB
over the damaged face at its true size inside the paste mask: `net` the network's picture alone, `rule` with
`keep_detail` (0 where the product leaves the face alone), `forced` the same with --force, `best` with the two shares
that are best for each face in hindsight. `worse` are faces that lose more than 0.1 dB.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.degrade import LEVELS, Damage, degrade, read_rgb, scaled
from benchmarks.faces import SHARED
from iconface_core.damage.sharpness import is_sharp_already, measure
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.pasting.region import face_mask
from iconface_core.restorers.nano import keep_detail as module
from iconface_core.restorers.nano.inference import NanoFace, NanoModel
from iconface_core.restorers.nano.restorer import reduced

MASK = face_mask(FFHQ_512.points, 512)
DAMAGES = {"none": Damage(), "jpeg 90": Damage(quality=90), **LEVELS}
SHARES = np.linspace(0, 1, 6)


def psnr(image: np.ndarray, truth: np.ndarray, side: int) -> float:
    side = min(side, 512)
    x, y, mask = (
        cv2.resize(np.asarray(i, np.float32), (side, side), interpolation=cv2.INTER_AREA) for i in (image, truth, MASK)
    )
    error = (((x - y) ** 2).mean(2) * mask).sum() / mask.sum()
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


def parts(crop, before, after):
    """(low, change, fine): what `keep_detail` mixes."""
    low = module._enlarged(before, 512)
    return low, module._enlarged(after, 512) - low, crop.pixels.astype(np.float32) - low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="?")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--faces", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 192, 256, 384, 512])
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    model = NanoModel(arguments.weights or locate(NANO_FILE), SFaceEmbedder())
    rng = np.random.default_rng(arguments.seed)
    portraits = [p for p in sorted((arguments.data / "celeb512").glob("*/*.png")) if "degraded" not in p.name]
    chosen = [portraits[i] for i in rng.permutation(len(portraits))[: arguments.faces]]
    print("| size | damage | input dB | net | rule | forced | best | shares best | shares rule | worse | left alone |")
    print("|---" * 11 + "|")
    for side in arguments.sizes:
        for name, damage in DAMAGES.items():
            rows = []
            for number, path in enumerate(chosen):
                photo = cv2.resize(read_rgb(path), (side, side), interpolation=cv2.INTER_AREA)
                truth = align_face(photo, scaled(FFHQ_512.points, side / 512), FFHQ_512).pixels
                bad = degrade(photo, damage, np.random.default_rng([arguments.seed, number]))
                crop = align_face(bad, scaled(FFHQ_512.points, bad.shape[0] / 512), FFHQ_512)
                before = reduced(crop, model.config.size)
                (after,) = model.restore([NanoFace(before)])
                low, change, fine = parts(crop, before, after)
                start = psnr(crop.pixels, truth, side)
                found = measure(crop.pixels, crop.from_photo)
                score = module.degradation(before, 512)
                rule = module.keep_detail(crop, before, after, score)
                gains = {
                    (a, t): psnr(np.clip(low + a * change + t * fine, 0, 255), truth, side) - start
                    for a in SHARES
                    for t in SHARES
                }
                best = max(gains, key=gains.__getitem__)
                left = is_sharp_already(found)
                forced = psnr(rule, truth, side) - start
                rule_gain = 0.0 if left else forced
                shares = (module.change_share(score), module.fine_share(crop, fine, len(before)).mean())
                rows.append(
                    [start, gains[1, 0], rule_gain, forced, gains[best], *best, *shares, rule_gain < -0.1, left]
                )
            m = np.array(rows, float).mean(0)
            print(
                f"| {side} | {name} | {m[0]:.2f} | {m[1]:+.2f} | {m[2]:+.2f} | {m[3]:+.2f} | {m[4]:+.2f} "
                f"| {m[5]:.2f} {m[6]:.2f} | {m[7]:.2f} {m[8]:.2f} | {m[9]:.0%} | {m[10]:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
