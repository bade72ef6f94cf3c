"""Pictures that the tests make for themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from iconface_core.images.metadata import EXIF_IFD


class Pictures:
    """Arrays and EXIF blocks; a class, so that tests get all of it as one fixture."""

    @staticmethod
    def gradient(width: int = 96, height: int = 64) -> np.ndarray:
        """A smooth colour picture whose four corners differ, so that a wrong turn or flip shows."""
        y, x = np.mgrid[:height, :width]
        red, green = x * 255 // (width - 1), y * 255 // (height - 1)
        return np.stack([red, green, (red + green) // 2], -1).astype(np.uint8)

    @staticmethod
    def textured(width: int = 96, height: int = 64, seed: int = 0) -> np.ndarray:
        """Smooth random blotches with fine grain."""
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (max(2, height // 12), max(2, width // 12), 3), np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
        return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)

    @staticmethod
    def exif(orientation: int = 1, taken: str | None = "2001:02:03 04:05:06", offset: str | None = None) -> Image.Exif:
        """EXIF as a camera writes it."""
        block = Image.Exif()
        block[0x010F] = "Camera"
        block[0x0112] = orientation
        if taken:
            block.get_ifd(EXIF_IFD)[0x9003] = taken
        if offset:
            block.get_ifd(EXIF_IFD)[0x9011] = offset
        return block

    @staticmethod
    def laid_down(upright: np.ndarray, orientation: int) -> np.ndarray:
        """The stored pixels of a file that states `orientation` and shows `upright` (where row 0 and column 0 lie)."""
        return {
            1: lambda a: a,
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.swapaxes(0, 1),
            6: lambda a: np.rot90(a, 1),
            7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
            8: lambda a: np.rot90(a, -1),
        }[orientation](upright)

    @classmethod
    def save(cls, path: Path, pixels: np.ndarray | Image.Image | None = None, **options: Any) -> Path:
        """Write a picture with Pillow. EXIF goes in as bytes: Pillow empties the sub-IFDs of an object it saves."""
        image = (
            pixels if isinstance(pixels, Image.Image) else Image.fromarray(cls.gradient() if pixels is None else pixels)
        )
        if isinstance(options.get("exif"), Image.Exif):
            options["exif"] = options["exif"].tobytes()
        image.save(path, **options)
        return path

    @staticmethod
    def opened(path: Path) -> Image.Image:
        """The file as Pillow sees it, loaded and closed."""
        with Image.open(path) as image:
            image.load()
        return image


@pytest.fixture(scope="session")
def pictures() -> type[Pictures]:
    return Pictures
