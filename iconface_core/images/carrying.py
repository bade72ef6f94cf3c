"""Carrying what was restored into the original's own samples, whatever their depth and colours.

The restored pixels come as 8-bit sRGB, while the original may be 16-bit, grey, transparent or in another colour space.
So not the pixels are carried over but the *change*: the difference between the restored and the original sRGB pixels.
Where nothing was restored it is zero, and the original's samples stay as they were, at full depth and in their own
colour profile.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from iconface_core.types import F32, Patch, RgbU8

from .colour import GREY_MODES, plain, to_srgb
from .deep import U16, deep_samples, eight_bits
from .enlarging import enlarged, enlarged_strips
from .read import Decoded
from .stored_patch import waiting_room
from .strips import bands

Tones = Callable[[F32], F32]
"""What a correction of tones makes of samples (..., 3) on the scale 0..255; the result need not be within it."""
_Samples = NDArray[np.uint8] | U16  # (H, W) or (H, W, C): grey, grey + alpha, RGB, RGBA
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class CopyForm:
    """What becomes of the whole picture beside its patches.

    `tones` is the correction that the patches hold already: 16-bit samples get it at their own depth, where a change in
    8-bit steps would leave gaps. `coloured`: a grey original becomes a coloured copy, in sRGB. `enlarge`: the original
    is first interpolated to so many times its size, in which the patches lie.
    """

    tones: Tones | None = None
    coloured: bool = False
    enlarge: int = 1


AS_IT_IS = CopyForm()


@dataclass(frozen=True, slots=True, eq=False)
class DeepPicture:
    """A picture of this `size`, width and height, in 16 bits a colour that is never there as a whole: `strips` makes it
    from the top, (rows, W, C), whenever it is called."""

    size: tuple[int, int]
    strips: Callable[[], Iterator[U16]]


Samples = Image.Image | U16 | DeepPicture
"""What a copy holds."""


def carry_change(
    source: Path,
    decoded: Decoded,
    patches: Sequence[Patch],
    folder: Path,
    notes: list[str],
    form: CopyForm,
) -> tuple[Samples, bytes | None]:
    """The original's own samples plus the change, and the colour profile that belongs to them. Band by band: what was
    not changed is not even converted, and nothing is held twice. `decoded.image` may be given up on the way."""
    deep = deep_samples(source, decoded) if decoded.format in {"png", "tiff"} else None
    in_colour = form.coloured and decoded.image.mode in GREY_MODES
    if deep is not None:
        return _change_in_deep(deep, decoded, patches, form, in_colour=in_colour)
    if form.enlarge > 1:
        larger = enlarged(decoded.image, form.enlarge)
        decoded = replace(decoded, image=larger, full_size=larger.size)
    if in_colour:
        decoded = replace(decoded, image=_in_colour(decoded.image, decoded.icc), icc=None)
    image = decoded.image
    if image.mode not in {"L", "LA", "RGB", "RGBA"} or "transparency" in image.info:
        if image.mode not in GREY_MODES or "transparency" in image.info:
            notes.append(f"{image.mode} pixels converted to sRGB")  # CMYK, a palette, Lab, one transparent colour
            return _in_srgb(decoded, patches, folder), None
        if image.mode == "1":
            notes.append("written in shades of grey; the original has black and white only")
        image = to_srgb(image, None).convert("L")
    to_native = _to_native(1 if image.mode in GREY_MODES else 3, decoded.icc)
    # The range of 32-bit values is that of the whole picture, never of a band.
    for band, rows in bands(image if decoded.image.mode in {"I", "F"} else decoded.image):
        if not _touched(patches, rows):
            continue
        before = np.asarray(to_srgb(band, decoded.icc))
        if found := _difference(before, _patched(before, patches, rows.start), to_native):
            some, change = found
            there = slice(rows.start + some.start, rows.start + some.stop)
            own = np.asarray(image.crop((0, there.start, image.width, there.stop)))
            image.paste(Image.fromarray(_moved(own, change)), (0, there.start))
    return image, decoded.icc


def _change_in_deep(
    samples: U16, decoded: Decoded, patches: Sequence[Patch], form: CopyForm, *, in_colour: bool
) -> tuple[U16 | DeepPicture, bytes | None]:
    """The same for 16-bit samples (H, W) or (H, W, C). Of an enlarged picture its eight bits are made of them: what
    Pillow would make of its own is not quite the same."""
    icc = None if in_colour else decoded.icc
    to_native = _to_native(1 if not in_colour and (samples.ndim == 2 or samples.shape[2] == 2) else 3, icc)

    def changed(strip: U16, shown: Image.Image, rows: slice) -> U16:
        if in_colour:
            strip, shown = _deep_in_colour(strip, decoded.icc), _in_colour(shown, decoded.icc)
        if _touched(patches, rows):
            _carry_deep(strip, shown, rows.start, patches, form.tones, (icc, to_native))
        return strip

    if form.enlarge > 1:
        decoded.image.close()
    elif not in_colour:
        for band, rows in bands(decoded.image):
            changed(samples[rows], band, rows)
        return samples, icc

    def strips() -> Iterator[U16]:
        if form.enlarge == 1:
            return (changed(samples[rows].copy(), band, rows) for band, rows in bands(decoded.image))
        return (changed(strip, _shown(strip), rows) for strip, rows in enlarged_strips(samples, form.enlarge))

    height, width = (side * form.enlarge for side in samples.shape[:2])
    return DeepPicture((width, height), strips) if in_colour or samples.ndim == 3 else np.concatenate([*strips()]), icc


def _in_colour(image: Image.Image, icc: bytes | None) -> Image.Image:
    """A grey picture as RGB or RGBA, in sRGB."""
    eight = plain(image)
    if eight.mode not in {"LA", "RGBA"}:
        return to_srgb(eight, icc)
    out = to_srgb(eight.convert("L") if eight.mode == "RGBA" else eight.getchannel("L"), icc)
    out.putalpha(eight.getchannel("A"))
    return out


def _deep_in_colour(samples: U16, icc: bytes | None) -> U16:
    """16-bit grey samples (H, W) as RGB in sRGB; what has more channels is as it was."""
    if samples.ndim != 2:
        return samples
    if icc is not None:  # Pillow converts eight bits: between their levels the profile is as good as straight
        every = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        levels = np.asarray(to_srgb(every, icc))[0, :, 1] * 257.0
        table = np.interp(np.arange(65536), np.arange(256) * 257, levels)
        samples = np.rint(table).astype(np.uint16)[samples]
    return np.repeat(samples[..., None], 3, axis=2)


def with_change(
    strips: Iterable[U16], patches: Sequence[Patch], icc: bytes | None, tones: Tones | None
) -> Iterator[U16]:
    to_native, top = _to_native(3, icc), 0
    for strip in strips:
        if _touched(patches, slice(top, top + len(strip))):
            _carry_deep(strip, eight_bits(strip), top, patches, tones, (icc, to_native))
        top += len(strip)
        yield strip


def _touched(patches: Sequence[Patch], rows: slice) -> bool:
    return any(p.region[1] < rows.stop and rows.start < p.region[3] for p in patches)


def _carry_deep(
    samples: U16,
    picture: Image.Image,
    top: int,
    patches: Sequence[Patch],
    tones: Tones | None,
    colours: tuple[bytes | None, Any],
) -> None:
    """Carry the change into some rows of 16-bit samples, in place. `picture` is what Pillow sees of them, `top` is
    where they lie in the photo, `colours` are its profile and what goes from sRGB to it."""
    icc, to_native = colours
    before = np.asarray(to_srgb(picture, icc))
    restored = _patched(before, patches, top)
    if tones is not None:
        samples[:] = _toned(samples, tones)
        before = np.asarray(to_srgb(_in_eight_bits(samples), icc))
    if (found := _difference(before, restored, to_native)) is None:
        return
    rows, change = found
    if tones is not None:
        change[np.abs(change) <= 1] = 0  # the same tone, rounded at another depth
    samples[rows] = _moved(samples[rows], change)


def _difference(before: RgbU8, after: RgbU8, to_native: Any) -> tuple[slice, NDArray[np.int32]] | None:
    """The rows that differ, and by how much, in 8-bit steps of the original's colour space. None where none do."""
    changed = np.flatnonzero((before != after).any((1, 2)))
    if changed.size == 0:
        return None
    rows = slice(int(changed[0]), int(changed[-1]) + 1)
    return rows, to_native(after[rows]).astype(np.int32) - to_native(before[rows])


