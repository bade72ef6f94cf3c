"""Photos that somebody hands over instead of pointing at them: kept in a folder of ours until they are removed.

Each lies in a folder of its own, which the first digits of its content's hash name: what comes twice is there once, and
no name that was sent decides where anything is written.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from gallery_db import Gallery
from iconface_core.errors import ImageReadError
from iconface_core.images.formats import name_matches, sniff_format
from iconface_core.images.leftovers import temporary
from iconface_core.images.read import check_photo, photo_size

from ..errors import NotFoundError, UsageError
from ..job_kinds import enqueue_restore
from ..job_payloads import PhotoStep, QueuedChoices
from ..languages import _
from ..paths import is_device_name, make_private
from .repeat import must_be_there

MAX_BYTES = 256_000_000
"""Of one photo. A scan of 80 megapixels with 16 bits a colour has half a gigabyte: that belongs into a library."""

MAX_TOTAL = 8_000_000_000
"""Bytes of all together."""

KEY = re.compile(r"[0-9a-f]{16}")
_ENDINGS = {"jpeg": ".jpg", "tiff": ".tif", "heif": ".heic", "raw": ".dng"}
"""What a format's files are called, where that is not its name."""
_LONGEST = 100


class Upload:
    """One photo on its way in."""

    def __init__(self, part: Path, room: int) -> None:
        self._file, self._hash, self._left = part.open("xb"), hashlib.sha256(), room
        os.chmod(part, 0o600)  # noqa: PTH101 - Path.chmod follows links; there is none
        self.part = part

    def write(self, data: bytes) -> None:
        """Its next bytes. Raises UsageError when there are too many of them."""
        self._left -= len(data)
        if self._left < 0:
            raise UsageError(_("This file is too large: at most {n} MB.", n=MAX_BYTES // 1_000_000))
        self._hash.update(data)
        self._file.write(data)

    def close(self) -> str:
        """The key of its content."""
        self._file.close()
        return self._hash.hexdigest()[:16]


@contextmanager
def receiving(folder: Path) -> Generator[Upload]:
    """A photo that comes in pieces; nothing of it stays in `folder` unless `keep` takes it. Raises UsageError when the
    folder is full."""
    make_private(folder)
    room = MAX_TOTAL - sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    if room <= 0:
        raise UsageError(_("There is no room for more photos from outside the library. Remove some that are done."))
    upload = Upload(temporary(folder / secrets.token_hex(8)), min(MAX_BYTES, room))
    try:
        yield upload
    finally:
        upload.close()
        upload.part.unlink(missing_ok=True)


def keep(upload: Upload, name: str, *, max_pixels: int) -> Path:
    """Put a photo that has come where it stays, called nearly as it was. Raises UsageError for what is no photo."""
    place = upload.part.parent / upload.close()
    if there := _photo_in(place):
        return there
    place.mkdir(mode=0o700, exist_ok=True)
    path = place / safe_name(name, "")
    try:
        upload.part.rename(path)
        check_photo(path, max_pixels=max_pixels)
        photo_size(path)
        found = sniff_format(path) or ""
        return path.rename(path.with_name(safe_name(path.name, found)))
    except ImageReadError as e:
        shutil.rmtree(place)
        raise UsageError(
            _(
                "This is no photo that iconface can read. It reads JPEG, PNG, HEIC, AVIF, WebP, TIFF, GIF, BMP and "
                "camera RAW files."
            )
        ) from e


def safe_name(name: str, photo_format: str) -> str:
    """A file name for what was sent as `name`: no folders, nothing that a file system or a terminal could take
    for something else, and the ending of its format ("" for any)."""
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    plain = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in last).strip(". ")
    stem, dot, ending = plain.rpartition(".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 5 else (plain, "")
    while len(stem.encode()) > _LONGEST:
        stem = stem[:-1]
    if not stem or is_device_name(stem):
        stem = f"photo_{stem}".rstrip("_")
    if photo_format and not name_matches(Path(stem + ending), photo_format):
        ending = _ENDINGS.get(photo_format, f".{photo_format}")
    return stem + ending


def uploaded(folder: Path, key: str) -> Path:
    """The photo with this key. Raises NotFoundError."""
    found = _photo_in(folder / key) if KEY.fullmatch(key) else None
    if found is None:
        raise NotFoundError(f"no photo {key!r} is kept from outside the library")
    return found


def all_uploaded(folder: Path) -> list[Path]:
    """All photos, the latest first."""
    places = [p for p in folder.glob("*") if KEY.fullmatch(p.name)]
    return sorted(filter(None, map(_photo_in, places)), key=lambda p: p.stat().st_mtime, reverse=True)


def forget_upload(folder: Path, key: str) -> None:
    """Remove a photo. What was made of it stays. Raises NotFoundError."""
    shutil.rmtree(uploaded(folder, key).parent)


def restore_photo(gallery: Gallery, path: Path, *, anyway: bool = False, steps: tuple[PhotoStep, ...] = ()) -> int:
    """Ask for every face of a photo that needs it to be restored, `anyway` also what is clear already, or for these
    `steps` of the whole photo; returns the job id. Raises UsageError when the file is not there now."""
    must_be_there(path)
    with gallery.begin() as tx:
        return enqueue_restore(tx, path, options=QueuedChoices(force=anyway, photo_steps=steps))


def _photo_in(place: Path) -> Path | None:
    """The one file of a folder of ours; never what a link leads to."""
    if place.is_symlink() or not place.is_dir():
        return None
    return next((p for p in sorted(place.iterdir()) if p.is_file() and not p.is_symlink()), None)
