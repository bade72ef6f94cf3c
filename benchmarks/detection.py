"""Which faces are found where finding is hard, which are seen where there are none, and what it costs.

    python -m benchmarks.detection [--photos 200] [--seed 0] [--only lying]

Real faces with a known place are pasted into panoramas and huge scans, laid on their side beside upright ones, and cut
so that they fill the frame; ordinary photos give the time and what is reported beside the person in the middle; photos
whose faces are covered, or whose tiles are shuffled, hold no face at all. Everything goes the way a scan goes: from the
file, reduced, through `find_faces`.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from benchmarks.degrade import read_rgb
from benchmarks.faces import SHARED, central_face, photos_by_person
from iconface_core.boxes import iou
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.types import BBox, RgbU8
from plugin.library.finding import find_faces

INDEX_SIDE = 1600


@dataclass
class Score:
    """Of one kind of photo: faces there, found, reported where none is, and seconds."""

    photos: int = 0
    there: int = 0
    found: int = 0
    false: int = 0
    seconds: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        rate = f"{self.found} of {self.there}" if self.there else "-"
        per = 1000 * self.false / max(1, self.photos)
        middle = np.median(self.seconds) * 1000
        return f"| {name} | {self.photos} | {rate} | {self.false} ({per:.0f}) | {middle:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200, help="ordinary photos; the other kinds follow")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds whose name holds this word")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = YuNetDetector(threads=1)
    bench = Bench(detector, random.Random(args.seed))
    print("| photos | number | found | false (per 1,000) | ms a photo (median) |\n|---|---|---|---|---|")
    kinds = {name: scenes for name, scenes in bench.kinds(args.photos).items() if args.only in name}
    for name, scenes in kinds.items():
        score = Score()
        for pixels, boxes in scenes:
            bench.tried(pixels, boxes, score)
        print(score.row(name), flush=True)


class Bench:
    """Scenes with known faces. `detector` also says which of the source photos show exactly one."""

    def __init__(self, detector: YuNetDetector, rng: random.Random) -> None:
        self._detector, self._rng = detector, rng
        self._single = self._singles()

    def kinds(self, n: int) -> dict[str, Iterator[tuple[RgbU8, list[BBox] | None]]]:
        few = max(4, n // 20)
        return {
            "ordinary (LFW, 250 px)": self._ordinary(n),
            "12 megapixels (group photos enlarged)": self._phone(),
            "panoramas 12000 x 1500, faces of 60 to 140 px": (
                self._spread((12000, 1500), (60, 140)) for _ in range(few)
            ),
            "scans 10000 x 7000, faces of 70 to 160 px": (self._spread((10000, 7000), (70, 160)) for _ in range(few)),
            "one upright, three lying or inverted": (self._mixed() for _ in range(n // 4)),
            "a face that fills 60 to 95 % of the height": (self._large() for _ in range(n // 4)),
            "faces covered": self._covered(n),
            "tiles shuffled": self._shuffled(n),
        }

    def tried(self, pixels: RgbU8, boxes: list[BBox] | None, score: Score) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.jpg"
            cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            start = time.process_time()
            photo, found = find_faces(path, self._detector, reduce_to=INDEX_SIDE)
            score.seconds.append(time.process_time() - start)
        faces = [photo.full_face(f) for f in found]
        score.photos += 1
        if boxes is None:  # LFW: somebody is in the middle, and sometimes somebody else behind
            middle = central_face(faces, pixels)
            score.there += 1
            score.found += middle is not None
            score.false += max(0, len(faces) - 1)
            return
        score.there += len(boxes)
        score.found += sum(any(iou(f.bbox, b) > 0.4 for f in faces) for b in boxes)
        score.false += sum(all(iou(f.bbox, b) < 0.2 for b in boxes) for f in faces)

    def _singles(self) -> Iterator[tuple[RgbU8, BBox]]:
        paths = sorted((SHARED / "celeb256").glob("*/*.jpg"))
        while True:
            pixels = read_rgb(self._rng.choice(paths))
            faces = self._detector.detect(pixels)
            if len(faces) == 1 and faces[0].det_score > 0.9:
                yield pixels, faces[0].bbox

    def _ordinary(self, n: int) -> Iterator[tuple[RgbU8, None]]:
        paths = [p for photos in photos_by_person().values() for p in photos]
        for path in self._rng.sample(paths, n):
            yield read_rgb(path), None

    def _phone(self) -> Iterator[tuple[RgbU8, list[BBox]]]:
        for path in sorted((SHARED / "group_photos").glob("*.jpg")):
            pixels = read_rgb(path)
            boxes = [f.bbox for f in self._detector.detect(pixels)]
            factor = (12e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
            yield cv2.resize(pixels, None, fx=factor, fy=factor), [_times(b, factor) for b in boxes]

    def _spreads(self, size: tuple[int, int], heights: tuple[int, int], n: int) -> Iterator[tuple[RgbU8, list[BBox]]]:
        return (self._spread(size, heights) for _ in range(n))

    def _spread(self, size: tuple[int, int], heights: tuple[int, int]) -> tuple[RgbU8, list[BBox]]:
        """Twelve people apart from each other on a background of blotches."""
        width, height = size
        scene = self._blotches(width, height)
        boxes: list[BBox] = []
        rows = max(1, round(height / (width / 6) / 2)) if height * 3 > width else 1
        columns = 12 // rows
        for i in range(rows * columns):
            pixels, box = next(self._single)
            factor = self._rng.uniform(*heights) / box.height
            small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            x = i % columns * width // columns + self._rng.randrange(max(1, width // columns - small.shape[1]))
            y = i // columns * height // rows + self._rng.randrange(max(1, height // rows - small.shape[0]))
            scene[y : y + small.shape[0], x : x + small.shape[1]] = small
            boxes.append(_times(box, factor, x, y))
        return scene, boxes

    def _mixed(self) -> tuple[RgbU8, list[BBox]]:
        scene = self._blotches(1200, 1200)
        boxes = []
        for i, quarters in enumerate([0, 1, 2, 3]):
            pixels, box = next(self._single)
            factor = self._rng.uniform(0.5, 2)
            pixels = cv2.resize(pixels, None, fx=factor, fy=factor)[:600, :600]
            box = _times(box, factor)
            for _ in range(quarters):  # as np.rot90: (x, y) becomes (y, width - x)
                box = BBox(box.y1, pixels.shape[1] - box.x2, box.y2, pixels.shape[1] - box.x1)
                pixels = np.rot90(pixels)
            x, y = i % 2 * 600, i // 2 * 600
            scene[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
            boxes.append(_times(box, 1, x, y))
        return scene, boxes

    def _large(self) -> tuple[RgbU8, list[BBox]]:
        pixels, box = next(self._single)
        around = (1 / self._rng.uniform(0.6, 0.95) - 1) / 2 * box.height
        top, left = max(0, int(box.y1 - around)), max(0, int(box.x1 - around))
        crop = pixels[top : int(box.y2 + around), left : int(box.x2 + around)]
        factor = self._rng.uniform(1, 12)
        return cv2.resize(crop, None, fx=factor, fy=factor), [_times(_moved(box, -left, -top), factor)]

    def _covered(self, n: int) -> Iterator[tuple[RgbU8, list[BBox]]]:
        """Photos in which every face, the doubtful ones too, lies under a patch of its surroundings' colour."""
        generous = YuNetDetector(threads=1, min_score=0.4)
        for pixels, _ in self._ordinary(n):
            out = pixels.copy()
            for face in generous.detect(pixels):
                b = face.bbox
                dx, dy = b.width * 0.35, b.height * 0.35
                area = np.s_[max(0, int(b.y1 - dy)) : int(b.y2 + dy), max(0, int(b.x1 - dx)) : int(b.x2 + dx)]
                noise = np.random.default_rng(0).normal(0, 12, out[area].shape)
                out[area] = np.clip(np.median(out[area], (0, 1)) + noise, 0, 255)
            yield out, []

    def _shuffled(self, n: int) -> Iterator[tuple[RgbU8, list[BBox]]]:
        for pixels, _ in self._ordinary(n):
            tiles = [pixels[y : y + 25, x : x + 25] for y in range(0, 250, 25) for x in range(0, 250, 25)]
            self._rng.shuffle(tiles)
            yield np.vstack([np.hstack(tiles[i : i + 10]) for i in range(0, 100, 10)]), []

    def _blotches(self, width: int, height: int) -> RgbU8:
        rng = np.random.default_rng(self._rng.randrange(10**6))
        coarse = rng.integers(30, 220, (max(2, height // 150), max(2, width // 150), 3), np.uint8)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _times(b: BBox, factor: float, x: float = 0, y: float = 0) -> BBox:
    return BBox(b.x1 * factor + x, b.y1 * factor + y, b.x2 * factor + x, b.y2 * factor + y)


def _moved(b: BBox, x: float, y: float) -> BBox:
    return _times(b, 1, x, y)


if __name__ == "__main__":
    main()
