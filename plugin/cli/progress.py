"""Progress on stderr. rich is imported here only, when long work starts."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..progress import Counted


class _Speed(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: object) -> Text:
        speed = getattr(task, "finished_speed", None) or getattr(task, "speed", None)
        return Text("" if speed is None else f"{speed:.1f} {self._unit}/s")


class _Bar(Counted):
    def __init__(self, progress: Progress, title: str) -> None:
        super().__init__()
        self._progress, self._task = progress, progress.add_task(title, total=None)

    def total(self, n: int) -> None:
        super().total(n)
        self._progress.update(self._task, total=n)

    def step(self, note: str = "") -> None:
        self._done += 1
        self._progress.advance(self._task)


class _Lines(Counted):
    """For logs and pipes: a line when five seconds have passed, and one at the end of what took a second or more."""

    def __init__(self, title: str, unit: str) -> None:
        super().__init__()
        self._title, self._unit = title, unit
        self._start = self._last = time.monotonic()

    def step(self, note: str = "") -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last >= 5:
            self._last = now
            self.line(now)

    def end(self) -> None:
        now = time.monotonic()
        # Of one photo, or of less than a second, there is no speed worth telling.
        if self._done > 1 and now - self._start >= 1:
            self.line(now)

    def line(self, now: float) -> None:
        speed = self._done / max(now - self._start, 1e-6)
        left = (self._total - self._done) / speed if speed else 0.0
        sys.stderr.write(f"{self._title} {self._done}/{self._total}, {speed:.1f} {self._unit}/s, {left:.0f} s left\n")


@contextmanager
def bar(title: str, unit: str) -> Generator[_Bar | _Lines]:
    """A live bar on a terminal, sparse lines elsewhere."""
    if not sys.stderr.isatty():
        lines = _Lines(title, unit)
        yield lines
        lines.end()
        return
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Speed(unit), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True)) as progress:
        yield _Bar(progress, title)
