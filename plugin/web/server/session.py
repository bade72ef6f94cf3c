"""Who may look: whoever brought a ticket that this very start of the server handed out."""

import secrets
import time
from collections.abc import Callable
from threading import Lock

TICKET_S = 600.0
"""A ticket that nobody used is worth nothing after so many seconds: browsers may take long to start."""

MAX_TICKETS = 32
"""Unused tickets kept; the oldest is dropped for a new one."""


class Sessions:
    """One session per start of the server. A ticket is good for one entry, and the cookie for as long as the server
    runs: both are random, kept in memory only, and worthless for any other start. Safe to share between threads."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.cookie = f"iconface_{port}"  # browsers do not tell ports apart: two galleries must not share a name
        self.secret = secrets.token_urlsafe(32)
        """For programs of the same user: who knows it may have tickets (`running.py`)."""
        self._value, self._clock = secrets.token_urlsafe(32), clock
        self._tickets: dict[str, float] = {}
        self._lock = Lock()

    def ticket(self) -> str:
        """A new ticket for one browser."""
        made = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._tickets) >= MAX_TICKETS:
                del self._tickets[next(iter(self._tickets))]
            self._tickets[made] = self._clock() + TICKET_S
        return made

    def redeem(self, ticket: str) -> str | None:
        """The cookie's value for a ticket, which is used up by this; None for a used, old or invented one."""
        with self._lock:
            until = self._tickets.pop(ticket, None)
        return self._value if until is not None and self._clock() < until else None

    def known(self, cookie: str | None) -> bool:
        """Whether this is the cookie of this start."""
        return cookie is not None and secrets.compare_digest(cookie.encode(), self._value.encode())

    def owner(self, authorization: str) -> bool:
        """Whether this header comes from a program that can read our runtime folder."""
        return secrets.compare_digest(authorization.encode(), f"Bearer {self.secret}".encode())
