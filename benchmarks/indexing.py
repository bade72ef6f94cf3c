"""Indexing speed on 12-megapixel JPEGs, beside the dlib pipeline of `face_recognition`, in one run.

    python -m benchmarks.indexing [--photos 48] [--dlib-photos 6]

Two sets, because the time goes with the faces: family photos with six of them, and portraits with one (libraries
have less than one face a photo on average).

The pictures are made from the sample group photo of the `insightface` package, scaled and placed on a 4000 x 3000
background with camera-like grain (about 5 MB each). Ours is the real command, `iconface scan`, in a process of its own:
hash, decode, detect, align, embed, store, group. dlib runs the same photos the way `face_recognition` does (HOG with
one upsampling at full size, and with none on the photo reduced to 1600 pixels), one process per core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from iconface_core.faces.yunet import YuNetDetector
from iconface_core.types import DetectedFace
from plugin.demo.sample import group_photo

SIZE = (4000, 3000)


def make_photos(folder: Path, count: int, *, portraits: bool) -> None:
    """Camera-like pictures of the whole group, or of one of its people."""
    source = Image.open(group_photo()).convert("RGB")
    faces = YuNetDetector().detect(np.asarray(source))
    rng = np.random.default_rng(0)
    for i in range(count):
        subject = _one_person(source, faces[i % len(faces)]) if portraits else source
        width = int(rng.integers(800, 2000) if portraits else rng.integers(1300, 3600))
        height = min(SIZE[1], round(width * subject.height / subject.width))
        picture = subject.resize((width, height), Image.Resampling.BICUBIC)
        base = rng.normal(0, 12, (75, 100, 3)) + rng.uniform(60, 190, 3)
        canvas = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
        canvas.paste(picture, (int(rng.integers(0, SIZE[0] - width)), int(rng.integers(0, max(1, SIZE[1] - height)))))
        pixels = np.asarray(canvas, np.int16) + rng.integers(-6, 7, (SIZE[1], SIZE[0], 1), np.int16)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{i:03}.jpg", quality=92)


def _one_person(source: Image.Image, face: DetectedFace) -> Image.Image:
    b = face.bbox
    return source.crop(
        (round(b.x1 - b.width), round(b.y1 - b.height / 2), round(b.x2 + b.width), round(b.y2 + b.height))
    )


def ours(folder: Path, home: Path) -> dict[str, float]:
    """Run `iconface scan` and read its time and peak memory from the operating system."""
    command = [sys.executable, "-m", "plugin", "--home", str(home), "--json"]
    subprocess.run([*command, "library", "add", str(folder)], check=True, stdout=subprocess.DEVNULL)
    start = time.perf_counter()
    process = subprocess.Popen([*command, "scan"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert status == 0, report
    return {"seconds": seconds, "mb": usage.ru_maxrss / 1024, "faces": report["scan"]["faces"]}


def dlib_one(path: Path, side: int | None, upsample: int) -> int:
    """What `face_recognition.face_locations` + `face_encodings` do to one photo; returns the number of faces."""
    import dlib

    spec = find_spec("face_recognition_models")
    assert spec is not None
    assert spec.submodule_search_locations
    models = Path(spec.submodule_search_locations[0]) / "models"
    detector = dlib.get_frontal_face_detector()
    shape = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
    encoder = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))
    with Image.open(path) as picture:
        if side is not None:
            picture.thumbnail((side, side))
        pixels = np.asarray(picture.convert("RGB"))
    boxes = detector(pixels, upsample)
    for box in boxes:
        encoder.compute_face_descriptor(pixels, shape(pixels, box), 1)
    return len(boxes)


def dlib_many(photos: list[Path], side: int | None, upsample: int) -> dict[str, float]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(
            pool.map(dlib_one, photos[:2], [640] * 2, [0] * 2)
        )  # processes and models are warm before the clock starts
        start = time.perf_counter()
        faces = sum(pool.map(dlib_one, photos, [side] * len(photos), [upsample] * len(photos)))
        return {"seconds": time.perf_counter() - start, "faces": faces}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--dlib-photos", type=int, default=6)
    args = parser.parse_args()
    print(f"{args.photos} JPEGs of {SIZE[0]} x {SIZE[1]} each, {os.cpu_count()} cores\n")
    print("| | photos/s | faces/photo | times slower | peak memory |\n|---|---|---|---|---|")
    for portraits in (False, True):
        compare("portraits" if portraits else "groups", portraits, args.photos, args.dlib_photos)


def compare(title: str, portraits: bool, count: int, dlib_count: int) -> None:
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp) / "photos"
        folder.mkdir()
        make_photos(folder, count, portraits=portraits)
        photos = sorted(folder.iterdir())
        mine = ours(folder, Path(temp) / "home")
        rows = [("iconface scan", mine["seconds"] / count, mine["faces"] / count, f"{mine['mb']:.0f} MB")]
        few = photos[:dlib_count]
        for name, side, upsample in (("dlib, as face_recognition", None, 1), ("dlib, reduced to 1600 px", 1600, 0)):
            theirs = dlib_many(few, side, upsample)
            rows.append((name, theirs["seconds"] / len(few), theirs["faces"] / len(few), ""))
    for name, seconds, faces, memory in rows:
        print(
            f"| {title}: {name} | {1 / seconds:.2f} | {faces:.1f} | {seconds / rows[0][1]:.1f} | {memory} |", flush=True
        )


if __name__ == "__main__":
    main()
