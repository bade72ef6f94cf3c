"""What long work reports to. The command line shows a bar, tests and services pass `Silent`."""

from typing import Protocol


class Progress(Protocol):
    """`total` is told once the amount is known, `more` when that many units turn out to be to do besides, `step` after
    each unit of work."""

    def total(self, n: int) -> None: ...
    def more(self, n: int) -> None: ...
    def step(self, note: str = "") -> None: ...


class Counted:
    """The two numbers of a `Progress`; whoever shows them counts its steps."""

    def __init__(self) -> None:
        self._done, self._total = 0, 0

    def total(self, n: int) -> None:
        self._total = n

    def more(self, n: int) -> None:
        self.total(max(self._total, self._done) + n)


class Silent:
    """Reports nothing."""

    def total(self, n: int) -> None: ...
    def more(self, n: int) -> None: ...
    def step(self, note: str = "") -> None: ...
