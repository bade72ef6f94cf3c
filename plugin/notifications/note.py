"""What a notification says. Apart, because the process that shows one needs nothing else of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Button:
    """Opens a file, folder or address, or runs a command; `done` is told when that worked, if it is not empty."""

    title: str
    opens: str | None = None
    runs: tuple[str, ...] = ()
    done: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. A click on the note itself presses the button `Open`, when there is one."""

    title: str
    body: str
    buttons: tuple[Button, ...] = ()

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Note":
        """The note that `dataclasses.asdict` and JSON made this of."""
        buttons = (Button(**{**b, "runs": tuple(b["runs"])}) for b in row["buttons"])
        return cls(row["title"], row["body"], tuple(buttons))
