"""How good is a restored face: distances to the truth, and how sharp it is. All on RGB, 0..255.

LPIPS appears only where it can run: its package needs torchvision and an ImageNet backbone, which this project neither
ships nor downloads.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

_SKIMAGE: Any = import_module("skimage.metrics")  # carries no types
Lpips = Callable[[RgbU8, RgbU8], float]
_BEST_PSNR = 99.0
_LPIPS_BACKBONE = "alexnet-owt-7be5be79.pth"


def psnr(image: RgbU8, truth: RgbU8) -> float:
    """Peak signal to noise ratio, dB, of the whole picture; 99 for equal pictures."""
    if np.array_equal(image, truth):
        return _BEST_PSNR
    return float(_SKIMAGE.peak_signal_noise_ratio(truth, image, data_range=255))


def tones_matched(image: RgbU8, truth: RgbU8) -> RgbU8:
    """`image` with each channel on the straight line that brings it nearest to the truth's: a print that stays as faded
    as the rest of its photo is then compared by what it shows."""
    out = np.empty_like(image)
    for channel in range(image.shape[2]):
        x, y = image[..., channel].astype(np.float64), truth[..., channel].astype(np.float64)
        spread = float(x.var())
        slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 0 else 0.0
        out[..., channel] = np.clip(np.rint(y.mean() + slope * (x - x.mean())), 0, 255)
    return out


def ssim(image: RgbU8, truth: RgbU8) -> float:
    """Structural similarity (Wang et al. 2004), mean over the channels, with the paper's Gaussian window."""
    return float(
        _SKIMAGE.structural_similarity(
            truth, image, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def sharpness(image: RgbU8, truth: RgbU8) -> float:
    """The rms of fine structure (what a Gaussian of 1 px takes away) against the truth's: 1 is as sharp as the truth,
    below is smoother. Noise and blocks count as structure: read it beside the distances."""
    return _fine(image) / max(_fine(truth), 1e-6)


def _fine(image: RgbU8) -> float:
    grey: F32 = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.sqrt(np.mean((grey - cv2.GaussianBlur(grey, (0, 0), 1.0)) ** 2)))


def load_lpips() -> Lpips | str:
    """LPIPS (Zhang et al. 2018, AlexNet), or the reason why it is not available."""
    for package in ("lpips", "torchvision"):
        if find_spec(package) is None:
            return f"not available: no package {package}"
    import torch

    backbone = Path(torch.hub.get_dir(), "checkpoints", _LPIPS_BACKBONE)
    if not backbone.is_file():
        return f"not available: no {backbone}"
    network = import_module("lpips").LPIPS(net="alex", verbose=False).eval()

    def distance(image: RgbU8, truth: RgbU8) -> float:
        pair = [torch.from_numpy(x).permute(2, 0, 1)[None].float() / 127.5 - 1 for x in (image, truth)]
        with torch.inference_mode():
            return float(network(*pair))

    return distance
