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

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from iconface_core.errors import ImageReadError, ImageWriteError
from iconface_core.reason_codes import CANNOT_ENCODE, NO_COPY
from iconface_core.types import F32, Patch, RgbU8

from .atomic_write import Data, name_limit, publish, shortened
from .colour import GREY_MODES, to_srgb
from .copied_xmp import CopyFacts, make_true
from .deep import U16, deep_strips, eight_bits, png_pieces
from .embedded import Embedded, app13, photoshop_block, read_embedded
from .metadata import upright_exif
from .provenance import Provenance
from .read import DEFAULT_FULL_PIXELS, DEFAULT_MAX_PIXELS, Decoded, damage_said, undecoded
from .sidecars import sidecar_of
from .strips import bands, chunk
from .turning import upright
from .xmp import merge, new_packet, parse_packet, to_bytes

Tones = Callable[[F32], F32]
"""What a correction of tones makes of samples (..., 3) on the scale 0..255; the result need not be within it."""

_DeepStrips = Callable[[], Iterator[U16] | None]
_Carried = Image.Image | NDArray[np.uint16] | _DeepStrips
_Samples = NDArray[np.uint8] | NDArray[np.uint16]  # (H, W) or (H, W, C): grey, grey + alpha, RGB, RGBA
_JPEG_XMP_LIMIT = 65_502 - 29
_KEPT_IN_MEMORY = 60_000_000  # bytes of a picture that is being converted; 20 megapixels
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


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
    tones: Tones | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    full_pixels: int = DEFAULT_FULL_PIXELS,
) -> Written:
    """Write `source` with some faces replaced into `folder`: `restored` are the patches, later ones over earlier ones,
    or all upright pixels (H, W, 3). `tones` is the correction that these hold already: 16-bit samples get it at their
    own depth, where a change in 8-bit steps would leave gaps.

    The original is read again, never written. An existing file is never overwritten: the next free name is taken.
    Captions, comments, EXIF, colour profile, resolution, foreign XMP, that of a sidecar too, and the file's time are
    kept; what they say wrongly of the copy is put right or left out, and said in the notes. Provenance is added.
    Raises ImageReadError when the original can no longer be read, ImageWriteError when the output cannot be written;
    then no file is left behind.
    """
    with undecoded(source, max_pixels=max_pixels, full_pixels=full_pixels) as (decoded, file, decode):
        deep = None
        if decoded.orientation == 1 and deep_strips(decoded.image, decoded.format, file) is not None:
            deep = partial(deep_strips, decoded.image, decoded.format, file)
        else:
            decoded = decode()
        width, height = decoded.full_size
        patches = [Patch((0, 0, width, height), restored)] if isinstance(restored, np.ndarray) else restored
        for patch in patches:
            try:
                patch.check_inside((height, width, 3))
            except ValueError as e:
                raise ValueError(f"{source}: {e}") from e
        try:
            return _written(source, decoded, deep, patches, provenance, folder, tones)
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
    tones: Tones | None,
) -> Written:
    """`deep` gives the original's samples where they are carried over strip by strip; `decoded` has no pixels then."""
    width, height = decoded.full_size
    notes: list[str] = []
    samples: _Carried = deep or decoded.image
    icc = decoded.icc
    if deep is None:
        samples, icc = _carry_change(source, decoded, patches, folder, notes, tones)
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

    data: Data
    if isinstance(samples, Image.Image | np.ndarray):
        lossless = _is_lossless_webp(source, decoded.format)
        try:
            data = _encode(samples, suffix, options, embedded, notes, lossless=lossless)
        except Exception as e:
            raise ImageWriteError(
                f"{source}: the restored photo cannot be encoded as {suffix[1:]} ({e})",
                CANNOT_ENCODE(format=suffix[1:], detail=str(e)),
            ) from e
    else:
        data = partial(_deep_png, source, decoded, samples, patches, tones, _chunks(options, embedded))
    return Written(publish(data, restored_names(source, folder, suffix), source), tuple(dict.fromkeys(notes)))


