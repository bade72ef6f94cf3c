"""What a notification says. Apart, because the process that shows one needs nothing else of ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. `open_path` is what Open opens, `undo` the command of Undo; None and empty: no such button."""

    title: str
    body: str
    open_path: str | None = None
    undo: tuple[str, ...] = ()
