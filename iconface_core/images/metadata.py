"""What a photo's metadata says: orientation and capture date; and its EXIF block made fit for upright pixels."""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import PurePath
from typing import Any

from PIL import Image

from .dates import believable, date_in_name
from .xmp import first_value, parse_packet

_ORIENTATION, _DATE_TIME, EXIF_IFD = 0x0112, 0x0132, 0x8769
_ORIGINAL, _DIGITIZED, _OFFSET_ORIGINAL, _OFFSET_DIGITIZED = 0x9003, 0x9004, 0x9011, 0x9012
_SUB_IFDS = (0x8769, 0x8825)  # Exif, GPS
# description, make, model, resolution, software, date, artist, host, copyright, IPTC, Windows XP fields
_DESCRIPTIVE = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432, 33723, *range(40091, 40096), *_SUB_IFDS)
_LEAST_PREVIEW = 400  # bytes; a JPEG has more, and so few may look like one by chance
_EXIF_PREFIX = b"Exif\0\0"
_XMP_DATES = (
    ("http://ns.adobe.com/exif/1.0/", "DateTimeOriginal"),
    ("http://ns.adobe.com/photoshop/1.0/", "DateCreated"),
    ("http://ns.adobe.com/exif/1.0/", "DateTimeDigitized"),
    ("http://ns.adobe.com/xap/1.0/", "CreateDate"),
)


def exif_values(image: Any) -> tuple[dict[int, object], bool]:
    """All IFD0 and Exif-IFD tags of a Pillow image, and whether the block could be read."""
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(EXIF_IFD)}, True
    except Exception:  # Pillow's parser raises what it likes on a damaged block, MemoryError too
        return {}, False


def orientation_of(tags: dict[int, object]) -> int:
    """EXIF orientation 1..8; 1 when absent or nonsense."""
    value = tags.get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def capture_date(
    tags: dict[int, object], xmp: bytes | None, name: str = "", *, now: datetime | None = None
) -> datetime | None:
    """When the photo was taken: EXIF original, then digitised, then XMP, then the EXIF change date, then what the
    file's name says (`date_in_name`: no more than the day). What cannot be believed counts as not stored.

    Aware when the camera recorded its UTC offset, naive local time otherwise. None when nothing usable is known.
    """
    now = now or datetime.now()
    stored = (taken for taken in _dates(tags, xmp) if taken is not None and believable(taken, now))
    return next(stored, None) or date_in_name(PurePath(name).stem, now)


def _dates(tags: dict[int, object], xmp: bytes | None) -> Iterator[datetime | None]:
    for date_tag, offset_tag in ((_ORIGINAL, _OFFSET_ORIGINAL), (_DIGITIZED, _OFFSET_DIGITIZED)):
        yield _exif_date(tags.get(date_tag), tags.get(offset_tag))
    root = parse_packet(xmp) if xmp else None
    if root is not None:
        for namespace, name in _XMP_DATES:
            yield _iso_date(first_value(root, namespace, name))
    yield _exif_date(tags.get(_DATE_TIME), None)


def _exif_date(value: object, offset: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        date = datetime.strptime(value.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return date.replace(tzinfo=_zone(offset))


def _zone(offset: object) -> timezone | None:
    if not isinstance(offset, str) or len(text := offset.strip("\0 ")) != 6 or text[0] not in "+-":
        return None
    try:
        delta = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
        return timezone(-delta if text[0] == "-" else delta)
    except ValueError:
        return None


def _iso_date(text: str | None) -> datetime | None:
    """XMP allows a year, a month or a day alone; only a whole day is useful as a capture date."""
    try:
        return datetime.fromisoformat(text) if text and len(text) >= 10 else None
    except ValueError:
        return None


def rebuilt_exif(image: Any) -> bytes | None:
    """The descriptive tags of a TIFF as an EXIF block; tags that describe its own pixel layout are left out."""
    try:
        exif = image.getexif()
        kept = Image.Exif()
        for tag in _DESCRIPTIVE:
            if tag in exif:
                kept[tag] = exif.get_ifd(tag) if tag in _SUB_IFDS else exif[tag]
        return kept.tobytes() if len(kept) else None
    except Exception:  # as in `exif_values`
        return None


def upright_exif(raw: bytes, *, turned: bool = False) -> bytes | None:
    """The EXIF block with orientation 1, and without its thumbnail and the previews that maker notes hold; every other
    byte stays where it was. `turned`: width and height have changed places.

    Patching in place keeps maker notes valid, whose offsets break when a block is written again. The result has the
    `Exif\\0\\0` prefix. None when the block is damaged.
    """
    block = bytearray(raw.removeprefix(_EXIF_PREFIX))
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        for tag, at in _entries(block, order, start):
            if tag == _ORIENTATION:
                struct.pack_into(order + "HIHH", block, at + 2, 3, 1, 1, 0)
        (count,) = struct.unpack_from(order + "H", block, start)
        thumbnail_link = start + 2 + 12 * count
        (thumbnail,) = struct.unpack_from(order + "I", block, thumbnail_link)
        struct.pack_into(order + "I", block, thumbnail_link, 0)
        if thumbnail:
            _blank_thumbnail(block, order, thumbnail)
        if turned:
            _swap_sizes(block, order, start)
        _blank_previews(block)
    except struct.error:
        return None
    return _EXIF_PREFIX + bytes(block)


def _entries(block: bytearray, order: str, start: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(order + "H", block, start)
    for i in range(count):
        at = start + 2 + 12 * i
        yield struct.unpack_from(order + "H", block, at)[0], at


def _blank_thumbnail(block: bytearray, order: str, ifd: int) -> None:
    """An unlinked thumbnail would still show the face as it was before: cut it off, or blank it inside the block."""
    values = {tag: struct.unpack_from(order + "I", block, at + 8)[0] for tag, at in _entries(block, order, ifd)}
    start, length = values.get(0x0201, 0), values.get(0x0202, 0)
    if not 0 < start < start + length <= len(block):
        return
    if start + length == len(block):
        del block[start:]
    else:
        block[start : start + length] = bytes(length)


def _swap_sizes(block: bytearray, order: str, start: int) -> None:
    """Exchange width and height, which an upright copy has the other way round."""
    places = dict(_entries(block, order, start))
    for ifd in (start, _value_at(block, order, places.get(EXIF_IFD))):
        if ifd is None:
            continue
        places = dict(_entries(block, order, ifd))
        for width, height in ((0x0100, 0x0101), (0xA002, 0xA003)):
            if width in places and height in places:
                a, b = (slice(places[tag] + 2, places[tag] + 12) for tag in (width, height))
                block[a], block[b] = block[b], block[a]


def _value_at(block: bytearray, order: str, at: int | None) -> int | None:
    return None if at is None else int(struct.unpack_from(order + "I", block, at + 8)[0])


def _blank_previews(block: bytearray) -> None:
    """Maker notes of some cameras hold a larger JPEG of the photo, with the face as it was."""
    at = 0
    while (at := block.find(b"\xff\xd8\xff", at)) >= 0:
        end = block.find(b"\xff\xd9", at)
        end = len(block) if end < 0 else end + 2
        if end - at > _LEAST_PREVIEW:
            block[at:end] = bytes(end - at)
        at += 3 if end - at <= _LEAST_PREVIEW else end - at
