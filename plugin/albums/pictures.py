"""The pictures of an album: read one photo at a time, no larger than they are shown."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from iconface_core.errors import ImageReadError
from iconface_core.images.read import Photo
from iconface_core.reasons import Reason
from iconface_core.types import BBox, RgbU8

from ..error_reasons import reason_of
from ..library.photo_reader import PhotoReader
from ..offline_page import data_uri
from ..reasons import CHANGED_SINCE
from .choosing import AlbumPhoto

WHOLE_PX = 1400
"""Longer side of a whole photo: 17 cm of paper at 200 pixels an inch."""

FACE_PX = 560
"""Side of a face: 7 cm of paper at 200 pixels an inch."""

MOST_PX = 4000
"""A photo is decoded no larger than twice this, however small the face in it: memory stays bounded."""

TIGHT, WIDE = 1.3, 2.2
"""Side of the square around a face, in sides of its box: with strangers next to it, and without."""


@dataclass(frozen=True, slots=True)
class AlbumPicture:
    """A photo as the page shows it, as data URIs: `whole`, None where there are strangers in it; the face `before` and
    `after`, None where nothing was restored. Without strangers or restoration there is only `whole`."""

    shown: AlbumPhoto
    whole: str | None
    before: str | None
    after: str | None


def make_pictures(
    photos: Iterable[AlbumPhoto], reader: PhotoReader, left_out: dict[str, Reason]
) -> Iterator[AlbumPicture]:
    """One after the other. What cannot be read is put into `left_out`, by its path; a photo whose copy cannot be read
    is shown as it was."""
    for p in photos:
        try:
            photo = _read(Path(p.photo.path), p, reader)
        except (ImageReadError, OSError) as e:
            left_out[p.photo.path] = reason_of(e)
            continue
        whole = None if p.strangers else data_uri(_reduced(photo.pixels, WHOLE_PX))
        after = None if p.restored is None else _after(Path(p.restored.output or ""), p, reader, left_out)
        before = None if whole is not None and after is None else _person(photo, p)
        del photo  # before the next one is read
        yield AlbumPicture(p, whole, before, after)


def cover_picture(p: AlbumPhoto, reader: PhotoReader) -> str | None:
    """The person, out of this photo; None when it cannot be read."""
    try:
        return _person(_read(Path(p.photo.path), p, reader), p)
    except (ImageReadError, OSError):
        return None


def portrait(face: BBox, strangers: Iterable[BBox], width: int, height: int) -> BBox:
    """The part of a photo of `width` x `height` pixels around a face: as much as `WIDE` allows while no stranger's face
    is in it, at least `TIGHT`, as far as the photo reaches."""
    x, y, side = (face.x1 + face.x2) / 2, (face.y1 + face.y2) / 2, max(face.width, face.height)
    clear = min((max(s.x1 - x, x - s.x2, s.y1 - y, y - s.y2) for s in strangers), default=math.inf)
    half = min(max(clear, TIGHT * side / 2), WIDE * side / 2)
    return BBox(max(x - half, 0.0), max(y - half, 0.0), min(x + half, float(width)), min(y + half, float(height)))


def _after(copy: Path, p: AlbumPhoto, reader: PhotoReader, left_out: dict[str, Reason]) -> str | None:
    try:
        return _person(_read(copy, p, reader), p)
    except (ImageReadError, OSError) as e:
        left_out[str(copy)] = reason_of(e)
        return None


def _read(path: Path, p: AlbumPhoto, reader: PhotoReader) -> Photo:
    """A photo or its restored copy, as fine as it is shown. Raises ImageReadError, also for one of another size than
    the gallery knows, where the boxes mean nothing; OSError."""
    part = portrait(p.face, p.strangers, p.photo.width, p.photo.height)
    finer = FACE_PX / max(part.width, part.height, 1.0)
    reduce_to = min(math.ceil(max(p.photo.width, p.photo.height) * finer), MOST_PX)
    photo = reader.read(path, reduce_to=max(reduce_to, WHOLE_PX))
    if max(abs(photo.width - p.photo.width), abs(photo.height - p.photo.height)) > 1:  # turning may cost a pixel
        raise ImageReadError(f"{path}: changed since it was indexed; iconface scan", CHANGED_SINCE())
    return photo


def _person(photo: Photo, p: AlbumPhoto) -> str:
    part = portrait(p.face, p.strangers, photo.width, photo.height)
    x, y = photo.scale
    left, top = int(part.x1 / x), int(part.y1 / y)
    right, bottom = max(left + 1, round(part.x2 / x)), max(top + 1, round(part.y2 / y))
    return data_uri(_reduced(photo.pixels[top:bottom, left:right], FACE_PX))


def _reduced(pixels: RgbU8, side: int) -> RgbU8:
    """(H, W, 3) with the longer side at most `side` pixels; nothing is enlarged."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
