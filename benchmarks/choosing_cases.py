"""Faces with every candidate that the chooser may take, for `benchmarks.choosing`: made once, then kept in a folder.

Validation people of `celeb256` and LFW, two faces each, reduced by 1, 1.5 or 2.5 and damaged at the evaluation levels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from benchmarks.degrade import read_rgb
from benchmarks.faces import Engine, central_face, make_engine
from benchmarks.paste import degraded
from benchmarks.visible_change import photos_of
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.restorers.realesrgan.network import RealEsrganNetwork
from iconface_core.restorers.realesrgan.restorer import RealEsrganRestorer
from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer
from iconface_core.training.degradations.degrader import LEVELS
from iconface_core.types import F32, AlignedFace, DetectedFace, RestoreInput, RestoreOptions, RgbU8

STRENGTHS = {"nano": (1.0, 0.75, 0.5), "waifu2x": (1.0, 0.5), "real-esrgan": (1.0, 0.5)}
SETS = ("celeb256", "lfw")
REFERENCES = 3


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceCase:
    """`name` is its own; `pictures`: "RESTORER REFERENCES STRENGTH" -> the restored crop (512, 512, 3)."""

    name: str
    person: str
    level: str
    degraded: AlignedFace
    truth: RgbU8
    references: tuple[RgbU8, ...]
    pictures: dict[str, RgbU8]


def choice_cases(people: int, cache: Path, esrgan: Path | None = None, seed: int = 17) -> Iterator[ChoiceCase]:
    """Two faces of each of `people` people of each set, the sets in turn, so that a part of them is a fair one.
    `esrgan`: the folder of Real-ESRGAN's files, when it is a candidate too."""
    engine = make_engine("sface-2021dec")
    restorers: dict[str, FaceRestorer] = {
        "nano": NanoRestorer(locate(NANO_FILE), embedder=lambda: engine.embedder, threads=1),
        "waifu2x": Waifu2xRestorer(),
    }
    if esrgan is not None:
        files = (esrgan / f"realesrgan-x4plus.{kind}" for kind in ("param", "bin"))
        restorers["real-esrgan"] = RealEsrganRestorer(RealEsrganNetwork(*files, threads=1))
    photos = {name: photos_of(name) for name in SETS}
    order = {name: np.random.default_rng(seed).permutation(sorted(photos[name]))[:people] for name in SETS}
    for i in range(people):
        for name in SETS:
            for turn in (0, 1):
                if i >= len(order[name]):
                    continue
                person = str(order[name][i])
                path = cache / name / f"{person}-{turn}.npz"
                if not path.is_file():
                    _make(photos[name][person], crc32(f"{seed} {person} {turn}".encode()), engine, restorers, path)
                if (case := _read(path, person)) is not None:
                    yield case


def _make(photos: list[Path], seed: int, engine: Engine, restorers: dict[str, FaceRestorer], path: Path) -> None:
    """Write one case; an empty file where too few photos show a face."""
    rng = np.random.default_rng(seed)
    known: list[tuple[RgbU8, DetectedFace]] = []
    for photo in rng.permutation(np.array(photos, object))[: REFERENCES + 2]:
        image = read_rgb(photo)
        if (face := central_face(engine.detector.detect(image), image)) is not None:
            known.append((image, face))
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(known) <= REFERENCES:
        np.savez_compressed(path)
        return
    (whole, face), others = known[0], known[1 : 1 + REFERENCES]
    factor, level = float(rng.choice([1, 1.5, 2.5])), str(rng.choice(list(LEVELS), p=[0.2, 0.4, 0.4]))
    size = round(whole.shape[1] / factor), round(whole.shape[0] / factor)
    clean = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    landmarks = ((face.landmarks + 0.5) / factor - 0.5).astype(np.float32)
    crop = align_face(degraded(clean, level, int(rng.integers(1 << 30))), landmarks, FFHQ_512)
    references = [align_face(image, f.landmarks, FFHQ_512) for image, f in others]
    vectors = engine.embedder.embed([AlignedFace(arcface(r.pixels), r.from_photo) for r in references])
    pictures = {}
    for name, restorer in restorers.items():
        for count in (0, REFERENCES) if restorer.max_references else (0,):
            asked = RestoreInput(crop, tuple(references[:count]), tuple(vectors[:count]))
            for strength in STRENGTHS[name]:
                restored = restorer.restore(asked, RestoreOptions(strength=strength))
                pictures[f"{name} {count} {strength:g}"] = restored.pixels
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, level=level, degraded=crop.pixels, from_photo=crop.from_photo,
        truth=align_face(clean, landmarks, FFHQ_512).pixels, references=np.stack([r.pixels for r in references]),
        names=np.array(list(pictures)), pictures=np.stack(list(pictures.values())),
    )  # fmt: skip
    part.replace(path)


def _read(path: Path, person: str) -> ChoiceCase | None:
    with np.load(path) as found:
        if "names" not in found:
            return None
        pictures = dict(zip(map(str, found["names"]), found["pictures"], strict=True))
        return ChoiceCase(
            name=f"{path.parent.name}-{path.stem}",
            person=person,
            level=str(found["level"]),
            degraded=AlignedFace(found["degraded"], found["from_photo"]),
            truth=found["truth"],
            references=tuple(found["references"]),
            pictures=pictures,
        )


def arcface(crop: RgbU8) -> RgbU8:
    """An FFHQ_512 crop cut as embedders want it."""
    from iconface_core.geometry import ARCFACE_112

    points: F32 = FFHQ_512.points
    return align_face(crop, points, ARCFACE_112).pixels
