"""Pictures for the site, by id: faces, photos, and restorations before and after. No path comes in or goes out.

Looking up (`face`, `photo`, `restoration`) is cheap and says what is wanted; `ready` has it from the disk; `make`
decodes, in a few threads of its own, however many pictures a page asks for at once.
"""

import hashlib
import io
import math
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from gallery_db import Gallery
from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord
from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.images.read import Photo, read_photo
from iconface_core.types import BBox

from ..picture_cache import DEFAULT_LIMIT, PictureCache
from .picture_files import File, Missing, Reason, input_of, loose_file, output_file, photo_file, root_of, seen_file

FACE_SIZES = (96, 192, 384, 768)
"""Sides of the square pictures of faces, pixels."""

PHOTO_SIDES = (400, 800, 1600, 3200, 6400)
"""Long sides of whole pictures, pixels. A few only: each is kept on the disk."""

CONTEXT = 1.9
"""Side of the square around a face in sides of its box: hair, chin and a bit of who else is there."""

DRAWING = "1"
"""Part of every key: raise it when the same pixels shall come out differently."""

DECODED_BYTES = 128_000_000
"""Decoded photos that stay in memory for the next face in them."""

Which = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture to be shown.

    `content` stands for the bytes of the file at `path`. With `face`, a box in pixels of the upright photo, only the
    square around it is shown. `frame` is the size the photo must have for that box to mean anything (None: not known).
    `side` is the longest side, pixels; nothing is enlarged. `absent` is why the file cannot be read now, though a
    picture made earlier may be shown. `epoch`: see PictureCache.
    """

    path: Path
    content: str
    side: int
    epoch: str
    face: BBox | None = None
    frame: tuple[int, int] | None = None
    absent: Reason | None = None

    @property
    def version(self) -> str:
        """Changes with the photo and with the part of it; the same for all sizes."""
        return version_of(self.content, self.face)

    @property
    def key(self) -> str:
        """Names the picture in the cache, and is its ETag."""
        return _digest(self.version, str(self.side), DRAWING)


def version_of(content: str, face: BBox | None = None) -> str:
    """What `?v=` says in the address of a picture that a browser may keep for ever. `content` is the photo's
    `content_hash`."""
    box = () if face is None else (f"{v:.2f}" for v in (face.x1, face.y1, face.x2, face.y2))
    return _digest(content, *box)[:12]


def restored_address(which: Which, record: RestorationRecord, side: int, face: BBox | None = None) -> str:
    """Address of a restoration's picture: the whole one, or the square around `face`. With a version where there is a
    file: then the browser need not ask again. Looks at the file, reads nothing."""
    file = output_file(record) if which == "after" else File(Path(record.photo), record.input_sha256)
    version = "" if isinstance(file, Missing) else f"&v={version_of(file.content, face)}"
    return f"/pictures/{which}/{record.id}?{'' if face is None else 'face=1&'}side={side}{version}"


def square_around(box: BBox, width: int, height: int) -> BBox:
    """The square around a face that its picture shows: inside the photo, so that nothing has to be made up."""
    side = min(CONTEXT * max(box.width, box.height), width, height)
    x = min(max((box.x1 + box.x2 - side) / 2, 0.0), width - side)
    y = min(max((box.y1 + box.y2 - side) / 2, 0.0), height - side)
    return BBox(x, y, x + side, y + side)


class Pictures:
    """Makes and keeps pictures of one gallery's photos below `folder`. Safe between threads; `close` when done."""

    def __init__(
        self, gallery: Gallery, folder: Path, *, max_pixels: int, limit: int = DEFAULT_LIMIT, decoders: int = 2
    ) -> None:
        self._gallery, self._cache = gallery, PictureCache(folder, limit)
        self._decoded = _Decoded(max_pixels)
        self._workers = ThreadPoolExecutor(decoders, thread_name_prefix="pictures")
        self._lock = threading.Lock()
        self._making: dict[str, Future[bytes | Missing]] = {}

    def close(self) -> None:
        """Pictures that nobody has begun to make are not made."""
        self._workers.shutdown(cancel_futures=True)

    def face(self, face_id: int, size: int) -> Wanted | Missing:
        """A face with its surroundings, `size` pixels wide and high at most."""
        epoch = self._cache.epoch()
        with self._gallery.begin(write=False) as tx:
            face = tx.photos.of_face(face_id)
        if face is None:
            return Missing("unknown")
        if face.state == "forgotten":
            return Missing("forgotten")
        file = photo_file(face.photo, face.root_path, face.root_online)
        frame = (face.photo.width, face.photo.height)
        return _wanted(file, size, epoch, face.bbox, frame)

    def photo(self, photo_id: int, side: int) -> Wanted | Missing:
        """A whole photo, its long side `side` pixels at most."""
        epoch = self._cache.epoch()
        with self._gallery.begin(write=False) as tx:
            try:
                photo = tx.photos.get(photo_id)
            except UnknownIdError:
                return Missing("unknown")
            root = root_of(tx, photo)
        return _wanted(photo_file(photo, *root), side, epoch)

    def loose(self, path: Path, side: int) -> Wanted | Missing:
        """A whole photo of no library, as it is now."""
        epoch, seen = self._cache.epoch(), seen_file(path)
        return _wanted(Missing("gone") if seen is None else seen, side, epoch)

    def restoration(self, which: Which, restoration_id: int, side: int, *, face: bool = False) -> Wanted | Missing:
        """The photo that was restored, or its restored copy; `face`: the same square of both around the face."""
        epoch = self._cache.epoch()
        with self._gallery.begin(write=False) as tx:
            try:
                record = tx.restorations.get(restoration_id)
            except UnknownIdError:
                return Missing("unknown")
            photo = input_of(tx, record)
            root = (None, True) if photo is None else root_of(tx, photo)
            box = _face_box(tx, record) if face else None
        if which == "after":
            file = output_file(record)
        else:
            file = loose_file(Path(record.photo), record.input_sha256) if photo is None else photo_file(photo, *root)
        frame = None if box is None or photo is None else (photo.width, photo.height)
        times = int(record.options.get("enlarge", 1)) if which == "after" else 1
        if box is not None and times > 1:  # the copy is larger than the photo
            box = BBox(box.x1 * times, box.y1 * times, box.x2 * times, box.y2 * times)
            frame = None if frame is None else (frame[0] * times, frame[1] * times)
        return _wanted(file, side, epoch, box, frame)

    def ready(self, wanted: Wanted) -> bytes | None:
        """The JPEG, when it was made before."""
        return self._cache.get(wanted.key)

    def kept(self, key: str) -> bytes | None:
        """A JPEG that a job left under this key (`restoring.preview_jobs`); None: it is not there any more."""
        return self._cache.get(key)

    def make(self, wanted: Wanted) -> "Future[bytes | Missing]":
        """The JPEG, decoded now. Those who want the same picture at once share one future: never cancel it."""
        with self._lock:
            known = self._making.get(wanted.key)
            if known is not None:
                return known
            future = self._workers.submit(self._make, wanted)
            self._making[wanted.key] = future
        future.add_done_callback(lambda _: self._made(wanted.key))
        return future

    def _made(self, key: str) -> None:
        with self._lock:
            self._making.pop(key, None)

    def _make(self, wanted: Wanted) -> bytes | Missing:
        if wanted.absent is not None:
            return Missing(wanted.absent)
        try:
            photo = self._decoded.read(wanted)
        except ImageTooLargeError:
            return Missing("too-large")
        except (ImageReadError, OSError):
            return Missing("unreadable")
        if wanted.frame not in (None, (photo.width, photo.height)):
            return Missing("changed")
        data = _jpeg(_drawn(photo, wanted))
        self._cache.put(wanted.key, data, wanted.epoch)
        return data


