"""What long work reports to. The command line shows a bar, tests and services pass `Silent`."""

from typing import Protocol


class Progress(Protocol):
    """`total` is told once the amount is known, `more` when that many units turn out to be to do besides, `step` after
    each unit of work."""

    def total(self, n: int) -> None: ...
    def more(self, n: int) -> None: ...
    def step(self, note: str = "") -> None: ...


class Silent:
    """Reports nothing."""

    def total(self, n: int) -> None: ...
    def more(self, n: int) -> None: ...
    def step(self, note: str = "") -> None: ...