def _deep_png(
    source: Path,
    decoded: Decoded,
    deep: _DeepStrips,
    patches: Sequence[Patch],
    tones: Tones | None,
    chunks: Sequence[bytes],
) -> Iterator[bytes]:
    """The file, piece by piece: neither the picture nor its encoding is ever there as a whole."""
    strips = _whole(source, decoded, deep)
    return png_pieces(decoded.full_size, _with_change(strips, patches, decoded.icc, tones), chunks)


def _whole(source: Path, decoded: Decoded, deep: _DeepStrips) -> Iterator[U16]:
    """The strips of a picture that has all of them. Raises ImageReadError."""
    rows, height = 0, decoded.full_size[1]
    with damage_said(source, decoded.format):
        for strip in deep() or ():
            rows += len(strip)
            yield strip
        if rows < height:
            raise OSError(f"only {rows} of {height} rows could be read")


def _with_change(
    strips: Iterable[U16], patches: Sequence[Patch], icc: bytes | None, tones: Tones | None
) -> Iterator[U16]:
    to_native, top = _to_native(3, icc), 0
    for strip in strips:
        if _touched(patches, slice(top, top + len(strip))):
            _carry_deep(strip, eight_bits(strip), top, patches, tones, (icc, to_native))
        top += len(strip)
        yield strip


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
    if facts.suffix.lower() in _JPEG and len(xmp) > _JPEG_XMP_LIMIT:
        notes.append("the original's XMP was too long to keep in a JPEG")
        return provenance.to_xmp()
    notes += left_out
    return xmp


_JPEG = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})


def _suffix_for(source: Path, decoded: Decoded, samples: _Carried) -> str:
    """The suffix of the output: the original's own where the format stays and the name is honest."""
    own = source.suffix
    deep_colour = samples.ndim == 3 if isinstance(samples, np.ndarray) else not isinstance(samples, Image.Image)
    transparent = isinstance(samples, Image.Image) and samples.mode in {"LA", "RGBA"}
    match decoded.format:
        case "jpeg":
            return own if own.lower() in _JPEG else ".jpg"
        case "tiff" if not deep_colour:
            return own if own.lower() in {".tif", ".tiff"} else ".tif"
        case "webp":
            return ".webp"
        case "heif" | "avif" | "raw" if not transparent:
            return ".jpg"
    return own if own.lower() == ".png" else ".png"


def _carry_change(
    source: Path, decoded: Decoded, patches: Sequence[Patch], folder: Path, notes: list[str], tones: Tones | None
) -> tuple[Image.Image | NDArray[np.uint16], bytes | None]:
    """The original's own samples plus the change, and the colour profile that belongs to them. Band by band: what was
    not changed is not even converted, and nothing is held twice."""
    deep = _deep_samples(source, decoded) if decoded.format in {"png", "tiff"} else None
    image = decoded.image
    if deep is None and (image.mode not in {"L", "LA", "RGB", "RGBA"} or "transparency" in image.info):
        if image.mode not in GREY_MODES or "transparency" in image.info:
            notes.append(f"{image.mode} pixels converted to sRGB")  # CMYK, a palette, Lab, one transparent colour
            return _in_srgb(decoded, patches, folder), None
        if image.mode == "1":
            notes.append("written in shades of grey; the original has black and white only")
        image = to_srgb(image, None).convert("L")
    grey = image.mode in GREY_MODES if deep is None else deep.ndim == 2 or deep.shape[2] == 2
    to_native = _to_native(1 if grey else 3, decoded.icc)
    # The range of 32-bit values is that of the whole picture, never of a band.
    for band, rows in bands(image if decoded.image.mode in {"I", "F"} else decoded.image):
        if not _touched(patches, rows):
            continue
        if deep is not None:
            _carry_deep(deep[rows], band, rows.start, patches, tones, (decoded.icc, to_native))
            continue
        before = np.asarray(to_srgb(band, decoded.icc))
        if found := _difference(before, _patched(before, patches, rows.start), to_native):
            some, change = found
            there = slice(rows.start + some.start, rows.start + some.stop)
            own = np.asarray(image.crop((0, there.start, image.width, there.stop)))
            image.paste(Image.fromarray(_moved(own, change)), (0, there.start))
    return image if deep is None else deep, decoded.icc


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
    with SpooledTemporaryFile(_KEPT_IN_MEMORY, dir=str(folder)) as file:
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


