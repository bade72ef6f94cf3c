"""Real-ESRGAN x4plus (Wang et al. 2021) as converted for ncnn, on the CPU. The program it comes with needs Vulkan and
is not used."""

from collections.abc import Callable
from pathlib import Path

import ncnn
import numpy as np

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.reason_codes import OUTPUT_NOT_FINITE
from iconface_core.types import F32, RgbU8
from iconface_core.whole_photo.tiles import in_tiles

TIMES = 4
TILE, CONTEXT = 96, 16
"""Pixels: it needs 1.3 GB for a tile and its surroundings, and seven seconds of one core, so that somebody who cancels
does not wait long."""


class RealEsrganNetwork:
    """`param` and `weights` are the two files of the network, `threads` those of the CPU. Raises WeightsError when ncnn
    cannot read them."""

    def __init__(self, param: Path, weights: Path, *, threads: int = 1) -> None:
        self._net = ncnn.Net()
        self._net.opt.use_vulkan_compute = False
        self._net.opt.num_threads = threads
        if self._net.load_param(str(param)) != 0 or self._net.load_model(str(weights)) != 0:
            raise WeightsError(f"{weights}: ncnn cannot read it. Install it again.")

    def quadruple(self, picture: RgbU8, *, on_step: Callable[[int, int], None] | None = None) -> RgbU8:
        """A picture (H, W, 3) four times as large, in tiles; `on_step(done, total)` counts them, may raise to cancel.

        Raises UnusableOutputError when what comes out are no numbers.
        """
        return in_tiles(picture, self.quadruple_tile, enlarge=TIMES, tile=TILE, context=CONTEXT, on_step=on_step)

    def quadruple_tile(self, tile: RgbU8) -> RgbU8:
        """The same for a picture of at most TILE + 2 CONTEXT pixels a side, in one go."""
        planes = np.ascontiguousarray(tile.transpose(2, 0, 1), np.float32) / np.float32(255)
        extractor = self._net.create_extractor()
        extractor.input("data", ncnn.Mat(planes).clone())  # ncnn only borrows numpy's memory
        status, result = extractor.extract("output")
        if status != 0:
            raise MemoryError(f"ncnn could not process a tile of {tile.shape[1]} x {tile.shape[0]} (status {status})")
        large: F32 = np.array(result).transpose(1, 2, 0)
        if not np.isfinite(large).all():
            raise UnusableOutputError(
                "Real-ESRGAN: its output has values that are no numbers. Use another restorer.",
                OUTPUT_NOT_FINITE(restorer="realesrgan-x4plus"),
            )
        pixels: RgbU8 = np.clip(large * 255 + 0.5, 0, 255).astype(np.uint8)
        return pixels
