"""What a notification says. Apart, because the process that shows one needs nothing else of ours."""

from dataclasses import dataclass


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
