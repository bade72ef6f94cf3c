"""How results leave a command: data on stdout, progress and remarks on stderr."""

import codecs
import io
import json
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..errors import AppError
from ..plain_text import shown
from ..progress import Counted, Progress, Silent

SCHEMA_VERSION = 1
"""Version of every JSON object this release prints; docs/json.md says when it changes."""


class OutputError(AppError):
    """What a command has to say cannot be written where it was sent to."""


def for_any_terminal() -> None:
    """A letter that a terminal or file has no code for is shown as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """A line on stdout. Raises OutputError when it cannot be written, BrokenPipeError when the reader has left."""
    with _explained():
        sys.stdout.write(line + "\n")


def flush() -> None:
    """Have everything written. Raises as `say`."""
    with _explained():
        sys.stdout.flush()


def give_up_stdout() -> None:
    """What is still buffered must not fail once more when the interpreter closes stdout."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def whisper(line: str) -> None:
    """A line on stderr. When nobody can read it there, there is nobody left to tell."""
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


@contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as e:
        raise OutputError(f"the output cannot be written: {e.strerror or e}") from e


@dataclass(frozen=True, slots=True)
class Output:
    """Chosen once from `--json`, `--jsonl` and `--quiet`."""

    command: str
    as_json: bool = False
    as_jsonl: bool = False
    quiet: bool = False

    @property
    def machine(self) -> bool:
        """True when stdout is read by a program."""
        return self.as_json or self.as_jsonl

    def result(self, key: str, rows: Sequence[Mapping[str, Any]], human: Iterable[str], **extra: Any) -> None:
        """Print rows: one object (`--json`), a line each (`--jsonl`), or the lines meant for a person."""
        if self.as_jsonl:
            for row in rows:
                self._write({"schema_version": SCHEMA_VERSION, "type": key, **row})
            if extra:
                self._write({"schema_version": SCHEMA_VERSION, "type": "summary", **extra})
        elif self.as_json:
            self._write({"schema_version": SCHEMA_VERSION, "command": self.command, key: list(rows), **extra})
        else:
            for line in human:
                say(shown(line))

    def object(self, payload: Mapping[str, Any], human: Iterable[str]) -> None:
        """Print one object, or the lines meant for a person."""
        if self.machine:
            self._write({"schema_version": SCHEMA_VERSION, "command": self.command, **payload})
        else:
            for line in human:
                say(shown(line))

    def note(self, text: str) -> None:
        """A remark for a person, on stderr."""
        if not self.quiet:
            whisper(shown(text))

    def error(self, exit_code: int, kind: str, message: str) -> None:
        """The one place where a failure is shown. Programs get it as an object too."""
        if self.machine:
            self._write(
                {
                    "schema_version": SCHEMA_VERSION,
                    "command": self.command,
                    "error": {"kind": kind, "message": message, "exit_code": exit_code},
                }
            )
        whisper(f"iconface: {shown(message)}")

    @contextmanager
    def progress(self, title: str, unit: str) -> Generator[Progress]:
        """A bar with speed and time left when stderr is a terminal, a line every few seconds otherwise.

        With `--jsonl` every step is an object on stdout instead, for programs that show progress themselves.
        """
        if self.as_jsonl:
            yield _Events(self._write)
            return
        if self.quiet:
            yield Silent()
            return
        from .progress import bar

        with bar(title, unit) as p:
            yield p

    def _write(self, payload: Mapping[str, Any]) -> None:
        # Where a letter has no code, JSON has a way of its own to write it; UTF-8 has one for every letter.
        plain = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
        say(json.dumps(_with_words(payload), ensure_ascii=plain))
        flush()


def _with_words(payload: Mapping[str, Any]) -> Any:
    """Reasons in words, beside what they say. Where nobody has imported reasons there are none."""
    if "iconface_core.reasons" not in sys.modules:
        return payload
    from .json_words import with_words

    return with_words(payload)


class _Events(Counted):
    """Each step as a JSON object."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._write = write

    def step(self, note: str = "") -> None:
        self._done += 1
        event = {"type": "progress", "done": self._done, "total": self._total, "photo": note}
        self._write({"schema_version": SCHEMA_VERSION, **event})


def columns(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Left-aligned text columns; an empty table says so. A line break or an escape sequence in a file's name is shown,
    not obeyed."""
    if not rows:
        return ["(none)"]
    cells = [
        [str(h) for h in head],
        *([("" if c is None else shown(str(c)).replace("\t", "\\t")) for c in row] for row in rows),
    ]
    widths = [max(len(r[i]) for r in cells) for i in range(len(head))]
    return ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells]


SHOWN = 20
"""Lines of a long list that a terminal shows."""


def first_lines(title: str, lines: Sequence[str]) -> Iterator[str]:
    """The first of a list below its title; nothing for an empty one."""
    if lines:
        yield f"{title} ({len(lines)}):"
        yield from (f"  {line}" for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN} more: --json lists all"
