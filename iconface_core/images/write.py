"""Writing a restored photo: a new file beside the untouched original, complete or not there at all.

The restored pixels come as 8-bit sRGB, while the original may be 16-bit, grey, transparent or in another colour space.
So not the pixels are written but the *change*: the difference between the restored and the original sRGB pixels is
carried into the original's own values. Where nothing was restored the difference is zero, and the original's samples
reach the encoder as they were, at full depth and in their own colour profile.

| original | written as |
|---|---|
| JPEG, MPO | JPEG, quality 95, 4:4:4; CMYK becomes sRGB |
| PNG, GIF, BMP | PNG (first frame); 16-bit stays 16-bit; a palette becomes RGB |
| TIFF | TIFF, deflate or uncompressed (first page); 16-bit colour becomes 16-bit PNG: Pillow cannot write it as TIFF |
| WebP | WebP, lossless when it was, else quality 95 |
| HEIC, AVIF, RAW | JPEG, quality 95, 4:4:4; PNG when transparent |
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from iconface_core.errors import ImageReadError, ImageWriteError
from iconface_core.reason_codes import CANNOT_ENCODE, NO_COPY
from iconface_core.types import Patch, RgbU8

from .atomic_write import name_limit, publish, shortened
from .carrying import AS_IT_IS, CopyForm, DeepPicture, Samples, Tones, carry_change, with_change
from .copied_xmp import CopyFacts, make_true
from .deep import U16, deep_strips
from .embedded import Embedded, read_embedded
from .encoding import JPEG_SUFFIXES, encode
from .memory_limits import DEFAULT_FULL_PIXELS, DEFAULT_MAX_PIXELS
from .metadata import upright_exif
from .opening import damage_said
from .provenance import Provenance
from .read import Decoded, undecoded
from .sidecars import sidecar_of
from .xmp import merge, new_packet, parse_packet, to_bytes

_DeepStrips = Callable[[], Iterator[U16] | None]
_JPEG_XMP_LIMIT = 65_502 - 29


@dataclass(frozen=True, slots=True)
class Written:
    """Where the restored photo lies, and what differs from the original apart from the faces."""

    path: Path
    notes: tuple[str, ...] = ()


def restored_names(source: Path, folder: Path, suffix: str) -> Iterator[Path]:
    """`NAME_restored.EXT`, `NAME_restored-2.EXT`, ... in `folder`. A name too long for the folder's file system is cut
    between two characters, and a number made of the whole name keeps it apart from others that begin like it."""
    stem = shortened(source.stem, name_limit(folder) - len(f"_restored-9999{suffix}".encode()))
    yield folder / f"{stem}_restored{suffix}"
    for i in range(2, 10_000):
        yield folder / f"{stem}_restored-{i}{suffix}"


def write_restored(
    source: Path,
    restored: RgbU8 | Sequence[Patch],
    provenance: Provenance,
    folder: Path,
    *,
    form: CopyForm = AS_IT_IS,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    full_pixels: int = DEFAULT_FULL_PIXELS,
) -> Written:
    """Write `source` with some faces replaced into `folder`: `restored` are the patches, later ones over earlier ones,
    or all upright pixels (H, W, 3), of a copy in this `form`.

    The original is read again, never written. An existing file is never overwritten: the next free name is taken.
    Captions, comments, EXIF, colour profile, resolution, foreign XMP, that of a sidecar too, and the file's time are
    kept; what they say wrongly of the copy is put right or left out, and said in the notes. Provenance is added.
    Raises ImageReadError when the original can no longer be read, ImageWriteError when the output cannot be written;
    then no file is left behind.
    """
    with undecoded(source, max_pixels=max_pixels, full_pixels=full_pixels) as (decoded, file, decode):
        deep = None
        if decoded.orientation == 1 and form.enlarge == 1 and deep_strips(decoded.image, decoded.format, file):
            deep = partial(deep_strips, decoded.image, decoded.format, file)
        else:
            decoded = decode()
        width, height = (side * form.enlarge for side in decoded.full_size)
        patches = [Patch((0, 0, width, height), restored)] if isinstance(restored, np.ndarray) else restored
        for patch in patches:
            try:
                patch.check_inside((height, width, 3))
            except ValueError as e:
                raise ValueError(f"{source}: {e}") from e
        try:
            return _written(source, decoded, deep, patches, provenance, folder, form)
        except (ImageReadError, ImageWriteError):
            raise
        except Exception as e:  # what a damaged profile or block of metadata brings about
            detail = str(e) or type(e).__name__
            raise ImageWriteError(f"{source}: a restored copy cannot be made ({detail})", NO_COPY(detail=detail)) from e


def _written(
    source: Path,
    decoded: Decoded,
    deep: _DeepStrips | None,
    patches: Sequence[Patch],
    provenance: Provenance,
    folder: Path,
    form: CopyForm,
) -> Written:
    """`deep` gives the original's samples where they are carried over strip by strip; `decoded` has no pixels then."""
    width, height = (side * form.enlarge for side in decoded.full_size)
    notes: list[str] = []
    samples: Samples
    if deep is None:
        samples, icc = carry_change(source, decoded, patches, folder, notes, form)
    else:
        icc = decoded.icc
        samples = DeepPicture(decoded.full_size, partial(_changed, source, decoded, deep, patches, form.tones))
    suffix = _suffix_for(source, decoded, samples)
    if suffix.lower() != source.suffix.lower():
        notes.append(f"written as {suffix[1:]} instead of {decoded.format}")
    embedded = read_embedded(source)
    notes += embedded.stays
    converted = decoded.icc is not None and icc is None
    facts = CopyFacts(decoded.stored_orientation, width, height, suffix, converted, decoded.format == "raw")
    xmp = _packet(source, decoded, provenance, facts, notes)
    exif = upright_exif(decoded.exif, turned=decoded.orientation >= 5) if decoded.exif else None
    if decoded.exif and exif is None:
        notes.append("damaged EXIF was not copied")
    metadata = {"exif": exif, "icc_profile": icc, "xmp": xmp, "dpi": decoded.dpi}
    options: dict[str, Any] = {key: value for key, value in metadata.items() if value}

    lossless = _is_lossless_webp(source, decoded.format)
    data = partial(_encoded, source, samples, suffix, options, embedded, notes, lossless)
    return Written(publish(data, restored_names(source, folder, suffix), source), tuple(dict.fromkeys(notes)))


