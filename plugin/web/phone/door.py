"""Opens the door for phones and closes it: a second server in the page's process, on one address, for a time.

It ends with the page's process whatever happens: its thread is a daemon, and nothing else keeps its socket.
"""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from ...errors import AppError, BusyError
from ..server.connection import HEAD_S
from ..server.listening import bound, http_config
from ..server.live import Live
from .certificate import Certificate, certificate_for
from .devices import Devices
from .entrance import PhoneEntrance
from .invitations import Invitation
from .networks import HomeAddress

CONNECTIONS = 60
THREADS = 2
"""Handlers of phones at work at once: the page's own have the other connections to the database."""

START_S = 30.0
FAREWELL_S = 1.0
"""Below the time that the server takes to end (`listening.END_S`), after which nobody closes what still waits."""


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A door that is open. `until` is in seconds since the epoch."""

    entrance: PhoneEntrance
    certificate: Certificate
    live: Live
    until: float

    def invitation(self) -> Invitation:
        """For one phone; makes a code where none waits."""
        until = datetime.fromtimestamp(self.until, UTC).isoformat(timespec="seconds")
        return Invitation(self.entrance.address(), self.certificate.fingerprint, until)

    @property
    def minutes_left(self) -> int:
        """Rounded up; 0 at the end."""
        return max(0, -int(-(self.until - time.time()) // 60))


class PhoneDoor:
    """At most one door of one page. Closed at first. Safe to share between threads."""

    def __init__(
        self, folder: Path, make_live: Callable[[], Live], make_site: Callable[[PhoneEntrance, Live], ASGIApp]
    ) -> None:
        """`folder` keeps certificates and devices; `make_site` makes what is served, whose pages listen to a `Live`
        of the same door."""
        self._folder, self._make_live, self._make_site = folder, make_live, make_site
        self._lock = threading.Lock()
        self._running: tuple[OpenDoor, _Server, threading.Thread] | None = None
        self.devices = Devices(folder)

    @property
    def opened(self) -> OpenDoor | None:
        """The door, while it is open."""
        running = self._running
        return running[0] if running and running[2].is_alive() and not running[1].should_exit else None

    @property
    def listeners(self) -> int:
        """How many pages are open on phones."""
        return door.live.listeners if (door := self.opened) else 0

    def open(self, home: HomeAddress, port: int, minutes: float) -> OpenDoor:
        """Open it at one address, on `port` or, where that is taken, on a free one; one that is open stays as it is.

        Raises AppError when it cannot be opened.
        """
        with self._lock:
            if (door := self.opened) is not None:
                return door
            try:
                certificate = certificate_for(home.address, self._folder)
                with ExitStack() as opened:
                    listening = opened.enter_context(_listening(str(home.address), port))
                    door, server = self._made(home, listening, certificate, minutes)
                    self._start(door, server, listening, opened.pop_all())
            except (OSError, ssl.SSLError) as e:
                raise AppError(f"phones cannot be let in at {home.address}: {e}") from e
            return door

    def close(self) -> None:
        """Close it; phones that are in are put out. Returns when nothing listens any more."""
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                running[1].should_exit = True
                running[2].join()

    def _made(
        self, home: HomeAddress, listening: socket.socket, certificate: Certificate, minutes: float
    ) -> "tuple[OpenDoor, _Server]":
        live, port = self._make_live(), listening.getsockname()[1]
        entrance = PhoneEntrance(home, port, self.devices, certificate.fingerprint)
        door = OpenDoor(entrance, certificate, live, time.time() + minutes * 60)
        config = http_config(self._make_site(entrance, live), connections=CONNECTIONS, tls=certificate.context())
        return door, _Server(config, door)

    def _start(self, door: OpenDoor, server: "_Server", listening: socket.socket, opened: ExitStack) -> None:
        """In a thread, which closes what is `opened` when it ends."""

        def run() -> None:
            with opened, asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(server.serve(sockets=[listening]))

        thread = threading.Thread(target=run, name="phones", daemon=True)
        thread.start()
        self._running = (door, server, thread)
        if not server.ready.wait(START_S):
            server.should_exit = True
            raise AppError(f"phones cannot be let in: nothing listened within {START_S:.0f} s; please try again")


class _Server(uvicorn.Server):
    """uvicorn, with an end."""

    def __init__(self, config: uvicorn.Config, door: OpenDoor) -> None:
        super().__init__(config)
        self._door = door
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        self.ready.set()

    async def on_tick(self, counter: int) -> bool:
        # Not the monotonic clock: that stands still while the machine sleeps.
        return await super().on_tick(counter) or time.time() > self._door.until

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.should_exit = True
        self._door.live.close()
        await super().shutdown(sockets)


class _Loop(asyncio.SelectorEventLoop):
    """Whose servers wait for a TLS handshake no longer than for a request, and at the end for a phone's farewell no
    longer than the door takes to close; uvicorn passes nothing on for either."""

    async def create_server(self, *args: Any, **named: Any) -> asyncio.Server:
        return await super().create_server(
            *args, **named, ssl_handshake_timeout=HEAD_S, ssl_shutdown_timeout=FAREWELL_S
        )


@contextmanager
def _listening(address: str, port: int) -> Generator[socket.socket]:
    """On `port`, or on a free one where that is taken."""
    with ExitStack() as opened:
        try:
            made = opened.enter_context(bound(address, port))
        except BusyError:
            made = opened.enter_context(bound(address, 0))
        yield made
