"""Who gets in at the door for phones: a device of this home network, over TLS, that was paired.

What is kept out, and why, stands in docs/phone.md; tests/plugin/web/phone/test_attacks.py tries it.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..server.callers import Caller
from ..server.refused import not_paired
from .devices import DAYS, Devices
from .invitations import Invitations
from .networks import HomeAddress

COOKIE = "__Host-iconface-phone"
"""The prefix has browsers refuse it without TLS, from another host, and for another path."""

PAIR = "/pair"

UPLOAD_BYTES = 64_000_000
"""Of one photo: what cameras of phones make is smaller."""

UPLOADS = 100
"""Photos that are taken in while the door is open."""

UPLOADING = ("POST", "/uploads")


class PhoneEntrance:
    """One opened door. `answers` are the decisions that were made through it: all that may be taken back there."""

    unasked: frozenset[tuple[str, str]] = frozenset()
    claims: frozenset[str] = frozenset()
    streamed: Mapping[tuple[str, str], int] = {UPLOADING: UPLOAD_BYTES}

    def __init__(self, home: HomeAddress, port: int, devices: Devices, fingerprint: str) -> None:
        self.home, self.devices, self.fingerprint = home, devices, fingerprint
        self.base = f"https://{home.host}:{port}"
        self.origins = {f"{home.host}:{port}": self.base}
        self.invitations = Invitations()
        self.answers: set[int] = set()
        self._uploads = 0

    def address(self) -> str:
        """What the QR code says: where the phone is let in, once."""
        return f"{self.base}{PAIR}?code={self.invitations.code()}"

    def admitted(self, request: Request) -> Caller | Response:
        """Not who is not in this network, has no TLS, or was not paired; nor who sends too many photos."""
        if request.client is None or not self.home.holds(request.client.host):
            return PlainTextResponse("Only from the network at home.\n", 403)
        if request.url.scheme != "https":
            return PlainTextResponse("Only with TLS.\n", 403)
        if request.url.path == PAIR:
            return Caller(role="viewer")
        if self.devices.known(request.cookies.get(COOKIE)) is None:
            return not_paired(request)
        if (request.method, request.url.path) == UPLOADING:
            self._uploads += 1
            if self._uploads > UPLOADS:
                return PlainTextResponse(f"At most {UPLOADS} photos at a time. Open the door for phones anew.\n", 429)
        return Caller()

    def let_in(self, response: Response, name: str) -> None:
        """Pair a phone, which `response` gives its cookie."""
        token = self.devices.pair(name)
        response.set_cookie(
            COOKIE, token, max_age=DAYS * 86_400, path="/", secure=True, httponly=True, samesite="strict"
        )
