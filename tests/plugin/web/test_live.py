"""Open pages are told what happens, from one look for all of them."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from plugin.app import App
from plugin.web.server.live import MAX_LISTENERS, MAX_WAITING, Live


async def event(stream: AsyncGenerator[bytes]) -> tuple[str, Any]:
    """The next one that is not a comment."""
    while True:
        piece = (await anext(stream)).decode()
        if piece.startswith("event: "):
            first, second, *_ = piece.split("\n")
            return first.removeprefix("event: "), json.loads(second.removeprefix("data: "))


def with_live(app: App, check: Callable[[Live], Awaitable[None]]) -> None:
    async def run() -> None:
        live = Live(app.gallery, look_s=0.05)
        await asyncio.wait_for(check(live), 60)
        live.close()

    asyncio.run(run())


def test_decisions_and_jobs_are_told_to_everybody(app: App):
    async def check(live: Live) -> None:
        streams = [live.stream() for _ in range(3)]
        for stream in streams:
            kind, jobs = await event(stream)
            assert (kind, jobs["running"], jobs["now"]) == ("jobs", 0, [])
        await asyncio.sleep(0.2)
        record = app.people.decide(lambda tx: tx.decisions.create_person("Anna"))
        for stream in streams:
            assert await event(stream) == ("changed", {"decision": record.id})
        with app.gallery.begin() as tx:
            tx.jobs.enqueue("restore", {})
            job = tx.jobs.claim(time.time(), 60.0)
            assert job is not None
        for stream in streams:
            kind, jobs = await event(stream)
            assert (kind, jobs["running"], jobs["now"][0]["id"]) == ("jobs", 1, job.id)
        for stream in streams:
            await stream.aclose()
        assert live.listeners == 0

    with_live(app, check)


def test_the_end_of_the_server_ends_every_stream(app: App):
    async def check(live: Live) -> None:
        streams = [live.stream() for _ in range(3)]
        for stream in streams:
            await event(stream)
        await asyncio.to_thread(live.close)
        for stream in streams:
            assert [piece async for piece in stream if piece.startswith(b"event")] == []
        assert (live.full, live.listeners) == (True, 0)

    with_live(app, check)


def test_a_page_that_takes_nothing_is_let_go(app: App):
    async def check(live: Live) -> None:
        lazy = live.stream()
        await event(lazy)
        for n in range(MAX_WAITING + 2):
            live._tell(b"event: x\ndata: %d\n\n" % n)
        assert [piece async for piece in lazy] == []
        assert live.listeners == 0

    with_live(app, check)


def test_listeners_are_counted(app: App):
    async def check(live: Live) -> None:
        streams = [live.stream() for _ in range(MAX_LISTENERS)]
        for stream in streams:
            await event(stream)
        assert live.full
        await streams[0].aclose()
        assert not live.full
        for stream in streams:
            await stream.aclose()

    with_live(app, check)
