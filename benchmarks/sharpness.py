"""Does the degradation score tell degraded faces from clean ones? Trains, reports on unseen people, prints the weights.

    python -m benchmarks.sharpness [DATA] [--lfw 300] [--seed 0]

Every clean face is also damaged in five known ways. A third of the people is held out. "shipped" scores with the
weights in `iconface_core/sharpness.py`, "refitted" with a fresh fit on the other two thirds: the honest number, because
the shipped weights were fitted on faces that may be among these. LFW's own photos are not all sharp, which lowers its
numbers; celeb512 is the cleaner judge.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.degrade import Damage, clean_faces, degrade
from benchmarks.faces import SHARED
from iconface_core import sharpness
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.types import RgbU8


def variants(photo: RgbU8, rng: np.random.Generator) -> dict[str, RgbU8]:
    def some(*values: float) -> float:
        return float(rng.choice(values))

    h, w = photo.shape[:2]
    factor = rng.uniform(2, 4)
    small = cv2.resize(photo, (int(w / factor), int(h / factor)), interpolation=cv2.INTER_AREA)
    return {
        "clean": degrade(photo, Damage(noise=some(0, 0, 1, 2)), rng),
        "blur": degrade(photo, Damage(rng.uniform(1.2, 3.5), 1, some(0, 1, 2), int(some(0, 85, 95))), rng),
        "noise": degrade(photo, Damage(noise=rng.uniform(8, 25), quality=int(some(0, 85, 95))), rng),
        "jpeg": degrade(photo, Damage(quality=int(rng.uniform(8, 30))), rng),
        "mixed": degrade(photo, Damage(rng.uniform(0.8, 2), 1, rng.uniform(4, 12), int(rng.uniform(25, 60))), rng),
        "enlarged": cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=SHARED)
    parser.add_argument("--lfw", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    rows, labels, scores = [], [], []
    for source, person, photo, landmarks in clean_faces(arguments.data, arguments.lfw, 999, arguments.seed):
        for kind, image in variants(photo, rng).items():
            face = align_face(image, landmarks, FFHQ_512)
            found = sharpness.measure(face.pixels, face.from_photo)
            patch = sharpness._on_photo_grid(face.pixels, face.from_photo)
            rows.append(sharpness.features(*sharpness._measure_patch(*patch)))
            labels.append((source, person, kind))
            scores.append(found.score)
    features, shipped = np.array(rows), np.array(scores)
    source, person, kind = (np.array(column) for column in zip(*labels, strict=True))
    bad = kind != "clean"
    held_out = np.isin(person, rng.permutation(np.unique(person))[::3])
    weight = np.where(bad, 1.0, 5.0) * np.where(source == "celeb512", 3.0, 1.0)
    model = LogisticRegression(C=10, max_iter=5000)
    model.fit(features[~held_out], bad[~held_out], sample_weight=weight[~held_out])
    refitted = model.predict_proba(features)[:, 1]
    print(f"{len(features)} faces, {held_out.sum()} of held-out people")
    print("held out           AUC shipped  AUC refitted")
    for name in ("lfw", "celeb512"):
        s = held_out & (source == name)
        print(f"{name:18} {roc_auc_score(bad[s], shipped[s]):11.3f} {roc_auc_score(bad[s], refitted[s]):13.3f}")
    print(f"\nleft alone as sharp (score < {sharpness.SHARP_SCORE}), shipped weights, held-out people")
    for name in dict.fromkeys(kind):
        shares = [
            (shipped[held_out & (kind == name) & (source == s)] < sharpness.SHARP_SCORE).mean()
            for s in ("lfw", "celeb512")
        ]
        print(f"{name:10} lfw {shares[0]:5.0%}  celeb512 {shares[1]:5.0%}")
    print("\nrefitted weights", model.coef_[0].round(3).tolist(), "intercept", model.intercept_.round(3).tolist())


if __name__ == "__main__":
    main()
