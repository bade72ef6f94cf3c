"""Answers every request in the language that was chosen in this browser, else in the one of the settings or of the
browser itself."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ...languages import LANGUAGES, accepted, best, speaking

COOKIE = "iconface_language"
"""What was chosen on the page, for this browser only: a code of LANGUAGES."""


class Speaking:
    """Around the whole site, also around what refuses to answer. `setting`: `language` of the settings."""

    def __init__(self, app: ASGIApp, setting: str) -> None:
        self._app, self._setting = app, setting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with speaking(self._language(Request(scope)) if scope["type"] == "http" else best(self._setting, [])):
            await self._app(scope, receive, send)

    def _language(self, request: Request) -> str:
        wanted = accepted(request.headers.get("accept-language", ""))
        return chosen_language(request) or best(self._setting, wanted)


def chosen_language(request: Request) -> str:
    """The code of the language that was chosen in this browser; "" for none."""
    code = request.cookies.get(COOKIE, "")
    return code if code in LANGUAGES else ""