def _toned(samples: NDArray[np.uint16], tones: Tones) -> NDArray[np.uint16]:
    """16-bit samples with corrected tones; transparency stays, and so does what it hides altogether."""
    out = samples.copy()
    planes = out[..., None] if out.ndim == 2 else out
    colours = 1 if planes.shape[2] <= 2 else 3
    values = (planes[..., :colours] / 257).astype(np.float32)
    toned = tones(np.broadcast_to(values, (*planes.shape[:2], 3)))[..., :colours]
    seen = planes[..., colours:] > 0 if planes.shape[2] > colours else True
    np.copyto(planes[..., :colours], np.clip(toned * 257 + 0.5, 0, 65535).astype(np.uint16), where=seen)
    return out


def _in_eight_bits(samples: NDArray[np.uint16]) -> Image.Image:
    return Image.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _deep_samples(source: Path, decoded: Decoded) -> NDArray[np.uint16] | None:
    """The 16-bit samples that Pillow drops for colour pictures; None when the file has 8."""
    if decoded.image.mode.startswith("I;16"):
        return np.array(decoded.image).astype(np.uint16)
    if decoded.image.mode not in {"RGB", "RGBA", "LA"}:
        return None
    if decoded.format == "png":
        with source.open("rb") as file:
            bits = file.read(25)[24]
    else:
        depth = decoded.tags.get(258, 8)
        bits = max(depth) if isinstance(depth, tuple) else int(str(depth))
    if bits != 16:
        return None
    samples = cv2.imdecode(np.memmap(source, np.uint8, "r"), cv2.IMREAD_UNCHANGED)  # half a GB in one copy is enough
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        return None
    _swap_red_and_blue(samples)
    samples = np.ascontiguousarray(upright(samples, decoded.orientation))
    return samples if samples.shape[:2] == (decoded.image.height, decoded.image.width) else None


def _swap_red_and_blue(samples: NDArray[np.uint16]) -> None:
    """From OpenCV's order of channels to ours, or back, in place."""
    for row in samples:
        row[:, :3] = row[:, 2::-1].copy()


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


def _is_lossless_webp(source: Path, photo_format: str) -> bool:
    if photo_format != "webp":
        return False
    with source.open("rb") as file:
        return b"VP8L" in file.read(64 * 1024)


def _encode(
    samples: Image.Image | NDArray[np.uint16],
    suffix: str,
    options: dict[str, Any],
    embedded: Embedded,
    notes: list[str],
    *,
    lossless: bool,
) -> memoryview:
    """The bytes of the file.

    In memory: handed a real file, Pillow writes to its descriptor and overlooks a short write, so that a disk that
    fills up would leave a truncated picture and no error.
    """
    file = io.BytesIO()
    kind = suffix.lower()
    if kind == ".png":
        _write_png(file, samples, options, embedded)
        return file.getbuffer()
    image = Image.fromarray(samples) if isinstance(samples, np.ndarray) else samples
    if kind in _JPEG:
        if image.mode in {"LA", "RGBA"}:
            image = image.convert(image.mode[:-1])
        options |= _jpeg_extras(embedded, notes)
        image.save(file, "JPEG", quality=95, subsampling=0, **options)
    elif kind == ".webp":
        if embedded.iptc or embedded.comment:
            notes.append("IPTC captions and comments have no place in WebP, and stay in the original")
        image.save(file, "WEBP", quality=95, method=4, lossless=lossless, exact=True, **options)
    else:
        image.save(file, "TIFF", **_tiff_options(options, embedded))
    if embedded.texts and kind != ".png":
        notes.append(f"the texts of the PNG have no place in {suffix[1:]}, and stay in the original")
    return file.getbuffer()


