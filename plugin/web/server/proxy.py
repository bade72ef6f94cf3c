"""The door for people whom a reverse proxy has logged in (docs/scale.md#several-people-at-once).

iconface knows no password. A proxy in front of it says in a header who asks, and proves by a secret in another one that
it is the proxy: other programs of this machine can reach the port as well. tests/plugin/web/test_proxy.py tries it.
"""

import os
import secrets
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gallery_db.errors import UnusableNameError
from gallery_db.users import clean_user

from ...errors import UsageError
from .callers import Caller
from .guard import STREAMED

USER = "x-forwarded-user"
SECRET = "x-iconface-secret"  # noqa: S105  # a header's name

SHORTEST_SECRET = 32
"""Characters: `openssl rand -hex 32` gives twice as many."""


class Proxied:
    """Who gets in here has a name. `address` of the proxy, the `secret` it shares with us, and what browsers call the
    page there, as `https://photos.example.org`."""

    unasked: frozenset[tuple[str, str]] = frozenset()
    streamed: Mapping[tuple[str, str], int] = STREAMED
    claims = frozenset({USER, SECRET})

    def __init__(self, address: str, secret: str, origin: str) -> None:
        self.origins = {urlsplit(origin).netloc: origin}
        self._address, self._secret = ip_address(address), secret.encode()

    def admitted(self, request: Request) -> Caller | Response:
        """Each header once and whole, from the proxy. Which of them was wrong is nobody's business."""
        users, given = request.headers.getlist(USER), request.headers.getlist(SECRET)
        if len(users) == len(given) == 1 and self._from_proxy(request) and self._proves(given[0]):
            try:
                return Caller(clean_user(users[0].encode("latin-1").decode("utf-8")), "viewer")
            except (UnicodeError, UnusableNameError):
                pass
        return PlainTextResponse("Only through the proxy.\n", 403)

    def _proves(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("latin-1"), self._secret)

    def _from_proxy(self, request: Request) -> bool:
        if request.client is None:
            return False
        try:
            host = ip_address(request.client.host)
        except ValueError:
            return False
        return (host.ipv4_mapped or host if isinstance(host, IPv6Address) else host) == self._address


def secret_of(file: Path) -> str:
    """What the proxy proves itself by. Raises UsageError when it cannot be read, others can read it, or it is short."""
    try:
        said = file.read_text("ascii").strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeError) as e:
        raise UsageError(f"proxy_secret_file: cannot read {file}: {e}") from e
    if os.name == "posix" and mode & 0o077:
        raise UsageError(f"proxy_secret_file: others can read {file}: chmod 600")
    if len(said) < SHORTEST_SECRET or not said.isprintable() or " " in said:
        raise UsageError(
            f"proxy_secret_file: {file} must hold one word of {SHORTEST_SECRET} letters or more: openssl rand -hex 32"
        )
    return said
