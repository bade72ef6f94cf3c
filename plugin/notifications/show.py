"""Shows notes, each in a process of its own, which may outlive this one: Undo must work when a service that was started
for one photo has gone. Without a desktop nothing is shown and nothing fails."""

import logging
import os
import subprocess
from collections.abc import Sequence
from threading import Lock

from iconface_core.codec import encode_json

from ..own_process import NEUTRAL, own_module
from .note import Note
from .systemd_scope import as_scope

log = logging.getLogger(__name__)

MAX_SHOWING = 3
"""Processes that wait for an answer; the oldest gives way."""


class Popups:
    """The notes that are on the screen. May be used from any thread."""

    def __init__(self, program: Sequence[str] = own_module(f"{__package__}.process")) -> None:
        self._program, self._lock = tuple(program), Lock()
        self._showing: list[subprocess.Popen[bytes]] = []

    def show(self, note: Note) -> None:
        """Show it; returns at once."""
        with self._lock:
            self._showing = [p for p in self._showing if p.poll() is None]
            while len(self._showing) >= MAX_SHOWING:
                self._end(self._showing.pop(0))
            try:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    [*as_scope(os.environ), *self._program],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=NEUTRAL,
                    start_new_session=True,
                )
                assert process.stdin is not None
                process.stdin.write(encode_json(note).encode("ascii"))
                process.stdin.close()
            except OSError as e:
                log.info("no notification: %s", e)
                return
            self._showing.append(process)

    def leave(self) -> None:
        """What is on the screen stays, and is not ours to wait for: this process ends before it."""
        for process in self._showing:
            process.returncode = 0  # keeps Python from warning that it still runs
        self._showing.clear()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait()
