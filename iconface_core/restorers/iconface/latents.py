"""Pixels to normalised latents and back, through `AutoencoderKLFlux2`.

The transformer works on 2x2-patchified latents, normalised by the running statistics of the autoencoder's own
batch norm: 3 x 512 x 512 pixels are 128 x 32 x 32 numbers of about unit variance.
"""

import numpy as np
import torch
from torch import Tensor

from iconface_core.types import RgbU8
from iconface_core.untyped import Autoencoder


def to_tensor(pixels: RgbU8) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(np.array(pixels, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1.0


def to_pixels(image: Tensor) -> RgbU8:
    """(3, H, W) in [-1, 1], clipped -> (H, W, 3) uint8, rounded."""
    scaled = (image.float().clamp(-1, 1) + 1.0) * 127.5
    pixels: RgbU8 = scaled.round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return pixels


def patchify(latents: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, 4C, H/2, W/2); channel-major within a patch, as FLUX.2 orders them."""
    b, c, h, w = latents.shape
    return latents.reshape(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, 4 * c, h // 2, w // 2)


def unpatchify(latents: Tensor) -> Tensor:
    """(B, 4C, H, W) -> (B, C, 2H, 2W): the inverse of `patchify`."""
    b, c, h, w = latents.shape
    return latents.reshape(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(b, c // 4, 2 * h, 2 * w)


def pixels_per_token(vae: Autoencoder) -> int:
    """Side of the pixel square behind one token: 16 for FLUX.2."""
    return int(2 ** (len(vae.config.block_out_channels) - 1)) * 2


def encode(vae: Autoencoder, images: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] -> (B, 128, H/16, W/16), deterministic (the posterior's mode).

    Raises ValueError when a side is not a multiple of 16.
    """
    unit = pixels_per_token(vae)
    if images.shape[-1] % unit or images.shape[-2] % unit:
        raise ValueError(f"image sides must be multiples of {unit}, not {tuple(images.shape[-2:])}")
    latents = patchify(vae.encode(images.to(vae.device, vae.dtype)).latent_dist.mode())
    mean, std = _statistics(vae, latents)
    return (latents - mean) / std


def decode(vae: Autoencoder, latents: Tensor) -> Tensor:
    """(B, 128, h, w) -> (B, 3, 16h, 16w), about [-1, 1], not clipped. Differentiable."""
    latents = latents.to(vae.device, vae.dtype)
    mean, std = _statistics(vae, latents)
    image: Tensor = vae.decode(unpatchify(latents * std + mean)).sample
    return image


def _statistics(vae: Autoencoder, like: Tensor) -> tuple[Tensor, Tensor]:
    mean = vae.bn.running_mean.view(1, -1, 1, 1)
    std = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1) + vae.bn.eps)
    return mean.to(like), std.to(like)