def _jpeg_extras(embedded: Embedded, notes: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    if embedded.comment:
        found["comment"] = embedded.comment[:65_533]
    block = photoshop_block(embedded.iptc, embedded.resources)
    if block is not None:
        try:
            found["extra"] = app13(block)
        except ValueError:
            notes.append("the IPTC captions were too long to keep in a JPEG")
    return found


def _tiff_options(options: dict[str, Any], embedded: Embedded) -> dict[str, Any]:
    """Pillow's TIFF writer takes XMP and IPTC as tags of the EXIF it is given, and writes EXIF and GPS only
    uncompressed."""
    exif = Image.Exif()
    if "exif" in options:
        exif.load(options["exif"])
    compression = "raw" if 0x8769 in exif or 0x8825 in exif else "tiff_adobe_deflate"
    exif[700] = options["xmp"]
    if embedded.iptc:
        exif[33723] = embedded.iptc
    if (block := photoshop_block(embedded.iptc, embedded.resources)) is not None:
        exif[34377] = block
    return {**{key: value for key, value in options.items() if key != "xmp"}, "exif": exif, "compression": compression}


def _write_png(
    file: io.BytesIO, samples: Image.Image | NDArray[np.uint16], options: dict[str, Any], embedded: Embedded
) -> None:
    """OpenCV encodes 16-bit pixels, because Pillow has no 16-bit colour; the metadata chunks go in after the header."""
    if isinstance(samples, Image.Image):
        samples.info = {}  # of which Pillow would write what it holds
        info = PngInfo()
        for kind, data in [*embedded.colour, *_png_texts(options, embedded)]:
            info.add(kind, data)
        kept = {key: options[key] for key in ("exif", "icc_profile", "dpi") if key in options}
        samples.save(file, "PNG", compress_level=4, pnginfo=info, **kept)
        return
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if channels == 2:  # OpenCV has no grey + alpha
        samples = samples[:, :, [0, 0, 0, 1]]
    elif channels >= 3:
        _swap_red_and_blue(samples)  # nobody needs them any more
    done, encoded = cv2.imencode(".png", samples)
    if not done:
        raise ValueError("OpenCV could not encode the PNG")
    png = encoded.data
    header_end = 8 + 25  # signature, IHDR
    file.write(png[:header_end])
    file.writelines(_chunks(options, embedded))
    file.write(png[header_end:])


def _chunks(options: dict[str, Any], embedded: Embedded) -> list[bytes]:
    """The metadata of a PNG, whole chunks, for behind its header."""
    chunks = list(embedded.colour)
    if icc := options.get("icc_profile"):
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if dpi := options.get("dpi"):
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(float(d) / 0.0254) for d in dpi), 1)))
    if exif := options.get("exif"):
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    return [chunk(kind, data) for kind, data in [*chunks, *_png_texts(options, embedded)]]


def _png_texts(options: dict[str, Any], embedded: Embedded) -> list[tuple[bytes, bytes]]:
    """XMP first: our mark is looked for near the beginning of the file."""
    chunks = [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + options["xmp"])]
    for keyword, text in embedded.texts:
        chunks.append((b"iTXt", keyword.encode("latin-1", "replace")[:79] + b"\0\0\0\0\0" + text.encode()))
    if embedded.comment:
        comment = embedded.comment.decode("utf-8", "replace").encode()
        chunks.append((b"iTXt", b"Comment\0\0\0\0\0" + comment))
    if embedded.iptc:  # as ImageMagick and exiftool keep it in a PNG
        profile = f"\niptc\n{len(embedded.iptc):8d}\n{embedded.iptc.hex()}\n".encode()
        chunks.append((b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(profile)))
    return chunks
