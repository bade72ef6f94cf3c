"""A TIFF written strip by strip: the picture's encoding is never in memory as a whole, as it is in libtiff's.

Some rows after others are saved by Pillow as a small TIFF of their own, whose strips are then copied: the same bytes as
of one large one, by the usual encoder. `small_tiffs.py` reads in the same way.
"""

import io
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import accumulate
from typing import IO, Any

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from . import memory_limits
from .embedded import Embedded, photoshop_block

_STRIP = 65_536
"""Bytes of a strip before it is compressed, as Pillow has it."""

_LAYOUT = (258, 259, 262, 277, 284, 338)
"""How samples lie and are packed: as in every one of the small TIFFs."""

TIFF_DIRECTORIES = frozenset({0x8769, 0x8825})
"""The tags of EXIF and GPS, whose values are directories."""

_NOT_KEPT = frozenset(
    {
        *range(255, 260),
        262,
        263,
        266,
        273,
        274,
        *range(277, 280),
        284,
        292,
        293,
        301,
        317,
        *range(320, 326),
        330,
        338,
        339,
    }
    | {*range(340, 348), *range(512, 533), 700, 33723, 34377, *TIFF_DIRECTORIES, 0xA005, 37724}
)
"""What a TIFF says of how its own pixels lie, where its further directories are, Photoshop's layers, and what is put
right before it is kept (orientation, XMP, captions, EXIF)."""

_HEAD = b"II*\0" + struct.pack("<I", 8)
_OFFSETS, _ROWS, _SIZES, _LONG = 273, 278, 279, 4
_XMP, _IPTC, _PHOTOSHOP, _ICC = 700, 33723, 34377, 34675


def write_tiff(file: IO[bytes], image: Image.Image, compression: str, directory: ImageFileDirectory_v2) -> None:
    """Write a picture of mode L, LA, RGB, RGBA or I;16 into an empty file, with the tags of `directory` (`tiff_tags`)
    and those that say how its pixels lie. `compression` is a name of Pillow's for one that leaves no tables of its own:
    "raw", "tiff_adobe_deflate".

    Raises OSError, and what Pillow raises for tags that it cannot write.
    """
    rows = max(1, _STRIP // (image.width * _pixel_bytes(image)))
    sizes = [0] * -(-image.height // rows)
    for i, (small, strip) in enumerate(_strips(image, compression, rows)):
        if i == 0:
            for tag in _LAYOUT:
                if tag in small:
                    directory[tag] = small[tag]
            directory[256], directory[257] = image.size
            directory[_ROWS] = min(rows, image.height)
            file.write(_HEAD + _with_sizes(directory, sizes))  # as long as it will be in the end
        sizes[i] = len(strip)
        file.write(strip)
    file.seek(len(_HEAD))
    file.write(_with_sizes(directory, sizes))


def tiff_tags(image: Image.Image, options: Mapping[str, Any], embedded: Embedded) -> ImageFileDirectory_v2:
    """What the tags of a copy say. `image` is the picture to be written: where it is the TIFF that was read, tags of
    that which nobody here knows are kept. `options` as Pillow has them: exif, icc_profile, xmp, dpi."""
    directory = ImageFileDirectory_v2(_HEAD)
    own = getattr(image, "tag_v2", None)
    if own is not None:
        _keep(directory, own)
    exif = Image.Exif()
    if "exif" in options:
        exif.load(options["exif"])
    for tag in exif:
        _set(directory, tag, exif.get_ifd(tag) if tag in TIFF_DIRECTORIES else exif[tag])
    _set(directory, _XMP, options["xmp"])
    if embedded.iptc:
        _set(directory, _IPTC, embedded.iptc)
    if (block := photoshop_block(embedded.iptc, embedded.resources)) is not None:
        _set(directory, _PHOTOSHOP, block)
    if icc := options.get("icc_profile"):
        _set(directory, _ICC, icc)
    if dpi := options.get("dpi"):
        for tag, value in zip((282, 283, 296), (*dpi, 2), strict=True):
            _set(directory, tag, value)
    return directory


def _keep(directory: ImageFileDirectory_v2, own: ImageFileDirectory_v2) -> None:
    """Take over the original's tags, in the types that they have; what cannot be written again is left out."""
    for tag in own:
        if tag not in _NOT_KEPT:
            one = ImageFileDirectory_v2(_HEAD)
            with suppress(Exception):  # as when they are read: anything may come of a damaged file
                one.tagtype[tag] = own.tagtype[tag]
                one[tag] = own[tag]
                one.tobytes()
                directory.tagtype[tag] = one.tagtype[tag]
                directory[tag] = one[tag]


def _set(directory: ImageFileDirectory_v2, tag: int, value: Any) -> None:
    """In the type that the value asks for, whatever was there before."""
    directory.tagtype.pop(tag, None)
    directory[tag] = value


def _pixel_bytes(image: Image.Image) -> int:
    return 2 if image.mode == "I;16" else len(image.getbands())


def _with_sizes(directory: ImageFileDirectory_v2, sizes: list[int]) -> bytes:
    """The directory, with strips of these sizes behind it: Pillow counts where they lie from its end."""
    directory.tagtype[_OFFSETS] = directory.tagtype[_SIZES] = _LONG
    directory[_SIZES] = tuple(sizes)
    directory[_OFFSETS] = tuple(accumulate(sizes[:-1], initial=0))
    return directory.tobytes(len(_HEAD))


def _strips(image: Image.Image, compression: str, rows: int) -> Iterator[tuple[ImageFileDirectory_v2, memoryview]]:
    """The strips of `rows` each from the top, and the directory of a small TIFF that each comes from."""
    step = rows * max(1, memory_limits.STRIP_BYTES // (4 * image.width * rows))
    for top in range(0, image.height, step):
        part = image.crop((0, top, image.width, min(top + step, image.height)))
        part.info = {}  # of which Pillow would write what it holds
        saved = io.BytesIO()
        part.save(saved, "TIFF", compression=compression, tiffinfo={_ROWS: rows})
        saved.seek(0)
        with TiffImageFile(saved) as small:
            data = saved.getbuffer()
            for start, size in zip(small.tag_v2[_OFFSETS], small.tag_v2[_SIZES], strict=True):
                yield small.tag_v2, data[start : start + size]