def _encoded(
    source: Path,
    samples: Samples,
    suffix: str,
    options: dict[str, Any],
    embedded: Embedded,
    notes: list[str],
    lossless: bool,
    file: IO[bytes],
) -> None:
    try:
        encode(file, samples, suffix, options, embedded, notes, lossless=lossless)
    except ImageReadError:
        raise
    except Exception as e:
        if isinstance(e, OSError) and e.errno is not None:  # the disk's; Pillow's own have no number
            raise
        raise ImageWriteError(
            f"{source}: the restored photo cannot be encoded as {suffix[1:]} ({e})",
            CANNOT_ENCODE(format=suffix[1:], detail=str(e)),
        ) from e


def _changed(
    source: Path, decoded: Decoded, deep: _DeepStrips, patches: Sequence[Patch], tones: Tones | None
) -> Iterator[U16]:
    return with_change(_whole(source, decoded, deep), patches, decoded.icc, tones)


def _whole(source: Path, decoded: Decoded, deep: _DeepStrips) -> Iterator[U16]:
    """The strips of a picture that has all of them. Raises ImageReadError."""
    rows, height = 0, decoded.full_size[1]
    with damage_said(source, decoded.format):
        for strip in deep() or ():
            rows += len(strip)
            yield strip
        if rows < height:
            raise OSError(f"only {rows} of {height} rows could be read")


def _packet(source: Path, decoded: Decoded, provenance: Provenance, facts: CopyFacts, notes: list[str]) -> bytes:
    """The copy's XMP: the original's, and its sidecar's, as far as they are true of the copy, with our record."""
    rdf = parse_packet(decoded.xmp) if decoded.xmp else None
    if decoded.xmp and rdf is None:
        notes.append("the original's XMP is damaged or too long, and was not copied")
    rdf = new_packet() if rdf is None else rdf
    beside = sidecar_of(source)
    if beside is not None and merge(rdf, beside[1]):
        notes.append(f"what {beside[0].name} says of the original is in the copy itself")
    left_out = make_true(rdf, facts)
    provenance.mark(rdf)
    xmp = to_bytes(rdf)
    if facts.suffix.lower() in JPEG_SUFFIXES and len(xmp) > _JPEG_XMP_LIMIT:
        notes.append("the original's XMP was too long to keep in a JPEG")
        return provenance.to_xmp()
    notes += left_out
    return xmp


def _suffix_for(source: Path, decoded: Decoded, samples: Samples) -> str:
    """The suffix of the output: the original's own where the format stays and the name is honest."""
    own = source.suffix
    deep_colour = isinstance(samples, DeepPicture) or (isinstance(samples, np.ndarray) and samples.ndim == 3)
    transparent = isinstance(samples, Image.Image) and samples.mode in {"LA", "RGBA"}
    match decoded.format:
        case "jpeg":
            return own if own.lower() in JPEG_SUFFIXES else ".jpg"
        case "tiff" if not deep_colour:
            return own if own.lower() in {".tif", ".tiff"} else ".tif"
        case "webp":
            return ".webp"
        case "heif" | "avif" | "raw" if not transparent:
            return ".jpg"
    return own if own.lower() == ".png" else ".png"


def _is_lossless_webp(source: Path, photo_format: str) -> bool:
    if photo_format != "webp":
        return False
    with source.open("rb") as file:
        return b"VP8L" in file.read(64 * 1024)
