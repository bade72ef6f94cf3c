"""Answers every request in the language of the browser that asks, or in the one the user chose."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ...languages import accepted, best, speaking


class Speaking:
    """Around the whole site, also around what refuses to answer. `setting`: `language` of the settings."""

    def __init__(self, app: ASGIApp, setting: str) -> None:
        self._app, self._setting = app, setting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = accepted(Headers(scope=scope).get("accept-language", "")) if scope["type"] == "http" else []
        with speaking(best(self._setting, wanted)):
            await self._app(scope, receive, send)