class _Decoded:
    """The photos decoded last, for the other faces in them. A photo that several threads want is decoded by one."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Photo] = OrderedDict()  # by Wanted.content
        self._turns: dict[str, threading.Lock] = {}

    def read(self, wanted: Wanted) -> Photo:
        """The photo in at least the resolution that `wanted` needs. Errors as `read_photo`."""
        with self._lock:
            turn = self._turns.setdefault(wanted.content, threading.Lock())
        with turn:
            with self._lock:
                photo = self._kept.get(wanted.content)
            if photo is None or not _fine_enough(photo, wanted):
                photo = read_photo(wanted.path, reduce_to=_long_side(wanted), max_pixels=self._max_pixels)
                self._keep(wanted.content, photo)
        return photo

    def _keep(self, content: str, photo: Photo) -> None:
        with self._lock:
            self._kept[content] = photo
            self._kept.move_to_end(content)
            while sum(p.pixels.nbytes for p in self._kept.values()) > DECODED_BYTES:
                self._kept.popitem(last=False)
            self._turns = {k: turn for k, turn in self._turns.items() if k in self._kept or turn.locked()}


def _long_side(wanted: Wanted) -> int | None:
    """How large the photo must be decoded; None: in full, where its size is not known beforehand."""
    if wanted.face is None:
        return wanted.side
    if wanted.frame is None or not min(wanted.frame):
        return None
    square = square_around(wanted.face, *wanted.frame)
    return max(1, math.ceil(max(wanted.frame) * wanted.side / max(1.0, square.width)))


def _fine_enough(photo: Photo, wanted: Wanted) -> bool:
    full, need = max(photo.width, photo.height), _long_side(wanted)
    have: int = max(photo.pixels.shape[:2])
    return have >= (full if need is None else min(full, need))


def _drawn(photo: Photo, wanted: Wanted) -> Image.Image:
    image = Image.fromarray(photo.pixels)
    if wanted.face is None:
        image.thumbnail((wanted.side, wanted.side), Image.Resampling.LANCZOS)
        return image
    square = square_around(wanted.face, photo.width, photo.height)
    x, y = photo.scale
    box = square.x1 / x, square.y1 / y, min(square.x2 / x, image.width), min(square.y2 / y, image.height)
    side = max(1, min(wanted.side, round(square.width)))
    return image.resize((side, side), Image.Resampling.LANCZOS, box=box)


def _jpeg(image: Image.Image) -> bytes:
    """Without profile or metadata: the pixels are sRGB, and where a photo was taken is nobody's business here."""
    out = io.BytesIO()
    small = max(image.size) <= FACE_SIZES[-1]
    image.save(out, "JPEG", quality=88, subsampling="4:4:4" if small else "4:2:0", progressive=not small)
    return out.getvalue()


def _wanted(
    file: File | Missing, side: int, epoch: str, face: BBox | None = None, frame: tuple[int, int] | None = None
) -> Wanted | Missing:
    return file if isinstance(file, Missing) else Wanted(file.path, file.content, side, epoch, face, frame, file.absent)


def _face_box(tx: Tx, record: RestorationRecord) -> BBox | None:
    if record.bbox is not None or record.face_id is None:
        return record.bbox
    return tx.faces.get(record.face_id).bbox


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
