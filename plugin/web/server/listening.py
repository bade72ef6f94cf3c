"""A port to listen on, and how uvicorn serves a site there: the same for every door of the site."""

import errno
import logging
import socket
import ssl
import sys
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from ...errors import BusyError
from .connection import DeadlineProtocol

CONNECTIONS = 400
"""More at once are told to come back later."""

KEEP_ALIVE_S = 10
END_S = 3
"""Answers that are being given get so long to end."""


def http_config(
    site: ASGIApp,
    *,
    protocol: type[DeadlineProtocol] = DeadlineProtocol,
    connections: int = CONNECTIONS,
    tls: ssl.SSLContext | None = None,
) -> uvicorn.Config:
    """How uvicorn is to serve a site. No access log: addresses are private."""
    return uvicorn.Config(
        site,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=connections,
        backlog=connections,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


@contextmanager
def bound(address: str, port: int) -> Generator[socket.socket]:
    """A socket of one address of this machine. Raises BusyError when another program has the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named: every answer would wait 40 ms for its rest.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of a server that just ended
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # elsewhere others could bind to it too
        made.bind((address, port))
    except OSError as e:
        made.close()
        if e.errno in (errno.EADDRINUSE, errno.EACCES):
            raise BusyError(f"port {port} cannot be used ({e.strerror}); choose another, or leave out --port") from e
        raise
    with made:
        yield made
