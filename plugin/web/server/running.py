"""Where the site of a gallery is served now, for every program of the same user. Light: imports nothing slow.

`web.json` in the runtime folder (0600) holds port, process and a secret; whoever can read it may ask for tickets.
"""

import http.client
import os
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from msgspec import Meta, Struct

from iconface_core.codec import CodecError, decode_json, encode_json

from ...errors import UsageError
from ...paths import write_private

FILE = "web.json"
LOCK = "web.lock"
PATIENCE_S = 5.0
DEED_S = 30.0
"""Something that is asked for may take longer than a way in."""


class ServedSite(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds. `pid` is the process that serves."""

    port: Annotated[int, Meta(ge=1, le=65_535)]
    pid: int
    secret: str


def way_in(runtime: Path) -> str | None:
    """A fresh one-time address of the running site; None when none runs (a file left by a crash counts as none)."""
    told = _read(runtime)
    if told is None:
        return None
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", told.port, timeout=PATIENCE_S)) as connection:
            connection.request("POST", "/ticket", headers={"Authorization": f"Bearer {told.secret}"})
            answer = connection.getresponse()
            ticket = answer.read(256).decode("ascii")
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return address(told.port, ticket) if answer.status == 200 else None


def wait_for_way_in(runtime: Path, patience_s: float) -> str | None:
    """The same of a site that is just being started; None when it did not come."""
    end = time.monotonic() + patience_s
    while (url := way_in(runtime)) is None and time.monotonic() < end:
        time.sleep(0.1)
    return url


def ask_site(runtime: Path, path: str, **fields: str) -> bytes | None:
    """What the running site answers to a form with these fields; it is entered as a browser enters it. None when none
    runs. Raises UsageError with what the site says where it refuses."""
    if (way := way_in(runtime)) is None:
        return None
    parts = urlsplit(way)
    try:
        with closing(http.client.HTTPConnection(parts.netloc, timeout=DEED_S)) as connection:
            connection.request("GET", f"{parts.path}?{parts.query}")
            entered = connection.getresponse()
            entered.read()
            headers = {
                "Cookie": entered.getheader("Set-Cookie", "").partition(";")[0],
                "Origin": f"http://{parts.netloc}",
                "Accept": "application/json",
                "HX-Request": "true",  # errors come as a sentence
                "Content-Type": "application/x-www-form-urlencoded",
            }
            connection.request("POST", path, urlencode(fields), headers)
            answer = connection.getresponse()
            body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    if answer.status >= 400:
        raise UsageError(body.decode("utf-8", "replace").strip())
    return body


def address(port: int, ticket: str) -> str:
    """The address that lets one browser in, once."""
    return f"http://127.0.0.1:{port}/enter?ticket={ticket}"


@contextmanager
def told(runtime: Path, port: int, secret: str) -> Generator[None]:
    """While the block runs, others find the site. The caller holds the lock: what is there is stale."""
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(runtime / FILE, encode_json(ServedSite(port, os.getpid(), secret)).encode())
    try:
        yield
    finally:
        (runtime / FILE).unlink(missing_ok=True)


def _read(runtime: Path) -> ServedSite | None:
    with suppress(OSError, CodecError):
        return decode_json(ServedSite, (runtime / FILE).read_bytes(), FILE)
    return None
