"""Any Pillow mode and colour profile to 8-bit sRGB."""

import io

import numpy as np
from PIL import Image

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
"""Modes that hold no colour."""


def to_srgb(image: Image.Image, icc: bytes | None, notes: list[str] | None = None) -> Image.Image:
    """Any mode to 8-bit RGB in sRGB, transparent parts on white; the picture itself where it is that already. A profile
    that cannot be used is noted and ignored."""
    simple = plain(image)
    alpha = simple.getchannel("A") if simple.mode in {"LA", "RGBA"} else None
    colour = in_mode(simple, {"LA": "L", "RGBA": "RGB"}.get(simple.mode, simple.mode))
    rgb = _apply_profile(colour, icc, notes) if icc else in_mode(colour, "RGB")
    if alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)
    return rgb


def plain(image: Image.Image) -> Image.Image:
    """The same picture in a mode with 8-bit channels that can be averaged: L, LA, RGB, RGBA, CMYK, LAB, YCbCr."""
    eight = _to_eight_bits(image)
    if eight.mode == "1":
        return eight.convert("L")
    if eight.mode in {"P", "PA"}:
        return eight.convert("RGBA" if eight.mode == "PA" or "transparency" in eight.info else "RGB")
    if "transparency" in eight.info and eight.mode in {"L", "RGB"}:
        return eight.convert("RGBA")
    return in_mode(eight, {"La": "LA", "RGBa": "RGBA", "RGBX": "RGB"}.get(eight.mode, eight.mode))


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """`image.convert(mode)`, but the picture itself, not a copy, where it is in that mode already."""
    return image if image.mode == mode else image.convert(mode)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # 65535 / 255 = 257: dividing, unlike dropping the low byte, maps white to white and rounds
        return Image.fromarray(((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8))
    if image.mode in {"I", "F"}:
        values = np.nan_to_num(np.asarray(image, np.float32))
        top = next((t for t in (1.0, 255.0, 65535.0) if values.max(initial=0) <= t), float(values.max(initial=1)))
        return Image.fromarray(np.clip(values * (255 / top) + 0.5, 0, 255).astype(np.uint8))
    return image


def _apply_profile(colour: Image.Image, icc: bytes, notes: list[str] | None) -> Image.Image:
    from PIL import ImageCms  # littlecms costs start-up time that files without a profile need not pay

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(colour, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        if notes is not None:
            notes.append("unusable colour profile ignored")
        return in_mode(colour, "RGB")
    return converted if converted is not None else in_mode(colour, "RGB")
