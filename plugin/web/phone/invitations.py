"""The one-time secret in the QR code: one at a time, for one phone, for ten minutes, and for few guesses."""

import secrets
import time
from collections.abc import Callable
from threading import Lock

from msgspec import Struct

CODE_S = 600.0
"""A code that nobody used is worth nothing after so many seconds."""

MAX_WRONG = 5
"""After so many wrong codes the right one is worth nothing either: somebody else is trying."""


class Invitation(Struct, frozen=True, forbid_unknown_fields=True):
    """What lets one phone in: where the QR code leads, what the certificate there has to be (SHA-256), and until when
    the door is open (ISO 8601, UTC)."""

    url: str
    fingerprint: str
    until: str


class Invitations:
    """Codes of one opened door, in memory only. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._code, self._until, self._wrong = "", 0.0, 0

    def code(self) -> str:
        """The code that waits for a phone: the same until it is used, old, or guessed at too often."""
        with self._lock:
            if not self._waits():
                self._code, self._until, self._wrong = secrets.token_urlsafe(16), self._clock() + CODE_S, 0
            return self._code

    def take(self, code: str) -> bool:
        """Whether this is the code, which is used up by this."""
        with self._lock:
            if not self._waits():
                return False
            if not secrets.compare_digest(code.encode("utf-8", "surrogatepass"), self._code.encode()):
                self._wrong += 1
                return False
            self._code = ""
            return True

    @property
    def waiting(self) -> bool:
        """Whether a code can still be used."""
        with self._lock:
            return self._waits()

    def _waits(self) -> bool:
        return bool(self._code) and self._clock() < self._until and self._wrong < MAX_WRONG
