"""Serves the site on loopback, until Ctrl-C, a signal, or nobody looked for a while."""

import asyncio
import errno
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio.to_thread
import uvicorn
from filelock import FileLock, Timeout

from ..app import build_app
from ..errors import BusyError
from ..settings import Settings
from .context import Web
from .make import make_web
from .server.connection import DeadlineProtocol
from .server.guard import BODY_S
from .server.running import LOCK, address, told
from .site import make_site

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"

THREADS = 10
"""Handlers at work at once. With the threads that make pictures fewer than the database gives connections."""

CONNECTIONS = 400
"""More at once are told to come back later."""

KEEP_ALIVE_S = 10
END_S = 3
"""Answers that are being given get so long to end."""


def serve(settings: Settings, port: int, *, idle_s: float | None, ready: Callable[[str], None]) -> None:
    """Serve the gallery of `settings` on `port` (0: a free one). `ready` is given the first one-time address.

    With `idle_s` it ends when no page was open for so many seconds. Raises BusyError when this gallery's site is
    served already, or the port is taken.
    """
    runtime = settings.folders.runtime
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(FileLock(runtime / LOCK)), _bound(port) as listening:
        port = listening.getsockname()[1]
        app = build_app(settings)
        try:
            with make_web(app, port) as web, told(runtime, port, web.sessions.secret):
                server = _Server(web, idle_s, lambda: ready(address(port, web.sessions.ticket())))
                asyncio.run(server.serve(sockets=[listening]))
        finally:
            app.close()


class _Server(uvicorn.Server):
    """uvicorn, with our signals and an end when nobody looks."""

    def __init__(self, web: Web, idle_s: float | None, ready: Callable[[], None]) -> None:
        super().__init__(configured(web))
        self._web, self._idle_s, self._ready = web, idle_s, ready
        self._asked, self._last = 0, time.monotonic()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        asked = self.server_state.total_requests
        if self._web.live.listeners or asked != self._asked:
            self._asked, self._last = asked, time.monotonic()
        idle = self._idle_s is not None and time.monotonic() - self._last > self._idle_s
        return await super().on_tick(counter) or idle

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._web.live.close()  # streams would never end by themselves
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """As uvicorn does, but the signal is not raised again afterwards: Ctrl-C is how one closes the page."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def configured(
    web: Web, *, body_s: float = BODY_S, protocol: type[DeadlineProtocol] = DeadlineProtocol
) -> uvicorn.Config:
    """How uvicorn is to serve the site of `web`, with the deadlines given. No access log: addresses are private."""
    return uvicorn.Config(
        make_site(web, body_s=body_s),
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        backlog=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
    )


@contextmanager
def _only_one(lock: FileLock) -> Generator[None]:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError("the page of this gallery is served already: run `iconface web` again to open it") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _bound(port: int) -> Generator[socket.socket]:
    """A socket of this machine only. Raises BusyError when another program has the port."""
    # asyncio turns Nagle's algorithm off only where the protocol is named: every answer would wait 40 ms for its rest.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of a server that just ended
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # elsewhere others could bind to it too
        made.bind((LOOPBACK, port))
    except OSError as e:
        made.close()
        if e.errno in (errno.EADDRINUSE, errno.EACCES):
            raise BusyError(f"port {port} cannot be used ({e.strerror}); choose another, or leave out --port") from e
        raise
    with made:
        yield made
