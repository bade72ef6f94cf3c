"""What a photo file holds beside pixels, EXIF and XMP: captions (IPTC), comments, texts; and what no copy can hold."""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from .opening import opened

_IRB = b"Photoshop 3.0\0"
_IPTC, _DIGEST, _PATHS = 0x0404, 0x0425, range(0x07D0, 0x0BB8)
_KEPT_RESOURCES = (0x03ED, 0x040A, 0x040B)  # resolution, copyright flag, URL
_LAYERS = 37724
_PREVIEWS = (200, 201, 202)  # IPTC's own picture of the photo
_MOST = 4_000_000
_MOST_TEXT = 1_000_000
_PNG_OWN = ("XML:com.adobe.xmp", "Raw profile type ", "Thumb::")
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Embedded:
    """`iptc`: IPTC-IIM data sets without previews. `resources`: Photoshop's, by number, that hold without its
    document. `texts`: PNG's, by keyword. `colour`: PNG's own chunks about colour. `stays`: what is only in the
    original, in words."""

    comment: bytes | None = None
    iptc: bytes | None = None
    resources: tuple[tuple[int, bytes], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    colour: tuple[tuple[bytes, bytes], ...] = ()
    stays: tuple[str, ...] = field(default=())


def read_embedded(path: Path) -> Embedded:
    """Read it without decoding pixels; what is damaged counts as absent, with a word. Raises ImageReadError."""
    with opened(path) as (image, photo_format, file):
        try:
            return _embedded(image, photo_format, file)
        except Exception:  # as when pixels are decoded: anything may come of damaged bytes
            return Embedded(stays=("damaged captions and comments were not copied",))


def _embedded(image: Any, photo_format: str, file: BinaryIO) -> Embedded:
    info: dict[Any, Any] = image.info
    comment = info.get("comment")
    comment = comment.encode() if isinstance(comment, str) else comment
    stays: list[str] = []
    iptc: bytes | None = None
    resources: dict[int, bytes] = {}
    match photo_format:
        case "jpeg" | "raw":
            for name, data in getattr(image, "applist", []):
                if name == "APP13" and data.startswith(_IRB):
                    resources.update(_resources(data[len(_IRB) :]))
            file.seek(0)
            stays += _trailer(file.read())
        case "tiff":
            resources = dict(_resources(_bytes_of(image, 34377)))
            iptc = _bytes_of(image, 33723) or None
            if _LAYERS in image.tag_v2:
                stays.append("Photoshop's layers stay in the original")
        case "heif":
            for entry in info.get("metadata") or []:
                if entry.get("type") == "iptc" or entry.get("content_type") == "iptc":
                    iptc = entry.get("data")
            stays += _heif_companions(info)
    iptc = iptc or resources.get(_IPTC)
    frames = getattr(image, "n_frames", 1) or 1
    if frames > 1 and photo_format != "jpeg":
        stays.append(f"only the first of {frames} pictures in this file is in the copy")
    if any(number in _PATHS for number in resources):
        stays.append("Photoshop's paths stay in the original")
    texts, colour = _png_chunks(file) if photo_format == "png" else ([], [])
    return Embedded(
        comment or None,
        _without_previews(iptc) if iptc else None,
        tuple((n, resources[n]) for n in _KEPT_RESOURCES if n in resources),
        tuple((k, v) for k, v in texts if not k.startswith(_PNG_OWN)),
        tuple(colour),
        tuple(dict.fromkeys(stays)),
    )


def photoshop_block(iptc: bytes | None, resources: tuple[tuple[int, bytes], ...]) -> bytes | None:
    """The resources as Photoshop keeps them, IPTC among them with the digest that says who wrote it last."""
    parts = [*resources]
    if iptc:
        parts += [(_IPTC, iptc), (_DIGEST, hashlib.md5(iptc, usedforsecurity=False).digest())]
    if not parts:
        return None
    out = b""
    for number, data in parts:
        out += b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)
    return out


