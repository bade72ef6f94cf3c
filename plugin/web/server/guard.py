"""Stands before every page: who asks, from where, how much and how slowly; and the headers of every answer.

What is kept out, and why, stands in docs/web.md; tests/plugin/web/test_attacks.py tries it.
"""

import asyncio
import logging
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .refused import crashed, refused
from .session import Sessions

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
"""Bytes of a request's body: forms are small, and no picture is ever uploaded."""

BODY_S = 10.0
"""A body has to be there after so many seconds."""

READING = ("GET", "HEAD")
METHODS = (*READING, "POST")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers then send "Origin: null" with our own forms. Nothing goes to other sites either way.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), payment=()",
    "Cache-Control": "no-store",
}
"""Of every answer, unless it says otherwise itself: pictures and static files may be cached."""

WITHOUT_COOKIE = {("GET", "/enter"), ("POST", "/ticket")}
"""The ways in: a one-time ticket, and the secret in the runtime folder. Each checks its own."""


class Guard:
    """Around the whole site."""

    def __init__(self, app: ASGIApp, sessions: Sessions, port: int, body_s: float = BODY_S) -> None:
        self._app, self._sessions = app, sessions
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"there is no {scope['type']} here")
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        try:
            refusal, body = self._refusal(request), b""
            if refusal is None:
                refusal, body = await self._body(request, receive)
            if refusal is not None:
                # What is left of its body is not read: the next request could be hidden in it.
                refusal.headers["Connection"] = "close"
                await refusal(scope, receive, answer)
                return
            await self._app(scope, _replay(body, receive), answer)
        except Exception:
            log.exception("%s %s", scope["method"], scope["path"])
            if not begun:
                await crashed(request)(scope, receive, answer)

    def _refusal(self, request: Request) -> Response | None:
        """The answer to a request that gets no further; None for one that does."""
        headers, method = request.headers, request.method
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            # A name of somebody else's that leads to this machine (DNS rebinding).
            return PlainTextResponse("This address is not served here.\n", 421)
        if method not in METHODS:
            return PlainTextResponse("Not here.\n", 405, {"Allow": ", ".join(METHODS)})
        if (method, request.url.path) in WITHOUT_COOKIE:
            return None
        if not self._sessions.known(request.cookies.get(self._sessions.cookie)):
            return refused(request)
        if _foreign(headers, f"http://{hosts[0].lower()}", reading=method in READING):
            return PlainTextResponse("Another site asked for this.\n", 403)
        return None

    async def _body(self, request: Request, receive: Receive) -> tuple[Response | None, bytes]:
        """The whole body, or the answer to one that is too long or too slow."""
        too_long = PlainTextResponse(f"At most {MAX_BODY >> 10} KiB.\n", 413)
        said = request.headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > MAX_BODY:
            return too_long, b""
        parts: list[bytes] = []
        length, more = 0, True
        try:
            async with asyncio.timeout(self._body_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return Response(status_code=400), b""
                    parts.append(message.get("body", b""))
                    length += len(parts[-1])
                    more = message.get("more_body", False)
                    if length > MAX_BODY:
                        return too_long, b""
        except TimeoutError:
            return PlainTextResponse("Too slow.\n", 408), b""
        return None, b"".join(parts)


def _foreign(headers: Headers | Mapping[str, str], here: str, *, reading: bool) -> bool:
    """Whether another site is behind a request. "same-site" is another: it means another port of this machine."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin not in (None, here):
        return True
    if reading:
        # A link from elsewhere may open a page (without the cookie, which is strict); nothing may be embedded.
        opens = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
        return site not in (None, "same-origin", "none") and not opens
    return site != "same-origin" if site is not None else origin is None


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read, then whatever comes after it (only that the client left)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
