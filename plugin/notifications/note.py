"""What a notification says. Apart, because the process that shows one needs nothing else of ours."""

from dataclasses import dataclass, field

from ..languages import spoken


@dataclass(frozen=True, slots=True)
class Button:
    """Opens a file, folder or address, or runs a command; `done` is told when that worked, if it is not empty. A click
    on the note itself presses the button with `on_click`."""

    title: str
    opens: str | None = None
    runs: tuple[str, ...] = ()
    done: str = ""
    on_click: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. `language`: the one it is written in, for what there may be to tell later."""

    title: str
    body: str
    buttons: tuple[Button, ...] = ()
    language: str = field(default_factory=spoken)