def _patched(strip: RgbU8, patches: Sequence[Patch], top: int) -> RgbU8:
    out = strip.copy()
    for patch in patches:
        patch.put_into(out, top)
    return out


def _in_srgb(decoded: Decoded, patches: Sequence[Patch], folder: Path) -> Image.Image:
    """The picture with its patches, whatever its own colours are. `decoded.image` is given up on the way: two pictures
    of 80 megapixels do not fit beside the models, so a large one waits in a nameless file in `folder`."""
    image = decoded.image
    with waiting_room(folder) as file:
        heights = []
        for band, rows in bands(image):
            file.write(_patched(np.asarray(to_srgb(band, decoded.icc)), patches, rows.start).data)
            heights.append(band.height)
        image.close()
        file.seek(0)
        out = Image.new("RGB", image.size)
        top = 0
        for height in heights:
            data = file.read(3 * image.width * height)
            out.paste(Image.frombytes("RGB", (image.width, height), data), (0, top))
            top += height
    return out


def _moved(samples: _Samples, change: NDArray[np.int32]) -> _Samples:
    """Samples plus a change in 8-bit steps; transparency stays, and so does what it hides altogether."""
    colours = change.shape[2] if change.ndim == 3 else 1
    top = np.iinfo(samples.dtype).max
    out: _Samples = samples.copy()
    target = out if samples.ndim == 2 else out[..., :colours]
    moved = target.astype(np.int32) + change.reshape(target.shape) * (top // 255)
    seen = samples[..., colours:] > 0 if samples.ndim == 3 and samples.shape[2] > colours else True
    np.copyto(target, np.clip(moved, 0, top).astype(samples.dtype), where=seen)
    return out


def _toned(samples: U16, tones: Tones) -> U16:
    """16-bit samples with corrected tones; transparency stays, and so does what it hides altogether."""
    out = samples.copy()
    planes = out[..., None] if out.ndim == 2 else out
    colours = 1 if planes.shape[2] <= 2 else 3
    values = (planes[..., :colours] / 257).astype(np.float32)
    toned = tones(np.broadcast_to(values, (*planes.shape[:2], 3)))[..., :colours]
    seen = planes[..., colours:] > 0 if planes.shape[2] > colours else True
    np.copyto(planes[..., :colours], np.clip(toned * 257 + 0.5, 0, 65535).astype(np.uint16), where=seen)
    return out


def _shown(samples: U16) -> Image.Image:
    return Image.fromarray(samples) if samples.ndim == 2 else _in_eight_bits(samples)


def _in_eight_bits(samples: U16) -> Image.Image:
    return Image.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _to_native(colours: int, icc: bytes | None) -> Any:
    """A function from sRGB pixels to 8-bit values of the original's colour space."""
    mode = "L" if colours == 1 else "RGB"
    if icc is not None:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", mode)
            return lambda rgb: np.asarray(
                ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(rgb)), transform)
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # reading ignored the same unusable profile
    if mode == "L":
        return lambda rgb: (rgb @ _LUMA + 0.5).astype(np.uint8)
    return lambda rgb: rgb