def app13(block: bytes) -> bytes:
    """JPEG's segment for `photoshop_block`. Raises ValueError when it is too long for one."""
    data = _IRB + block
    if len(data) > 65_533:
        raise ValueError("too long for one segment")
    return b"\xff\xed" + struct.pack(">H", len(data) + 2) + data


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = 1 + data[at + 6]
        at += 6 + name + name % 2
        if at + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        if at + 4 + size > len(data):
            return
        yield number, data[at + 4 : at + 4 + size]
        at += 4 + size + size % 2


def _without_previews(data: bytes) -> bytes | None:
    """IPTC data sets up to the first that is damaged, those that hold a picture of the photo left out."""
    out, at = b"", 0
    while at + 5 <= len(data) and data[at] == 0x1C:
        record, number, size = struct.unpack_from(">BBH", data, at + 1)
        if size & 0x8000 or at + 5 + size > len(data):
            break
        if record in {1, 2} and not (record == 2 and number in _PREVIEWS):
            out += data[at : at + 5 + size]
        at += 5 + size
    return out or None


def _bytes_of(image: Any, tag: int) -> bytes:
    value = image.tag_v2.get(tag, b"")
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):  # written as longs by some
        return struct.pack(f"{'<' if image.tag_v2.prefix == b'II' else '>'}{len(value)}I", *value)
    return bytes(value) if isinstance(value, bytes) and len(value) <= _MOST else b""


def _trailer(data: bytes) -> list[str]:
    """What lies behind the end of a JPEG: the parts of motion photos, gain maps, further pictures."""
    end = _end_of_jpeg(data)
    rest = data[end:].strip(b"\0") if end else b""
    lost = []
    if b"ftyp" in rest[:64] or b"\0\0\0\x18ftyp" in rest or b"MotionPhoto_Data" in rest:
        lost.append("the video of this motion photo stays in the original")
    if b"urn:iso:std:iso:ts:21496:-1" in data[:end] or b"hdrgm:Version" in rest or b"hdr-gain-map" in rest:
        lost.append("the HDR gain map stays in the original")
    elif rest.startswith(b"\xff\xd8\xff"):
        lost.append("further pictures or data of this file stay in the original")
    return lost


def _end_of_jpeg(data: bytes) -> int:
    """Where the first picture ends; 0 when it does not."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            return at + 2
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # compressed pixels, up to the next marker
            found = _MARKER.search(data, at)
            if found is None:
                return 0
            at = found.start()
    return 0


def _heif_companions(info: dict[Any, Any]) -> list[str]:
    lost = []
    if any("gainmap" in str(kind).lower() for kind in info.get("aux") or {}):
        lost.append("the HDR gain map stays in the original")
    if info.get("depth_images"):
        lost.append("the depth map stays in the original")
    if (info.get("bit_depth") or 8) > 8:
        lost.append(f"written with 8 bits a colour; the original has {info['bit_depth']}")
    return lost


def _png_chunks(file: BinaryIO) -> tuple[list[tuple[str, str]], list[tuple[bytes, bytes]]]:
    """Texts by keyword, and the chunks without which the same values show in other colours. Read here, because Pillow
    decodes all pixels to tell of texts behind them."""
    texts: list[tuple[str, str]] = []
    colour: list[tuple[bytes, bytes]] = []
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in {b"gAMA", b"cHRM", b"sRGB", b"cICP"} and length <= 64:
            colour.append((kind, file.read(length)))
            file.seek(4, 1)
        elif kind in {b"tEXt", b"zTXt", b"iTXt"} and length <= _MOST_TEXT:
            with suppress(ValueError, LookupError, zlib.error):
                texts.append(_text(kind, file.read(length)))
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)
    return texts, colour


def _text(kind: bytes, data: bytes) -> tuple[str, str]:
    """Keyword and text of one chunk. Raises ValueError, IndexError or zlib.error when it is damaged."""
    keyword, rest = data.split(b"\0", 1)
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = rest[0] == 1
        rest = rest[2:].split(b"\0", 2)[2]
    elif packed:
        rest = rest[1:]
    if packed:
        rest = zlib.decompressobj().decompress(rest, _MOST_TEXT)
    return keyword.decode("latin-1"), rest.decode("utf-8" if kind == b"iTXt" else "latin-1")
