"""Networks of ncnn on the CPU: pictures in, pictures out."""

from collections.abc import Callable
from pathlib import Path

import ncnn
import numpy as np

from iconface_core.errors import WeightsError
from iconface_core.types import F32, RgbU8


def open_net(param: Path, weights: Path, threads: int, *, adapt: Callable[[str], str] = str) -> ncnn.Net:
    """A network from its two files; `adapt` may change the text of the first, its layers line by line. Raises
    WeightsError when ncnn cannot read them."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = threads
    try:
        layers = param.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as e:
        raise WeightsError(f"{param}: it cannot be read ({e}). Install it again.") from e
    if net.load_param_mem(adapt(layers)) != 0 or net.load_model(str(weights)) != 0:
        raise WeightsError(f"{weights}: ncnn cannot read it. Install it again.")
    return net


def run(net: ncnn.Net, tile: RgbU8, into: str, out_of: str) -> F32:
    """What the layer `out_of` makes of a picture (H, W, 3) that `into` is given in 0..1: (H', W', 3), not clipped.

    Raises MemoryError when the tile is too large.
    """
    planes = np.ascontiguousarray(tile.transpose(2, 0, 1), np.float32) / np.float32(255)
    extractor = net.create_extractor()
    # clone: ncnn.Mat only borrows numpy's memory, which may be gone when the extractor reads it
    extractor.input(into, ncnn.Mat(planes).clone())
    status, result = extractor.extract(out_of)
    if status != 0:
        raise MemoryError(f"ncnn could not process a tile of {tile.shape[1]} x {tile.shape[0]} (status {status})")
    made: F32 = np.array(result).transpose(1, 2, 0)
    return made


def eight_bits(made: F32) -> RgbU8:
    """0..1 to 0..255, clipped and rounded."""
    pixels: RgbU8 = np.clip(made * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels
