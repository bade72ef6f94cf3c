"""Real-ESRGAN x4plus (Wang et al. 2021) as converted for ncnn, on the CPU. The program it comes with needs Vulkan and
is not used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from iconface_core.errors import UnusableOutputError
from iconface_core.reason_codes import OUTPUT_NOT_FINITE
from iconface_core.restorers.common.ncnn_net import eight_bits, open_net, run
from iconface_core.types import RgbU8
from iconface_core.whole_photo.tiles import in_tiles

TIMES = 4
TILE, CONTEXT = 96, 16
"""Pixels: it needs .8 GB for a tile and its surroundings, and six seconds of one core, so that somebody who cancels
does not wait long."""

_WITHOUT_SCRATCH = " 31=96"
"""ncnn's mask of what a layer does without: 32, convolution as a product of matrices, and 64, by Winograd."""


class RealEsrganNetwork:
    """`param` and `weights` are the two files of the network, `threads` those of the CPU. Raises WeightsError when ncnn
    cannot read them."""

    def __init__(self, param: Path, weights: Path, *, threads: int = 1) -> None:
        self._net = open_net(param, weights, threads, adapt=_frugal)

    def quadruple(self, picture: RgbU8, *, on_step: Callable[[int, int], None] | None = None) -> RgbU8:
        """A picture (H, W, 3) four times as large, in tiles; `on_step(done, total)` counts them, may raise to cancel.

        Raises UnusableOutputError when what comes out are no numbers.
        """
        return in_tiles(picture, self.quadruple_tile, enlarge=TIMES, tile=TILE, context=CONTEXT, on_step=on_step)

    def quadruple_tile(self, tile: RgbU8) -> RgbU8:
        """The same for a picture of at most TILE + 2 CONTEXT pixels a side, in one go."""
        large = run(self._net, tile, "data", "output")
        if not np.isfinite(large).all():
            raise UnusableOutputError(
                "Real-ESRGAN: its output has values that are no numbers. Use another restorer.",
                OUTPUT_NOT_FINITE(restorer="realesrgan-x4plus"),
            )
        return eight_bits(large)


def _frugal(layers: str) -> str:
    """The layers behind the first enlargement work at four and sixteen times as many pixels as the others, and there
    are four of them: only they are convolved without scratch memory. That is .43 GB less and as fast, and 2 of 100,000
    samples are rounded the other way."""
    lines = layers.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("Interp ")), len(lines))
    late = (line + _WITHOUT_SCRATCH if line.startswith("Convolution ") else line for line in lines[first:])
    return "\n".join([*lines[:first], *late, ""])
