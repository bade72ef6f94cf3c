"""How much of the identity anchor should be the degraded face? Measured against the clean face's own vector.

    python -m benchmarks.anchor [--people 170] [--seed 0]

People of LFW with four photos: one is degraded at five strengths, the others are its references. For each quality of
the degraded face, the share that brings the anchor closest to the clean photo's vector, in hindsight and on the mean,
beside the shipped rule and the paper's (share 0). All numbers are mean cosines of SFace vectors.
"""

import argparse
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn.functional import normalize

from benchmarks.degrade import read_rgb
from benchmarks.faces import central_face, make_engine, photos_by_person
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.restorers.common.anchor import own_share
from iconface_core.training.degradations.degrader import Degrader, DegradeRecipe
from iconface_core.training.recipes.face_encoder import TorchSFace

STRENGTHS = (1.15, 3.0, 5.0, 8.0, 11.2)
BINS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.01)
SHARES = np.linspace(0, 1, 21)


def crops(people: int, seed: int) -> torch.Tensor:
    """(people, 4, 3, 128, 128) in [-1, 1]."""
    engine = make_engine("sface-2021dec")
    candidates = [photos for photos in photos_by_person().values() if len(photos) >= 4]
    out = []
    for i in np.random.default_rng(seed).permutation(len(candidates))[:people]:
        for path in candidates[i][:4]:
            image = read_rgb(path)
            face = central_face(engine.detector.detect(image), image)
            assert face is not None, path
            crop = align_face(image, face.landmarks, FFHQ_512).pixels
            out.append(cv2.resize(crop, (128, 128), interpolation=cv2.INTER_AREA))
    return torch.from_numpy(np.stack(out)).permute(0, 3, 1, 2).float().div(127.5).sub(1).unflatten(0, (-1, 4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=170)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    encoder = TorchSFace()

    def embed(images: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return torch.cat([encoder(part) for part in images.split(32)])

    images = crops(options.people, options.seed)
    raw = embed(images.flatten(0, 1)).unflatten(0, (-1, 4))
    plain: dict[str, Any] = {"toned": 0, "faded": 0, "halftone": 0, "dust": 0, "scratches": 0}
    degraded = [
        Degrader(DegradeRecipe(buckets=((s, s, 1.0),), **plain))(images[:, 0], torch.Generator().manual_seed(1)).images
        for s in STRENGTHS
    ]
    own = torch.cat([embed(d) for d in degraded])
    quality = torch.from_numpy(CALIBRATION.quality(own.norm(dim=1).numpy()))
    own, truth = normalize(own, dim=1), normalize(raw[:, 0], dim=1).repeat(len(STRENGTHS), 1)
    print("| references | quality | faces | best share | best | rule | paper | degraded face alone |")
    print("|---" * 8 + "|")
    for count in (1, 2, 3):
        references = normalize(raw[:, 1 : 1 + count].sum(1), dim=1).repeat(len(STRENGTHS), 1)

        def closeness(share: torch.Tensor, references: torch.Tensor = references) -> torch.Tensor:
            mixed = (1 - share[:, None]) * references + share[:, None] * own
            return (normalize(mixed, dim=1) * truth).sum(1)

        rule = closeness(torch.tensor([own_share(float(q)) for q in quality]))
        for low, high in pairwise(BINS):
            chosen = (quality >= low) & (quality < high)
            if not chosen.any():
                continue
            means = [closeness(torch.full_like(quality, float(s)))[chosen].mean().item() for s in SHARES]
            print(
                f"| {count} | {low:.2f}-{min(high, 1):.2f} | {int(chosen.sum())} | {SHARES[int(np.argmax(means))]:.2f} "
                f"| {max(means):.3f} | {rule[chosen].mean().item():.3f} | {means[0]:.3f} | {means[-1]:.3f} |"
            )


if __name__ == "__main__":
    main()
