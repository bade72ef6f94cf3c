"""Background of whole photos: how much noise goes, and how much that is none?

    python -m benchmarks.background [DATA] [--limit 20] [--sheets DIR] [--real-esrgan MODELS]

Photos of DATA/group_photos, pins and celeb512 (clear ones), 320 px of their middle, as they are and damaged: noise of
8 and of 16 steps, film grain of 10 (coarser than a pixel), JPEG of quality 25, noise of 12 and then JPEG of 40. PSNR
against the clear photo; the clear ones themselves should stay as they are. `--real-esrgan`: the folder of a models
folder where it is installed; of it three photos only, it is slow.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from benchmarks.faces import SHARED
from iconface_core.images.read import read_photo
from iconface_core.protocols import PhotoCleaner
from iconface_core.restorers.waifu2x.photo import Waifu2xPhotos
from iconface_core.types import RgbU8
from iconface_core.whole_photo.background import cleaned, measure_noise

SIDE = 320
Damage = Callable[[RgbU8, np.random.Generator], RgbU8]


def clear_photos(data: Path, limit: int) -> list[tuple[str, RgbU8]]:
    """So many, a quarter of them of groups."""
    pins, large = sorted(data.glob("pins/*/*.jpg")), sorted(data.glob("celeb512/*/*.png"))
    groups = sorted(data.glob("group_photos/*.jpg"))[: limit // 4]
    left = limit - len(groups)
    files = [*groups, *pins[:: max(1, len(pins) // (left - left // 3))][: left - left // 3]]
    files += large[:: max(1, len(large) // (left // 3))][: left // 3]
    return [(f"{f.parent.name}-{f.stem}", middle(read_photo(f).pixels)) for f in files]


def middle(photo: RgbU8) -> RgbU8:
    height, width = photo.shape[:2]
    top, left = max(0, (height - SIDE) // 2), max(0, (width - SIDE) // 2)
    return np.ascontiguousarray(photo[top : top + SIDE, left : left + SIDE])


def noisy(photo: RgbU8, rng: np.random.Generator, sigma: float, coarse: float = 0.0) -> RgbU8:
    noise = rng.standard_normal(photo.shape if not coarse else photo.shape[:2]).astype(np.float32)
    if coarse:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), coarse), np.float32)[..., None]
        noise /= noise.std()
    return np.clip(photo + sigma * noise + 0.5, 0, 255).astype(np.uint8)


def jpeg(photo: RgbU8, quality: int) -> RgbU8:
    data = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


DAMAGES: Mapping[str, Damage] = {
    "clear": lambda photo, rng: photo,
    "noise 8": lambda photo, rng: noisy(photo, rng, 8),
    "noise 16": lambda photo, rng: noisy(photo, rng, 16),
    "grain 10": lambda photo, rng: noisy(photo, rng, 10, coarse=1.0),
    "JPEG 25": lambda photo, rng: jpeg(photo, 25),
    "noise 12, JPEG 40": lambda photo, rng: jpeg(noisy(photo, rng, 12), 40),
}


def psnr(a: RgbU8, b: RgbU8) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((a.astype(np.float32) - b) ** 2), 1e-3)))


def report(photos: list[tuple[str, RgbU8]], cleaner: PhotoCleaner, sheets: Path | None) -> None:
    began, pixels = time.process_time(), 0
    for damage, damaged in DAMAGES.items():
        rows, left = [], 0
        for i, (name, truth) in enumerate(photos):
            worn = damaged(truth, np.random.default_rng(i))
            noise = measure_noise(worn)
            out = cleaned(worn, noise, cleaner) if noise.seen else worn
            plain = cleaner.cleaned(worn, denoise=True)
            pixels += worn[..., 0].size * (1 + noise.seen)
            left += not noise.seen
            rows.append([noise.sigma, noise.blocks, psnr(worn, truth), psnr(plain, truth), psnr(out, truth)])
            if sheets is not None:
                cv2.imwrite(str(sheets / f"{damage}-{name}.png"), np.hstack([truth, worn, plain, out])[..., ::-1])
        sigma, blocks, before, unlimited, after = np.mean(rows, 0)
        worst = min(r[4] - r[2] for r in rows)
        print(
            f"{damage}: noise {sigma:.2f}, blocks {blocks:.2f}; in {before:.2f} dB, all that the network takes "
            f"{unlimited:.2f}, with the limit {after:.2f} (worst {worst:+.2f}); {left} of {len(rows)} left alone",
            flush=True,
        )
    print(f"{(time.process_time() - began) / pixels * 1e6:.1f} s of processor a megapixel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--real-esrgan", type=Path)
    args = parser.parse_args()
    if args.sheets is not None:
        args.sheets.mkdir(parents=True, exist_ok=True)
    if args.real_esrgan is not None:
        from iconface_core.restorers.realesrgan.restorer import RealEsrganPhotos, load_network

        report(clear_photos(args.data, args.limit)[:3], RealEsrganPhotos(load_network(args.real_esrgan)), args.sheets)
    else:
        report(clear_photos(args.data, args.limit), Waifu2xPhotos(), args.sheets)


if __name__ == "__main__":
    main()
