"""Roots and photos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iconface_core.reasons import Reason

PhotoState = Literal["indexed", "failed", "missing", "restored"]


@dataclass(frozen=True, slots=True)
class RootRecord:
    """A folder of the library. `online` is False while it is unmounted; nothing is deleted then.
    `device` is `st_dev` at the last scan, None before the first. `rules` say what is restored by itself below it:
    `{"mode": "off" | "propose" | "auto", ...}`; None means off."""

    id: int
    path: str
    added_at: str
    device: int | None
    online: bool
    last_scan_at: str | None
    rules: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RootTally:
    """What is known of one root: `photos` that were read, `faces` seen in them, files `unreadable`, photos `missing`
    and our own `restored` copies that were left out."""

    photos: int = 0
    faces: int = 0
    unreadable: int = 0
    missing: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class AtStake:
    """What people decided about the faces of one root: how many are `confirmed`, `rejected` as somebody, `ignored` and
    `drawn` by hand; and `only_here`, the names of people who are seen in no other root."""

    confirmed: int = 0
    rejected: int = 0
    ignored: int = 0
    drawn: int = 0
    only_here: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """`width` and `height` are upright. `root_id` is None for a photo given by hand from outside every root.
    `reason` says why a photo is `failed`; `restored` marks our own output, which is never evidence. `perceptual_hash`:
    what it looks like (`images.same_picture`), None before it was looked at, empty when it could not be. `dated`: when
    it was taken as somebody says (`images.date_span`), "" that nothing is to be proposed; `captured_at` is its middle
    then, and `file_date` what the file says."""

    id: int
    root_id: int | None
    path: str
    content_hash: str
    size: int
    mtime_ns: int
    inode: int
    width: int
    height: int
    captured_at: str | None
    format: str
    state: PhotoState
    reason: Reason | None
    attempts: int
    indexed_at: str | None
    detector: str | None
    perceptual_hash: bytes | None = None
    file_date: str | None = None
    dated: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoStat:
    """What a scan compares with `os.stat` to see whether a file changed."""

    id: int
    size: int
    mtime_ns: int
    inode: int
    state: PhotoState
    attempts: int
    content_hash: str
    detector: str | None
