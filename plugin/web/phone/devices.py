"""The phones that were let in, and may come again without a code. Light: `iconface phones list` starts nothing.

`devices.json` (0600) holds of each cookie only its hash: who reads the file cannot come in with it. Commands and the
page write it under one lock, and whoever asks reads it anew: what is revoked is out with its next request.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from msgspec import Meta, Struct
from msgspec.structs import replace

from iconface_core.codec import CodecError, decode_json, encode_json

from ...errors import AppError, NotFoundError
from ...paths import make_private, write_private

FILE = "devices.json"

DAYS = 90
"""After so many days a phone has to be paired again."""

MAX_DEVICES = 20
"""More are not kept: the one that was not seen for longest goes."""

SEEN = timedelta(minutes=1)
"""When a phone was last seen is written no more often than this."""


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """One phone. Times are ISO 8601 in UTC; `token_sha256` is of its cookie, hexadecimal."""

    number: Annotated[int, Meta(ge=1)]
    name: str
    paired_at: str
    seen_at: str
    token_sha256: str


class _Kept(Struct, frozen=True, forbid_unknown_fields=True):
    devices: tuple[Device, ...] = ()
    last_number: Annotated[int, Meta(ge=0)] = 0  # a number is never given twice


def _now() -> datetime:
    return datetime.now(UTC)


class Devices:
    """The phones of one gallery, kept in `folder`. Safe to share between threads and processes."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = _now) -> None:
        self._file, self._now = folder / FILE, now

    def all(self) -> Sequence[Device]:
        """Those that may come in, in the order they were paired. Raises AppError when the file cannot be read."""
        since = (self._now() - timedelta(days=DAYS)).isoformat()
        return [d for d in self._read().devices if d.paired_at > since]

    def pair(self, name: str) -> str:
        """Let a phone in; returns its cookie, which is nowhere else. Raises AppError."""
        token, now = secrets.token_urlsafe(32), self._now().isoformat()
        make_private(self._file.parent)
        with self._lock():
            number = self._read().last_number + 1
            kept = sorted(self.all(), key=lambda d: d.seen_at)[-(MAX_DEVICES - 1) :]
            new = Device(number, name, now, now, _hashed(token))
            self._write(_Kept((*sorted(kept, key=lambda d: d.number), new), number))
        return token

    def known(self, token: str | None) -> Device | None:
        """Whose cookie this is; None for a revoked, expired or invented one, and when nothing can be read."""
        if not token:
            return None
        hashed = _hashed(token)
        try:
            found = next((d for d in self.all() if secrets.compare_digest(d.token_sha256, hashed)), None)
            if found is not None and self._now() - datetime.fromisoformat(found.seen_at) > SEEN:
                self._seen(found.number)
        except (AppError, OSError):
            return None
        return found

    def revoke(self, number: int) -> Device:
        """Let a phone in no more. Raises NotFoundError, AppError."""
        make_private(self._file.parent)
        with self._lock():
            kept = self._read()
            gone = next((d for d in self.all() if d.number == number), None)
            if gone is None:
                raise NotFoundError(f"no phone with the number {number} is paired; see: iconface phones list")
            self._write(replace(kept, devices=tuple(d for d in kept.devices if d.number != number)))
        return gone

    def _seen(self, number: int) -> None:
        now = self._now().isoformat()
        with self._lock():
            kept = self._read()
            seen = tuple(replace(d, seen_at=now) if d.number == number else d for d in kept.devices)
            self._write(replace(kept, devices=seen))

    def _lock(self) -> FileLock:
        return FileLock(self._file.with_suffix(".lock"))

    def _read(self) -> _Kept:
        try:
            return decode_json(_Kept, self._file.read_bytes(), str(self._file))
        except FileNotFoundError:
            return _Kept()
        except (OSError, CodecError) as e:
            raise AppError(f"{e}; without {self._file} no phone is paired: remove it, and pair them again") from e

    def _write(self, kept: _Kept) -> None:
        write_private(self._file, encode_json(kept).encode())


def device_name(user_agent: str) -> str:
    """What to call the device of a browser, in words of ours: "iPhone, Safari"."""
    device = next((name for sign, name in _DEVICES if re.search(sign, user_agent)), "A device")
    browser = next((name for sign, name in _BROWSERS if re.search(sign, user_agent)), "")
    return f"{device}, {browser}" if browser else device


_DEVICES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android.*Mobile", "Android phone"),
    ("Android", "Android tablet"),
    ("Windows", "Windows computer"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux computer"),
)
_BROWSERS = (
    ("Firefox|FxiOS", "Firefox"),
    ("Edg", "Edge"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
