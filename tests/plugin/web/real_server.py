"""`iconface web` in a process of its own, and requests to it byte by byte: what a hostile client would send."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn

from plugin.app import App
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.serve import configured

WAY_IN = re.compile(r"http://127\.0\.0\.1:(\d+)/enter\?ticket=([\w-]+)")


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when the connection was closed without an answer."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The values of one header, joined."""
        return ", ".join(v for k, v in self.headers if k == name)


@dataclass(frozen=True)
class Server:
    """A running server. `cookie` is the header of a browser that came in."""

    port: int
    cookie: str
    log: Path
    process: "subprocess.Popen[str]"

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def raw(self, request: bytes) -> Answer:
        """Send these bytes, read until the server closes or the answer is whole."""
        with closing(self.connect()) as connection:
            connection.sendall(request)
            return read_answer(connection, head_only=request.startswith(b"HEAD "))

    def ask(self, target: str, method: str = "GET", body: bytes = b"", /, **headers: str | None) -> Answer:
        """One request of a browser that is in; headers with `_` for `-` are added, None leaves one out."""
        own: dict[str, str | None] = {"host": f"127.0.0.1:{self.port}", "cookie": self.cookie, "connection": "close"}
        if method not in ("GET", "HEAD"):
            own |= {"origin": self.here, "sec-fetch-site": "same-origin", "content-length": str(len(body))}
        own |= {k.replace("_", "-"): v for k, v in headers.items()}
        lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in own.items() if v is not None)]
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def read_answer(connection: socket.socket, *, head_only: bool = False) -> Answer:
    """The next answer on a connection."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return Answer(0, (), data)
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = tuple((k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines))
        length = dict(headers).get("content-length")
        while not head_only and (length is None or len(body) < int(length)):
            part = connection.recv(65536)
            if not part:
                break
            body += part
    except ConnectionError:
        return Answer(0, (), data)
    return Answer(int(first.split()[1]), headers, body)


def command(home: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "plugin", "--home", str(home), "web", "--no-browser", *options]


@contextmanager
def started(home: Path, *options: str) -> Generator[Server]:
    """The server of a home, with one browser that came in."""
    log = home / "web.log"
    with log.open("w") as errors:
        process = subprocess.Popen(command(home, *options), stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        found = WAY_IN.search(process.stdout.readline())
        assert found, log.read_text()
        server = Server(int(found[1]), "", log, process)
        yield replace(server, cookie=come_in(server, found[2]))
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextmanager
def in_thread(app: App, configure: Callable[[Web], uvicorn.Config] = configured) -> Generator[Web]:
    """The site of an application, served from a thread of this process until the block ends."""
    with ExitStack() as opened:
        listening = opened.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        web = opened.enter_context(make_web(app, listening.getsockname()[1]))
        server = uvicorn.Server(configure(web))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield web
        finally:
            web.live.close()
            server.should_exit = True
            thread.join()


def come_in(server: Server, ticket: str) -> str:
    """The cookie for a ticket."""
    answer = server.ask(f"/enter?ticket={ticket}", cookie=None)
    assert answer.status == 303, answer
    return answer.header("set-cookie").split(";")[0]
