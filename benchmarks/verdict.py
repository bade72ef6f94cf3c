"""Does the verdict let the right person through and stop a stranger? Real faces, known truth.

    python -m benchmarks.verdict [DATA] [--people 60] [--seed 0] [--restore]

A photo of a person with at least three is damaged; the others are the gallery. The "restored" face is in turn: the
clean face (a perfect restorer), another person's clean face (a restorer that makes a stranger), the most similar other
person of the run (the hardest stranger), the damaged face itself, and with --restore the waifu2x baseline's output.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.degrade import LEVELS, degrade, read_rgb, scaled
from benchmarks.faces import SHARED
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.verdict import judge
from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer
from iconface_core.types import FaceEmbedding, RestoreInput, RestoreOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=SHARED)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--restore", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    detector, embedder = YuNetDetector(), SFaceEmbedder()
    calibration = embedder.calibration
    restorer = Waifu2xRestorer(threads=2) if arguments.restore else None
    folders = [f for f in sorted((arguments.data / "lfw").iterdir()) if len(list(f.glob("*.jpg"))) >= 3]
    people = []
    for i in rng.permutation(len(folders))[: arguments.people]:
        faces = []
        for path in sorted(folders[i].glob("*.jpg"))[:4]:
            image = read_rgb(path)
            found = detector.detect(image)
            if found:
                centre = np.array(image.shape[1::-1]) / 2
                points = min(found, key=lambda f: float(np.hypot(*(f.landmarks.mean(0) - centre)))).landmarks
                faces.append((image, points, embedder.embed([align_face(image, points, ARCFACE_112)])[0]))
        if len(faces) >= 3:
            people.append(faces)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for number, faces in enumerate(people):
        image, points, clean = faces[0]
        gallery = np.stack([e.vector for _, _, e in faces[1:]])
        quality_gallery = float(np.median([calibration.quality(e.norm) for _, _, e in faces[1:]]))
        others = [p[0][2] for k, p in enumerate(people) if k != number]
        for level in ("blur", "moderate", "moderate, half size"):
            bad = degrade(image, LEVELS[level], np.random.default_rng([arguments.seed, number]))
            at = scaled(points, bad.shape[0] / image.shape[0])
            before = embedder.embed([align_face(bad, at, ARCFACE_112)])[0]
            restored = {
                "clean face": clean,
                "damaged face": before,
                "stranger": others[number % len(others)],
                "hardest stranger": max(others, key=lambda e: float(np.mean(gallery @ e.vector))),
            }
            if restorer is not None:
                face = align_face(bad, at, FFHQ_512)
                pixels = restorer.restore(RestoreInput(face), RestoreOptions()).pixels
                restored["waifu2x"] = embedder.embed([align_face(pixels, FFHQ_512.points, ARCFACE_112)])[0]

            def likeness(face: FaceEmbedding, gallery: np.ndarray = gallery) -> float:
                return float(np.mean(gallery @ face.vector))

            for name, after in restored.items():
                verdict = judge(
                    calibration,
                    to_input=float(before.vector @ after.vector),
                    before=likeness(before),
                    after=likeness(after),
                    quality_before=float(calibration.quality(before.norm)),
                    quality_after=float(calibration.quality(after.norm)),
                    quality_gallery=quality_gallery,
                )
                counts.setdefault((level, name), Counter())[verdict.kind.value] += 1
    print(f"{len(people)} people\n{'damage':20} {'restored face is':18} {'pass':>6} {'doubtful':>9} {'refused':>8}")
    for (level, name), count in counts.items():
        shares = [count[kind] / sum(count.values()) for kind in ("pass", "doubtful", "refused")]
        print(f"{level:20} {name:18} {shares[0]:6.0%} {shares[1]:9.0%} {shares[2]:8.0%}")


if __name__ == "__main__":
    main()
