"""What does iconface-nano really gain, and is it known beforehand? Fits and checks `NANO_GAIN.rises`.

    python -m benchmarks.expected_gain [--faces 1100] [--seed 11]

People of LFW that the network never saw (its validation people) with three photos or more; a photo at a random size, 10
to 45 px between the eyes, with damage of random strength, restored with 0, 1 and 3 references chosen as the product
does. Gain: by how much the mean cosine to the person's other photos rises, told by the judge that nothing was trained
with; beside it PSNR. The fit is (1 - quality of the degraded face) times one number per number of references, none of
them negative; each fifth of the people is predicted from the others.
"""

import argparse
import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from scipy.optimize import nnls
from scipy.stats import spearmanr

from benchmarks.degrade import read_rgb, scaled
from benchmarks.faces import central_face, make_engine, photos_by_person
from benchmarks.keep_detail import psnr
from benchmarks.sharpness_faces import by_recipe
from iconface_core.damage.sharpness import SHARP_SCORE, measure
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.references import DegradedFace, ReferenceCandidate, select_references
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.degradations.degrader import DegradeRecipe
from iconface_core.types import RestoreInput, RestoreOptions

FIELDS = ("person", "strength", "references", "best", "score", "quality", "like", "db")
FOLDS = 5


def measured(faces: int, seed: int) -> Iterator[tuple[str, float, int, float, float, float, float, float]]:
    """Rows of FIELDS. `best` is the score of the best reference, `like` and `db` what was gained."""
    engine, judge, rng = make_engine("sface-2021dec"), DlibJudge(), np.random.default_rng(seed)
    embedder, calibration = engine.embedder, engine.embedder.calibration
    nano = NanoRestorer(locate(NANO_FILE), embedder=lambda: embedder, threads=1)
    photos = {n: p for n, p in photos_by_person().items() if len(p) >= 3 and is_validation(n)}
    done = 0
    for name in rng.permutation(sorted(photos)):
        known = []
        for path in rng.permutation(np.array(photos[name], object))[:7]:
            image = read_rgb(path)
            if (face := central_face(engine.detector.detect(image), image)) is not None:
                [vector] = embedder.embed([align_face(image, face.landmarks, ARCFACE_112)])
                known.append((face, vector, align_face(image, face.landmarks, FFHQ_512)))
        if len(known) < 3:
            continue
        looks = judge.describe([crop.pixels for *_, crop in known])
        pool = [
            ReferenceCandidate(
                i, i, str(i), v.vector, float(calibration.quality(v.norm)), f.det_score,
                min(f.bbox.width, f.bbox.height), f.landmarks,
            )
            for i, (f, v, _) in enumerate(known)
        ]  # fmt: skip
        for target in (0, 0, 1, 1):
            face, _, crop = known[target]
            native = 512 / np.hypot(*crop.from_photo[:, 0])
            side = int(np.exp(rng.uniform(np.log(40), np.log(native))))
            strength = float(rng.choice([rng.uniform(0.3, 3), rng.uniform(3, 8), rng.uniform(8, 15)]))
            recipe = DegradeRecipe(
                buckets=((strength, strength, 1.0),), toned=0, faded=0, halftone=0, dust=0, scratches=0, shrink=1
            )
            small = cv2.resize(crop.pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
            bad, where = by_recipe(small, recipe, int(rng.integers(1 << 30))), scaled(FFHQ_512.points, side / 512)
            aligned, truth = align_face(bad, where, FFHQ_512), align_face(small, where, FFHQ_512).pixels
            [vector] = embedder.embed([align_face(bad, where, ARCFACE_112)])
            quality = float(calibration.quality(vector.norm))
            score = measure(aligned.pixels, aligned.from_photo).score
            others = np.delete(looks, target, 0)
            before, noise = others @ judge.describe([aligned.pixels])[0], psnr(aligned.pixels, truth, side)
            for count in (0, 1, 3):
                asked = DegradedFace(face.landmarks, "degraded", vector.vector, quality)
                some = [c for c in pool if c.face_id != target]
                chosen = select_references(asked, some, calibration, limit=count).chosen
                if len(chosen) != count:
                    continue
                used = [known[c.face_id] for c in chosen]
                request = RestoreInput(aligned, tuple(crop for *_, crop in used), tuple(v for _, v, _ in used))
                restored = nano.restore(request, RestoreOptions(strength=1.0)).pixels
                after = others @ judge.describe([restored])[0]
                gains = float(after.mean() - before.mean()), psnr(restored, truth, side) - noise
                yield str(name), strength, count, max((c.score for c in chosen), default=0.0), score, quality, *gains
                done += 1
        if done >= faces:
            return


def is_validation(person: str) -> bool:
    """Whether the network's training left this person out (`iconface_core/training/data/shards.py`)."""
    return int(hashlib.sha1(person.encode(), usedforsecurity=False).hexdigest()[:2], 16) < 0x26


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=1100)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    columns = dict(zip(FIELDS, zip(*measured(arguments.faces, arguments.seed), strict=True), strict=True))
    person, (strength, count, best, score, quality, like, db) = (
        np.array(columns["person"]),
        (np.array(columns[name], np.float64) for name in FIELDS[1:]),
    )
    print(f"{len(like)} restorations of {len(set(person))} people\n\nstrength  references    n  likeness     dB")
    for low, high in ((0, 3), (3, 8), (8, 16)):
        for n in (0, 1, 3):
            here = (strength >= low) & (strength < high) & (count == n)
            print(f"{low:2}-{high:<2}     {n:9}  {here.sum():4}  {like[here].mean():+8.3f} {db[here].mean():+6.2f}")
    poor = 1 - quality
    inputs = np.stack([poor, poor * (count > 0), poor * (count > 2)], 1)
    fold = dict(zip(np.unique(person), np.random.default_rng(1).permutation(len(set(person))) % FOLDS, strict=True))
    fold_of = np.array([fold[p] for p in person])
    predicted = np.zeros_like(like)
    for k in range(FOLDS):
        predicted[fold_of == k] = inputs[fold_of == k] @ nnls(inputs[fold_of != k], like[fold_of != k])[0]
    rule = score * (0.5 + 0.5 * best)
    print("\nSpearman with the gain in likeness, people held out: rule of thumb, fit")
    for title, here in (
        ("all", score >= 0),
        ("flagged as degraded", score >= SHARP_SCORE),
        ("flagged, with references", (score >= SHARP_SCORE) & (count > 0)),
    ):
        pair = (spearmanr(v[here], like[here]).statistic for v in (rule, predicted))
        print(f"{title:26} {here.sum():5}  " + "  ".join(f"{v:+.3f}" for v in pair))
    print("\nby tenths of the prediction: predicted, gained")
    for tenth in np.array_split(np.argsort(predicted, kind="stable"), 10):
        print(f"  {predicted[tenth].mean():.3f}  {like[tenth].mean():+.3f}")
    zero, one, three = np.cumsum(nnls(inputs, like)[0])
    print(f"\nrises: {zero:.3f}, {one:.3f}, {(one + three) / 2:.3f}, {three:.3f}")


if __name__ == "__main__":
    main()
