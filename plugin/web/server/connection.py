"""HTTP/1.1 with deadlines. uvicorn waits for ever for the head of a request, and for a client that does not read."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""A request's head has to be there so many seconds after the connection was made, or the last answer given."""

READ_S = 30.0
"""A client that takes nothing of its answer for so long is left."""


class DeadlineProtocol(H11Protocol):
    """uvicorn's protocol on one connection, which ends at the first deadline that is not met."""

    head_s = HEAD_S
    read_s = READ_S
    _head: asyncio.TimerHandle | None = None
    _read: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._busy():
            _cancel(self._head)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._busy():
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head)
        _cancel(self._read)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read = self._read or self.loop.call_later(self.read_s, self.transport.abort)

    def resume_writing(self) -> None:
        _cancel(self._read)
        self._read = None
        super().resume_writing()

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        _cancel(self._head)
        self._head = self.loop.call_later(self.head_s, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
