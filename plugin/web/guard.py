"""Stands before every page."""

from starlette.types import ASGIApp, Receive, Scope, Send

from .session import Sessions


class Guard:
    """Not yet: lets everything pass."""

    def __init__(self, app: ASGIApp, sessions: Sessions, port: int) -> None:
        self._app, self._sessions, self._port = app, sessions, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
