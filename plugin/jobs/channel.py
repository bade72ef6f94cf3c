"""How the worker process and its supervisor talk: one JSON object a line, over the worker's standard streams."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import IO, Any


class Sender:
    """Writes objects to a stream, whole lines only, from any thread."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._lock = stream, Lock()

    def send(self, **message: Any) -> None:
        """Silent when the other side is gone: whoever sends finds out by its own means."""
        line = json.dumps(message) + "\n"
        try:
            with self._lock:
                self._stream.write(line)
                self._stream.flush()
        except (OSError, ValueError):
            return


def messages(stream: IO[str]) -> Iterator[Mapping[str, Any]]:
    """Objects read from a stream until it ends. Half a line, of a dying process, is skipped."""
    for line in stream:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict):
            yield message


def take_stdout() -> Sender:
    """The worker's end. What libraries print goes to the log from here on: standard output belongs to the protocol."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Sender(own)


def listen(stream: IO[str], on_message: Callable[[Mapping[str, Any]], None], on_end: Callable[[], None]) -> None:
    """Pass messages on until the stream ends. Runs in a thread of its own."""
    try:
        for message in messages(stream):
            on_message(message)
    except (OSError, ValueError):  # closed under our hands
        pass
    on_end()
