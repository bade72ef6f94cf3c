"""Stands before every page: who asks, from where, how much and how slowly; and the headers of every answer.

What is kept out, and why, stands in docs/web.md; tests/plugin/web/test_attacks.py tries it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence, Set
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...languages import _
from ...restoring.uploads import MAX_BYTES
from .callers import Caller, let_in
from .refused import crashed, refused
from .session import Sessions

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
"""Bytes of a request's body: forms are small. Only a photo may be larger (`STREAMED`)."""

BODY_S = 10.0
"""A body has to be there after so many seconds; of a photo, something new."""

STREAMED = {("POST", "/uploads"): MAX_BYTES}
"""What takes a large body, and how many bytes at most: it is handed on as it comes, and never in memory as a whole."""

STREAM_S = 600.0
"""A photo has to be there after so many seconds."""

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


class Entrance(Protocol):
    """By which names one door of the site is known, and who gets in there."""

    @property
    def origins(self) -> Mapping[str, str]:
        """What a request may call this host, in lower case: the origin that pages have under that name."""
        ...

    @property
    def unasked(self) -> Set[tuple[str, str]]:
        """Ways in that check for themselves who comes, and from where."""
        ...

    @property
    def streamed(self) -> Mapping[tuple[str, str], int]:
        """What takes a large body, and how many bytes at most."""
        ...

    @property
    def claims(self) -> Set[str]:
        """Headers, in lower case, that mean something here: at another door of the same port they are refused."""
        ...

    def admitted(self, request: Request) -> Caller | Response:
        """Who asks, or the answer to whoever does not get in here."""
        ...


class Loopback:
    """The door for this machine: its names, and the cookie of this start."""

    unasked = frozenset(WITHOUT_COOKIE)
    streamed = STREAMED
    claims: Set[str] = frozenset()

    def __init__(self, sessions: Sessions, port: int) -> None:
        self.origins = {f"{name}:{port}": f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._sessions = sessions

    def admitted(self, request: Request) -> Caller | Response:
        """Who has the cookie."""
        return Caller() if self._sessions.known(request.cookies.get(self._sessions.cookie)) else refused(request)


class Guard:
    """Around the whole site, at the entrances of one port: which one is meant, the host says that a request names."""

    def __init__(self, app: ASGIApp, entrances: Sequence[Entrance], body_s: float = BODY_S) -> None:
        self._app, self._entrances, self._body_s = app, entrances, body_s
        self._claims = frozenset[str]().union(*(e.claims for e in entrances))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"there is no {scope['type']} here")
        request = Request(scope, receive)
        entrance = self._entrance(request)
        begun, most = False, entrance.streamed.get((scope["method"], scope["path"])) if entrance else None

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(message, last=most is not None and message["status"] >= 400)
            await send(message)

        try:
            refusal, body = self._refusal(request, entrance) or _too_long(request, most or MAX_BODY), receive
            if refusal is None:
                refusal, body = await self._body(receive, most)
            if refusal is not None:
                # What is left of its body is not read: the next request could be hidden in it.
                refusal.headers["Connection"] = "close"
                await refusal(scope, receive, answer)
                return
            await self._app(scope, body, answer)
        except Exception:
            log.exception("%s %s", scope["method"], scope["path"])
            if not begun:
                await crashed(request)(scope, receive, answer)

    def _entrance(self, request: Request) -> Entrance | None:
        """The door that a request knocks at; None: at none of ours."""
        hosts = request.headers.getlist("host")
        return next((e for e in self._entrances if len(hosts) == 1 and hosts[0].lower() in e.origins), None)

    def _refusal(self, request: Request, entrance: Entrance | None) -> Response | None:
        """The answer to a request that gets no further; None for one that does, whose caller is noted."""
        headers, method = request.headers, request.method
        if entrance is None:
            # A name of somebody else's that leads to this machine (DNS rebinding).
            return PlainTextResponse("This address is not served here.\n", 421)
        if any(name in headers for name in self._claims - entrance.claims):
            return PlainTextResponse("Only through the proxy.\n", 403)
        if method not in METHODS:
            return PlainTextResponse("Not here.\n", 405, {"Allow": ", ".join(METHODS)})
        if (method, request.url.path) in entrance.unasked:
            return None
        caller = entrance.admitted(request)
        if isinstance(caller, Response):
            return caller
        let_in(request.scope, caller)
        if _foreign(headers, entrance.origins[headers["host"].lower()], reading=method in READING):
            return PlainTextResponse("Another site asked for this.\n", 403)
        return None

    async def _body(self, receive: Receive, streamed: int | None) -> tuple[Response | None, Receive]:
        """The whole body, or the answer to one that is too long or too slow; of one that is handed on as it comes, at
        most `streamed` bytes."""
        if streamed is not None:
            return None, _limited(receive, streamed, self._body_s)
        parts: list[bytes] = []
        length, more = 0, True
        try:
            async with asyncio.timeout(self._body_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return Response(status_code=400), receive
                    parts.append(message.get("body", b""))
                    length += len(parts[-1])
                    more = message.get("more_body", False)
                    if length > MAX_BODY:
                        return _at_most(MAX_BODY), receive
        except TimeoutError:
            return PlainTextResponse("Too slow.\n", 408), receive
        return None, _replay(b"".join(parts), receive)


def _complete(start: Message, *, last: bool) -> None:
    """Give an answer the headers that every one has. `last`: nothing more is read on this connection, since a body may
    not have been read to its end."""
    headers = MutableHeaders(scope=start)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if last:
        headers["Connection"] = "close"


def _too_long(request: Request, most: int) -> Response | None:
    """The answer to a body that says itself that it is longer."""
    said = request.headers.get("content-length", "0")
    return None if said.isdecimal() and int(said) <= most else _at_most(most)


def _at_most(most: int) -> Response:
    return PlainTextResponse(f"At most {most >> 10} KiB.\n", 413)


def _limited(receive: Receive, most: int, piece_s: float) -> Receive:
    """A body that is handed on as it comes; one that is too long or too slow ends in an HTTPException."""
    length, end, more = 0, asyncio.get_running_loop().time() + STREAM_S, True

    async def limited() -> Message:
        nonlocal length, more
        if not more:
            return await receive()
        wait = min(piece_s, end - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(wait):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, _("That took too long.")) from None
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
        if length > most:
            raise HTTPException(413, _("This file is too large: at most {n} MB.", n=most // 1_000_000))
        return message

    return limited


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
