"""Can a restoration be seen, and is it still her? Validation people at 256 px: the network alone, and its photo.

    python -m benchmarks.visible PACK... [--weights FILE] [--faces 30] [--levels mild moderate severe "old print"]

PACK is made by `iconface train pack ../shared/data/celeb256 PACK --size 256`. A face is the pack's 256 px crop,
damaged with a seed of its own, and taken for a photo of that size: `network` is what comes out of the network,
`photo` what the product writes (restorer, told how old the face looks, pasting), without a check. Per level, means
over the faces: PSNR over the input, dB, of the whole picture, as it is and with both matched to the truth's tones (a
photo keeps its own); sharpness as part of the truth's; likeness to the truth by the judge that nothing was trained
with; pixels of the face (`face_mask` above one half) that changed visibly, by CIEDE2000 of 2.3 (one just noticeable
difference) and more, of all faces and of those of which a copy is *written* (`visible_change`; their share). An old
print is compared with the print as it was, unfaded, and black and white where it was that. Fréchet distance (Heusel
et al. 2017) of the judge's features from those of the truths. `--sheet` draws them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.linalg import sqrtm
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.apparent_age import by_the_shipped_head
from iconface_core.ages import ApparentAge
from iconface_core.damage.visible_change import visible_change
from iconface_core.evaluation.cases import LEVELS, cases_of_pack, degraded, old_prints
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.evaluation.methods import as_photo
from iconface_core.evaluation.metrics import psnr, sharpness, tones_matched
from iconface_core.evaluation.sheets import write_sheets
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import FFHQ_512
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.pasting.paste import paste_back
from iconface_core.pasting.region import face_mask
from iconface_core.restorers.nano.inference import NanoFace, NanoModel
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.data.shards import open_pack
from iconface_core.types import RestoreInput, RestoreOptions, RgbU8

JUST_NOTICEABLE = 2.3
OLD_PRINT = "old print"


def changed(before: RgbU8, after: RgbU8, mask: np.ndarray) -> float:
    apart = deltaE_ciede2000(rgb2lab(before), rgb2lab(after))
    return float((apart[mask] >= JUST_NOTICEABLE).mean())


def frechet(ours: np.ndarray, truth: np.ndarray) -> float:
    """Between Gaussians fitted to two sets of features (N, D)."""
    a, b = np.cov(ours, rowvar=False), np.cov(truth, rowvar=False)
    ridge = 1e-6 * np.eye(len(a))
    apart = float(((ours.mean(0) - truth.mean(0)) ** 2).sum())
    return apart + float(np.trace(a + b - 2 * np.real(sqrtm((a + ridge) @ (b + ridge)))))


def fidelity(pictures: Sequence[RgbU8], truths: Sequence[RgbU8]) -> tuple[float, float]:
    """Mean PSNR, dB: as they are, and with their tones matched to the truths'."""
    pairs = list(zip(pictures, truths, strict=True))
    return float(np.mean([psnr(*p) for p in pairs])), float(np.mean([psnr(tones_matched(*p), p[1]) for p in pairs]))


References = Sequence[tuple[RgbU8, ...]]


def network(model: NanoModel, inputs: Sequence[RgbU8], references: References) -> list[RgbU8]:
    size = inputs[0].shape[0]
    side = model.config.size

    def sized(image: RgbU8) -> RgbU8:
        return image if side == size else cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)

    faces = [NanoFace(sized(i), tuple(map(sized, r))) for i, r in zip(inputs, references, strict=True)]
    restored = model.restore(faces)
    if side == size:
        return restored
    change = [cv2.resize(r.astype(np.float32) - f.degraded, (size, size)) for r, f in zip(restored, faces, strict=True)]
    return [np.clip(np.rint(i + c), 0, 255).astype(np.uint8) for i, c in zip(inputs, change, strict=True)]


def photo(
    restorer: NanoRestorer,
    inputs: Sequence[RgbU8],
    references: References,
    ages: Sequence[ApparentAge | None] | None = None,
) -> tuple[list[RgbU8], list[bool]]:
    """The photos, and of which a copy would be written. `ages`: how old the faces look; None: nobody can tell."""
    asked = [
        RestoreInput(as_photo(i), tuple(map(as_photo, r)), age=age)
        for i, r, age in zip(inputs, references, ages or [None] * len(inputs), strict=True)
    ]
    photos, written = [], []
    for image, face in zip(inputs, asked, strict=True):
        (restored,) = restorer.restore_many([face], RestoreOptions(strength=restorer.default_strength))
        landmarks = FFHQ_512.resized(image.shape[0])
        pasted = paste_back(image, face.degraded, restored.pixels, landmarks)
        photos.append(pasted.pixels)
        written.append(visible_change(pasted, landmarks).seen)
    return photos, written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--faces", type=int, default=30)
    parser.add_argument("--levels", nargs="+", default=[*LEVELS, OLD_PRINT])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    weights = options.weights or locate(NANO_FILE)
    cases = cases_of_pack(open_pack(*options.packs), limit=options.faces, per_person=1)
    model = NanoModel(weights, SFaceEmbedder(), threads=options.threads)
    restorer = NanoRestorer(weights, embedder=SFaceEmbedder, threads=options.threads)
    judge, clean, teller = DlibJudge(), [c.truth for c in cases], by_the_shipped_head(len(cases))
    known = judge.describe(clean)
    with_references: dict[str, References] = {
        "0 references": [()] * len(cases),
        "3 references": [c.references[:3] for c in cases],
        "3 of a stranger": [c.strangers[:3] for c in cases],
    }
    size = clean[0].shape[0]
    mask = cv2.resize(face_mask(FFHQ_512.points, 512), (size, size)) > 0.5
    print(f"{len(cases)} faces, {weights.name}\n")
    columns: tuple[str, ...] = ("level", "", "PSNR", "over input", "tones matched", "sharpness", "likeness", "Fréchet")
    columns += ("changed", "written", "changed where written")
    print(f"| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|")
    for level in options.levels:
        seeds, truths = [c.seed for c in cases], clean
        if level == OLD_PRINT:  # what it should become is the print unfaded, perhaps black and white
            inputs, truths = old_prints(clean, seeds)
        else:
            inputs = degraded(clean, level, seeds)
        made, copies, ages = {"input": inputs}, {}, teller.ages(inputs)
        for given, references in with_references.items():
            made[f"network, {given}"] = network(model, inputs, references)
            in_photo = f"photo, {given}"
            made[in_photo], copies[in_photo] = photo(restorer, inputs, references, ages)
        start, start_matched = fidelity(inputs, truths)
        for name, pictures in made.items():
            vectors = judge.describe(pictures)
            near, matched = fidelity(pictures, truths)
            sharp = np.mean([sharpness(p, t) for p, t in zip(pictures, truths, strict=True)])
            seen = np.array([changed(i, p, mask) for i, p in zip(inputs, pictures, strict=True)])
            written = np.array(copies.get(name, []), bool)
            where = f"{seen[written].mean():.2f}" if written.any() else "-"
            print(
                f"| {level} | {name} | {near:.2f} | {near - start:+.2f} | {matched - start_matched:+.2f} | {sharp:.2f} "
                f"| {(vectors * known).sum(1).mean():.3f} | {frechet(vectors, known):.3f} | {seen.mean():.2f} "
                f"| {f'{written.mean():.2f}' if written.size else '-'} | {where} |",
                flush=True,
            )
        if options.sheet is not None:
            write_sheets(options.sheet, level, {**made, "truth": truths}, rows=8, side=256)


if __name__ == "__main__":
    main()
