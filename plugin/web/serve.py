"""Serves the site on loopback, until Ctrl-C, a signal, or nobody looked for a while."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio.to_thread
import uvicorn

from ..app import build_app
from ..lock_file import held
from ..settings import Settings
from .context import Web
from .make import make_web
from .phone.door import OpenDoor
from .phone.networks import HomeAddress
from .server.connection import DeadlineProtocol
from .server.guard import BODY_S
from .server.listening import bound, http_config
from .server.running import LOCK, address, told
from .site import make_site

LOOPBACK = "127.0.0.1"

_SERVED = "the page of this gallery is served already: run `iconface web` again to open it"

THREADS = 10
"""Handlers at work at once. With the threads that make pictures fewer than the database gives connections."""


def serve(
    settings: Settings,
    port: int,
    *,
    idle_s: float | None,
    ready: Callable[[str, OpenDoor | None], None],
    phone: HomeAddress | None = None,
) -> None:
    """Serve the gallery of `settings` on `port` (0: a free one). `ready` is given the first one-time address, and the
    door for phones where one is opened, at `phone`.

    With `idle_s` it ends when no page was open for so many seconds. Raises BusyError when this gallery's site is
    served already, or the port is taken; AppError when no phone can be let in.
    """
    runtime = settings.folders.runtime
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(runtime / LOCK, _SERVED), bound(LOOPBACK, port) as listening:
        port = listening.getsockname()[1]
        app = build_app(settings)
        try:
            with make_web(app, port) as web, told(runtime, port, web.sessions.secret):
                door = web.phone.open(phone, settings.phone_port, settings.phone_minutes) if phone else None
                server = _Server(web, idle_s, lambda: ready(address(port, web.sessions.ticket()), door))
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
        if self._web.live.listeners or self._web.phone.listeners or asked != self._asked:
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
    """How uvicorn is to serve the site of `web`, with the deadlines given."""
    return http_config(make_site(web, body_s=body_s), protocol=protocol)
