"""Slow clients do not keep a place: head, body, answers nobody reads. Real sockets, short deadlines."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial

import pytest

from plugin.app import App
from plugin.web.serve import configured
from plugin.web.server.connection import DeadlineProtocol
from plugin.web.server.guard import STREAMED
from tests.plugin.web.real_server import in_thread, read_answer


class Hasty(DeadlineProtocol):
    """The same, in less of a test's time."""

    head_s = 0.6
    read_s = 0.6


COOKIES: dict[int, str] = {}
"""By port: of a browser that came in."""


@pytest.fixture
def port(app: App) -> Iterator[int]:
    """The site in a thread of this process."""
    with in_thread(app, partial(configured, body_s=0.6, protocol=Hasty)) as web:
        COOKIES[web.port] = f"{web.sessions.cookie}={web.sessions.redeem(web.sessions.ticket())}"
        yield web.port


def head(port: int, first: str, *more: str) -> bytes:
    own = (f"Host: 127.0.0.1:{port}", f"Cookie: {COOKIES[port]}", f"Origin: http://127.0.0.1:{port}")
    return "\r\n".join([first, *own, *more]).encode() + b"\r\n\r\n"


def drip(connection: socket.socket, data: bytes) -> None:
    """A byte now and then, as long as anybody listens."""
    with suppress(OSError):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)


def ended(connection: socket.socket) -> bool:
    """Wait until the server closes."""
    connection.settimeout(30)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30)


def test_a_head_that_never_ends_is_not_waited_for(port: int):
    """Slowloris: many connections that each send a byte at times. Whoever comes properly is served meanwhile."""
    slow = [connected(port) for _ in range(20)]
    endless = b"GET /people HTTP/1.1\r\n" + b"X-A: b\r\n" * 1000
    threads = [threading.Thread(target=drip, args=(c, endless)) for c in slow]
    for thread in threads:
        thread.start()
    with closing(connected(port)) as proper:
        proper.sendall(head(port, "GET /people HTTP/1.1", "Connection: close"))
        assert read_answer(proper).status == 200
    assert all(ended(c) for c in slow)
    for thread, connection in zip(threads, slow, strict=True):
        thread.join()
        connection.close()


def test_a_connection_that_says_nothing_is_closed(port: int):
    with closing(connected(port)) as silent:
        assert ended(silent)


def test_the_second_request_has_to_be_quick_too(port: int):
    with closing(connected(port)) as connection:
        connection.sendall(head(port, "GET /static/icon.svg HTTP/1.1"))
        assert read_answer(connection).status == 200
        thread = threading.Thread(target=drip, args=(connection, b"GET /people HTTP/1.1\r\n" + b"X-A: b\r\n" * 1000))
        thread.start()
        assert ended(connection)
        thread.join()


def test_a_body_that_never_comes_is_not_waited_for(port: int):
    with closing(connected(port)) as connection:
        connection.sendall(head(port, "POST /undo/1 HTTP/1.1", "Content-Length: 1000"))
        drip(connection, b"abc")
        answer = read_answer(connection)
        assert answer.status == 408
        assert ended(connection)


def test_a_chunked_body_that_never_ends_is_not_waited_for(port: int):
    with closing(connected(port)) as connection:
        connection.sendall(head(port, "POST /undo/1 HTTP/1.1", "Transfer-Encoding: chunked"))
        thread = threading.Thread(target=drip, args=(connection, b"1\r\nx\r\n" * 1000))
        thread.start()
        assert read_answer(connection).status in (408, 0)
        thread.join()


def test_a_photo_that_stops_coming_is_not_waited_for(port: int, app: App):
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as connection:
        connection.sendall(head(port, "POST /uploads?name=a.jpg HTTP/1.1", "Content-Length: 1000000") + b"\xff\xd8\xff")
        answer = read_answer(connection)
    assert (answer.status, answer.header("connection")) == (408, "close")
    assert list(app.settings.folders.uploads.iterdir()) == []


def test_a_photo_that_says_no_length_is_cut_off(port: int, app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(STREAMED, ("POST", "/uploads"), 100_000)
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as connection:
        connection.sendall(head(port, "POST /uploads?name=a.jpg HTTP/1.1", "Transfer-Encoding: chunked"))
        with suppress(OSError):
            for _ in range(4):
                connection.sendall(b"8000\r\n" + b"x" * 32768 + b"\r\n")
        answer = read_answer(connection)
    assert (answer.status, answer.header("connection")) == (413, "close")
    assert list(app.settings.folders.uploads.iterdir()) == []


def test_a_client_that_does_not_read_is_left(port: int):
    """It asks for megabytes and takes nothing; the server's memory must not keep them for ever."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", port))
        asked = head(port, "GET /static/vendor/htmx/htmx.min.js HTTP/1.1")
        refused = False
        for _ in range(3000):
            try:
                connection.sendall(asked)
            except ConnectionError:
                refused = True
                break
            time.sleep(0.005)
        assert refused
    with closing(connected(port)) as proper:
        proper.sendall(head(port, "GET /static/icon.svg HTTP/1.1", "Connection: close"))
        assert read_answer(proper).status == 200
