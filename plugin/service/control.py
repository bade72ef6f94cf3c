"""The service can be asked: one JSON object a line in, one back. Light: nothing that takes long to import.

On POSIX a Unix domain socket (0600) in the runtime folder. Where there is none (Windows), or the folder's name is too
long for one, a loopback port with a secret, both in a file only the user can read.
"""

import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread
from typing import Annotated, Literal

from msgspec import Meta, Struct

from iconface_core.codec import JsonObject, decode_json, encode_json

SOCKET = "service.sock"
PORT = "service.port"
PATIENCE_S = 2.0
MAX_QUESTION, MAX_ANSWER = 65_536, 16_000_000
"""Bytes of a line; an answer may name many folders."""
AT_ONCE = 32
"""So many questions are read at a time; more wait at the door."""

Command = Literal["ping", "status", "wake", "pause", "resume", "stop", "restart", "web"]


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """A line to the service. `kind` of jobs to `pause` or `resume`, None for all; `port` of the page for `web`, 0 for
    any."""

    command: Command
    secret: str = ""
    kind: str | None = None
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0


class LoopbackDoor(Struct, frozen=True, forbid_unknown_fields=True):
    """Where there is no Unix socket: the port, and what must be said there."""

    port: Annotated[int, Meta(ge=1, le=65_535)]
    secret: str


AnswerRequest = Callable[[Request], JsonObject]
"""What it returns is sent back. Raises ValueError for what cannot be done."""


def ask(
    runtime: Path, command: Command, *, kind: str | None = None, port: int = 0, timeout_s: float = PATIENCE_S
) -> JsonObject | None:
    """The service's answer to a command, or None when no service runs. {"error": text} when it did not do it."""
    try:
        with _connected(runtime, timeout_s) as (connection, secret):
            connection.sendall((encode_json(Request(command, secret, kind, port)) + "\n").encode("ascii"))
            return decode_json(JsonObject, _line(connection, MAX_ANSWER, timeout_s), "answer")
    except TimeoutError:
        return {"error": f"the service did not answer within {timeout_s:g} s"}
    except (OSError, ValueError):  # no service, or nothing sensible
        return None


class ControlServer:
    """Answers questions, one at a time, until `close`. Each is read in a thread of its own: who says nothing, or half a
    line, keeps nobody waiting."""

    def __init__(self, runtime: Path, answer: AnswerRequest, *, loopback: bool = False) -> None:
        """Raises OSError when nothing can be bound. The caller holds the service's lock: what is there is stale."""
        import secrets  # here, because it takes longer to import than `ask` takes

        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._answer, self._secret, self._same = answer, "", secrets.compare_digest
        self._files = [runtime / SOCKET, runtime / PORT]
        for file in self._files:
            file.unlink(missing_ok=True)
        bound = None if loopback else _bind_unix(runtime)
        self._socket = bound or self._bind_loopback(runtime / PORT, secrets.token_urlsafe(32))
        self._socket.listen(128)
        self._closing, self._turn, self._room = False, Lock(), BoundedSemaphore(AT_ONCE)
        self._thread = Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more; the socket goes away."""
        self._closing = True
        for file in self._files:
            file.unlink(missing_ok=True)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes `accept` on Linux; elsewhere `close` does
        self._socket.close()
        self._thread.join(PATIENCE_S)

    def _serve(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._room.acquire()
            Thread(target=self._attend, args=(connection,), name="question", daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            with closing(connection), suppress(OSError):
                reply = self._reply(connection)
                connection.settimeout(PATIENCE_S)
                connection.sendall((encode_json(reply) + "\n").encode("ascii"))
        finally:
            self._room.release()

    def _reply(self, connection: socket.socket) -> JsonObject:
        try:
            request = decode_json(Request, _line(connection, MAX_QUESTION, PATIENCE_S), "request")
            if not self._same(request.secret, self._secret):
                return {"error": "wrong secret"}
            with self._turn:
                return self._answer(request)
        except TimeoutError:
            return {"error": "the line has no end"}
        except ValueError as e:
            return {"error": str(e)}
        except Exception as e:  # a question must not end the service
            return {"error": f"{type(e).__name__}: {e}"}

    def _bind_loopback(self, port_file: Path, secret: str) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.bind(("127.0.0.1", 0))
        self._secret = secret
        with os.fdopen(os.open(port_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(encode_json(LoopbackDoor(made.getsockname()[1], self._secret)))
        return made


def _bind_unix(runtime: Path) -> socket.socket | None:
    """A listening Unix socket, or None where there is none, or the name is too long."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(runtime) as name:
            made.bind(name)
            Path(name).chmod(0o600)
    except OSError as e:
        made.close()
        if "too long" in str(e):
            return None
        raise
    return made


@contextmanager
def _connected(runtime: Path, timeout_s: float) -> Generator[tuple[socket.socket, str]]:
    if (runtime / PORT).exists():
        door = decode_json(LoopbackDoor, (runtime / PORT).read_bytes(), PORT)
        with closing(socket.create_connection(("127.0.0.1", door.port), timeout_s)) as connection:
            yield connection, door.secret
        return
    if not hasattr(socket, "AF_UNIX"):
        raise FileNotFoundError(runtime / PORT)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection, _short(runtime) as name:
        connection.settimeout(timeout_s)
        _connect(connection, name, timeout_s)
        yield connection, ""


def _connect(connection: socket.socket, name: str, timeout_s: float) -> None:
    """Linux refuses at once when too many wait at the door already: that is not a sign that nobody is there."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            return connection.connect(name)
        except BlockingIOError as e:
            if time.monotonic() > end:
                raise TimeoutError from e
            time.sleep(0.02)


@contextmanager
def _short(runtime: Path) -> Generator[str]:
    """The socket's name, short enough for the system (108 bytes on Linux): if need be through a descriptor."""
    name = str(runtime / SOCKET)
    if len(os.fsencode(name)) < 100 or not Path("/proc/self/fd").is_dir():
        yield name
        return
    folder = os.open(runtime, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def _line(connection: socket.socket, most: int, timeout_s: float) -> bytes:
    """Read up to a line end. Raises ValueError when there is none in `most` bytes, TimeoutError when not in time."""
    end = time.monotonic() + timeout_s
    parts: list[bytes] = []
    size = 0
    while not (parts and parts[-1].endswith(b"\n")):
        connection.settimeout(max(end - time.monotonic(), 0.001))
        part = connection.recv(65_536)
        size += len(part)
        if not part or size > most:
            raise ValueError("the line has no end")
        parts.append(part)
    return b"".join(parts)
