"""What open pages are told without asking: jobs moved on, something was decided. One look a second for all of them, or,
of a gallery on a server, one whenever it says that something changed, on whichever machine.

Events are small and say only that and roughly what; pages then ask for what they show.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from gallery_db import Gallery
from gallery_db.errors import GalleryError

log = logging.getLogger(__name__)

LOOK_S = 1.0
ALIVE_S = 15.0
"""A comment is sent after so many silent seconds: a browser that left is noticed by it."""

MAX_LISTENERS = 64
MAX_WAITING = 16
"""Events kept for a browser that does not take them; it is let go with the next one, and connects again."""

State = Mapping[str, Mapping[str, Any]]
"""By event: what it says now."""


class Live:
    """Everything is done in the server's event loop; only looking into the gallery is not. `close` may come from any
    thread and ends all streams."""

    def __init__(self, gallery: Gallery, *, look_s: float = LOOK_S, longest_s: float | None = None) -> None:
        """`longest_s`: a stream ends after so many seconds, at the latest with its next sign of life; browsers then ask
        for another one. Of a gallery on a server `look_s` is only how soon one look may follow another."""
        self._gallery, self._look_s, self._longest_s = gallery, look_s, longest_s
        self._told = asyncio.Event()
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = threading.Event()

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    @property
    def full(self) -> bool:
        """Whether nobody else may listen."""
        return self._closing.is_set() or len(self._listeners) >= MAX_LISTENERS

    async def stream(self, longest_s: float | None = None) -> AsyncGenerator[bytes]:
        """Server-sent events: how the jobs stand now, then what changes, until `close` or the browser leaves;
        `longest_s` as for all of them."""
        begun, longest_s = time.monotonic(), longest_s or self._longest_s
        async with self._listening() as queue, aclosing(_pieces(queue)) as pieces:
            async for piece in pieces:
                yield piece
                if longest_s is not None and time.monotonic() - begun > longest_s:
                    return

    def close(self) -> None:
        """Tell no more; who listens is let go."""
        self._closing.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[asyncio.Queue[bytes | None]]:
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        # Counted before anything is waited for: who comes next must find the room taken.
        self._listeners.add(queue)
        try:
            queue.put_nowait(_event("jobs", (await run_in_threadpool(self._look))["jobs"]))
            if self._closing.is_set():
                queue.put_nowait(None)
            if self._poller is None or self._poller.done():
                self._poller = asyncio.create_task(self._poll())
            yield queue
        finally:
            self._listeners.discard(queue)
            if not self._listeners:
                self._told.set()  # nobody has to look any more

    async def _poll(self) -> None:
        """Look while anybody listens, and tell all of them what changed."""
        last: State = {}
        over = self._hear() if self._gallery.shared else None
        try:
            while self._listeners and not self._closing.is_set():
                self._told.clear()
                last = await self._look_and_tell(last)
                await asyncio.sleep(self._look_s)
                if over is not None:
                    await self._told.wait()
        finally:
            if over is not None:
                over.set()

    def _hear(self) -> threading.Event:
        """Have the server say when there is something to look at; until what is returned is set."""
        over, loop = threading.Event(), asyncio.get_running_loop()

        def heard() -> None:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._told.set)

        thread = threading.Thread(target=self._gallery.listen, args=(heard, over, "changes"), daemon=True)
        thread.start()
        return over

    async def _look_and_tell(self, last: State) -> State:
        try:
            now = await run_in_threadpool(self._look)
        except GalleryError as e:
            log.warning("nothing new can be told: %s", e)
            return last
        for name in now:
            if now[name] != last.get(name, now[name]):
                self._tell(_event(name, now[name]))
        return now

    def _tell(self, event: bytes) -> None:
        for queue in self._listeners:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def _let_go(self) -> None:
        self._told.set()
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    def _look(self) -> State:
        with self._gallery.begin(write=False) as tx:
            counts = {str(state): n for state, n in tx.jobs.counts().items()}
            running = tx.jobs.find(states=("running",)) if counts["running"] else ()
            latest = tx.decisions.history(limit=1)
        now = [{"id": job.id, "kind": job.kind, "progress": job.progress} for job in running]
        return {"jobs": {**counts, "now": now}, "changed": {"decision": latest[0].id if latest else 0}}


async def _pieces(queue: "asyncio.Queue[bytes | None]") -> AsyncGenerator[bytes]:
    yield b"retry: 3000\n\n"
    while True:
        try:
            piece = await asyncio.wait_for(queue.get(), ALIVE_S)
        except TimeoutError:
            piece = b": \n\n"
        if piece is None:
            return
        yield piece


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode("ascii")
