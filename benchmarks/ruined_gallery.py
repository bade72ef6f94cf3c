"""What likeness to a person says when the person's own photos are damaged as well.

    python -m benchmarks.ruined_gallery PACK

Validation faces at 256 px are damaged, restored and pasted as the product does it, and compared with one other photo of
the same person: clean, or damaged too. "lost": likeness fell by more than noise (`lost_likeness`), which has a result
tried at lower strength and else refused. The truth's clean photo says what really became of the likeness.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.visible import photo
from iconface_core.evaluation.cases import cases_of_pack, degraded
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.verdict import lost_likeness
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.data.shards import open_pack
from iconface_core.types import F32, RgbU8


def vectors(embedder: SFaceEmbedder, pictures: Sequence[RgbU8]) -> F32:
    landmarks = FFHQ_512.resized(pictures[0].shape[0])
    return np.stack([e.vector for e in embedder.embed([align_face(p, landmarks, ARCFACE_112) for p in pictures])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="+")
    parser.add_argument("--faces", type=int, default=50)
    options = parser.parse_args()
    cases = cases_of_pack(open_pack(*options.packs), limit=options.faces, per_person=1)
    embedder, restorer = SFaceEmbedder(), NanoRestorer(locate(NANO_FILE), embedder=SFaceEmbedder)
    truths, others, seeds = [c.truth for c in cases], [c.references[0] for c in cases], [c.seed for c in cases]
    galleries = {"clean": others} | {
        level: degraded(others, level, [s + 5 for s in seeds]) for level in ("moderate", "severe")
    }
    known = vectors(embedder, truths)
    print("| damage | compared with | likeness before -> after | lost | with the clean truth |\n" + "|---" * 5 + "|")
    for level in ("moderate", "severe"):
        inputs = degraded(truths, level, seeds)
        restored, _ = photo(restorer, inputs, [()] * len(inputs))
        before, after = vectors(embedder, inputs), vectors(embedder, restored)
        real = f"{(before * known).sum(1).mean():.3f} -> {(after * known).sum(1).mean():.3f}"
        for name, pictures in galleries.items():
            gallery = vectors(embedder, pictures)
            was, now = (before * gallery).sum(1), (after * gallery).sum(1)
            lost = np.mean([lost_likeness(float(a), float(b)) for a, b in zip(was, now, strict=True)])
            print(f"| {level} | {name} | {was.mean():.3f} -> {now.mean():.3f} | {lost:.0%} | {real} |", flush=True)


if __name__ == "__main__":
    main()
