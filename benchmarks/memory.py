"""Peak memory of a scan, and of a restoration that writes its copy, for large photos within the limits.

    python -m benchmarks.memory [--only "JPEG 80"] [--folder FOLDER]

Each photo shows one face of celeb256, somewhat degraded, in a large smooth picture. The commands are the user's, each
in a process of its own over a home of its own, with the models that ship; the number is the largest resident size of
that process. Photos above 80 megapixels are scanned only. The goal is 1,000 MB; 1,500 for a photo of 24 megapixels that
is enlarged. There a box filter takes the network's place after two tiles, which show what the network needs: all tiles
would take minutes (waifu2x) or hours (Real-ESRGAN, which is measured where it is installed).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.degrade import LEVELS, degrade, read_rgb
from benchmarks.faces import SHARED
from iconface_core.images.png_rows import chunk
from iconface_core.types import RgbU8

RESTORED_UP_TO = 80_000_000
REAL_TILES = 2


@dataclass(frozen=True)
class Case:
    """One kind of file; `size` is width and height in pixels."""

    suffix: str
    size: tuple[int, int]
    save: Callable[[RgbU8, Path], None]
    options: tuple[str, ...] = ()


def by_pillow(pixels: RgbU8, path: Path, *, mode: str = "RGB", **options: Any) -> None:
    image = Image.fromarray(pixels)
    (image if mode == "RGB" else image.convert(mode)).save(path, **options)


def deep(pixels: RgbU8, path: Path) -> None:
    """16 bits a sample. OpenCV writes BGR."""
    cv2.imwrite(str(path), pixels[:, :, ::-1].astype(np.uint16) * 257)


def keyed(pixels: RgbU8, path: Path) -> None:
    """The same as PNG, with one colour that counts as transparent."""
    deep(pixels, path)
    with path.open("r+b") as file:
        png = file.read()
        file.seek(33)
        file.write(chunk(b"tRNS", b"\0\1\0\2\0\3"))
        file.write(png[33:])


def heic(pixels: RgbU8, path: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(Image.fromarray(pixels)).save(path, quality=80)


SCAN, FULL, PANORAMA = (4_000, 6_000), (10_320, 7_740), (24_000, 3_300)
LARGE, HUGE = (16_000, 12_500), (20_000, 20_000)
TWICE = ("--photo", "--enlarge", "2")
CASES = {
    "JPEG 80": Case(".jpg", FULL, partial(by_pillow, quality=88)),
    "JPEG 80 progressive": Case(".jpg", FULL, partial(by_pillow, quality=88, progressive=True)),
    "JPEG 80 CMYK": Case(".jpg", FULL, partial(by_pillow, mode="CMYK", quality=88)),
    "JPEG 79 panorama": Case(".jpg", PANORAMA, partial(by_pillow, quality=88)),
    "PNG 80": Case(".png", FULL, partial(by_pillow, compress_level=1)),
    "PNG 80, 16 bit": Case(".png", FULL, deep),
    "PNG 80, 16 bit, one transparent colour": Case(".png", FULL, keyed),
    "PNG 80, transparent": Case(".png", FULL, partial(by_pillow, mode="RGBA", compress_level=1)),
    "TIFF 80, 16 bit": Case(".tif", FULL, deep),
    "TIFF 80, LZW": Case(".tif", FULL, partial(by_pillow, compression="tiff_lzw")),
    "WebP 36": Case(".webp", (6_928, 5_196), partial(by_pillow, quality=80)),
    "HEIC 59": Case(".heic", (8_868, 6_651), heic),
    "JPEG 24, enlarged": Case(".jpg", SCAN, partial(by_pillow, quality=88), TWICE),
    "PNG 24, enlarged": Case(".png", SCAN, partial(by_pillow, compress_level=1), TWICE),
    "PNG 24, 16 bit, enlarged": Case(".png", SCAN, deep, TWICE),
    "TIFF 24, enlarged": Case(".tif", SCAN, partial(by_pillow, compression="tiff_lzw"), TWICE),
    "JPEG 24, enlarged by Real-ESRGAN": Case(
        ".jpg", SCAN, partial(by_pillow, quality=88), (*TWICE, "--background-with", "real-esrgan")
    ),
    "PNG 200": Case(".png", LARGE, partial(by_pillow, compress_level=1)),
    "TIFF 200, 16 bit": Case(".tif", LARGE, deep),
    "TIFF 400": Case(".tif", HUGE, by_pillow),
    "PNG 400": Case(".png", HUGE, partial(by_pillow, compress_level=1)),
}


def main() -> None:
    if sys.argv[1:2] == ["--few-tiles"]:
        few_tiles(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose names begin so")
    parser.add_argument("--folder", type=Path, help="where the photos are made; some GB")
    args = parser.parse_args()
    print(f"{'':40s}{'scan':>8s}{'restore':>9s}  MB")
    for name, case in CASES.items():
        if not name.startswith(args.only):
            continue
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            photo = Path(folder, "lib", "photo" + case.suffix)
            photo.parent.mkdir()
            make(case, photo)
            iconface = partial(peak, Path(folder, "home"))
            iconface("library", "add", photo.parent)
            scan, said = iconface("scan")
            line = f"{name:40s}{scan:8,.0f}"
            if case.size[0] * case.size[1] <= RESTORED_UP_TO:
                out = Path(folder, "out")
                restore, said = iconface("restore", photo, "--output", out, "--force", *case.options)
                line += f"{restore:9,.0f}" + ("" if any(out.glob("*")) else f"  {said}")
        print(line, flush=True)


def make(case: Case, path: Path) -> None:
    """In a process of its own: what it needs is not to be measured, nor kept."""
    pid = os.fork()
    if pid == 0:
        case.save(large_photo(case.size), path)
        os._exit(0)
    if os.waitpid(pid, 0)[1] or not path.is_file():
        raise SystemExit(f"{path.name}: could not be made")


def large_photo(size: tuple[int, int]) -> RgbU8:
    """One face, an eighth of the picture's height, in a smooth picture with some grain."""
    width, height = size
    rng = np.random.default_rng(0)
    pixels = cv2.resize(rng.integers(60, 200, (9, 12, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    for top in range(0, height, 512):  # the same grain everywhere: it compresses no better, and is made in no time
        rows = pixels[top : top + 512]
        grain = np.random.default_rng(1).integers(0, 5, (*rows.shape[:2], 1), np.uint8)
        np.add(rows, grain, out=rows)
    face = next(iter(sorted((SHARED / "celeb256").rglob("*.jpg"))))
    portrait = degrade(read_rgb(face), LEVELS["moderate"], rng)
    scale = height / 4 / portrait.shape[0]
    portrait = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    y, x = (height - portrait.shape[0]) // 2, (width - portrait.shape[1]) // 2
    pixels[y : y + portrait.shape[0], x : x + portrait.shape[1]] = portrait
    return pixels


def few_tiles(argv: list[str]) -> None:
    """Run a command in this process; what enlarges photos does so by its network for the first tiles only."""
    from iconface_core.restorers.realesrgan.restorer import RealEsrganPhotos
    from iconface_core.restorers.waifu2x.photo import Waifu2xPhotos
    from plugin.__main__ import main

    for cleaner in (RealEsrganPhotos, Waifu2xPhotos):
        left = iter(range(REAL_TILES))

        def some(
            self: Any,
            tile: RgbU8,
            *,
            denoise: bool,
            enlarge: int = 1,
            by_network: Any = cleaner.cleaned,
            left: Any = left,
        ) -> RgbU8:
            if next(left, None) is not None:
                made: RgbU8 = by_network(self, tile, denoise=denoise, enlarge=enlarge)
                return made
            return np.repeat(np.repeat(tile, enlarge, 0), enlarge, 1)

        cleaner.cleaned = some  # type: ignore[method-assign,assignment]
    sys.argv = ["iconface", *argv]
    main()


def peak(home: Path, *command: object) -> tuple[float, str]:
    """The largest resident size in MB of one command, and its last line."""
    program = ["benchmarks.memory", "--few-tiles"] if "--enlarge" in command else ["plugin"]
    argv = [sys.executable, "-m", *program, "--home", str(home), "--quiet", *map(str, command)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    said = child.stdout.read().strip().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024, said[-1] if said else f"exit code {child.returncode}"


if __name__ == "__main__":
    main()
