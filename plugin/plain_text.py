"""Text from outside, shown and not obeyed. Only the standard library: a right-click waits for this."""

import re

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters except the tab, line breaks, and those that turn the direction of writing."""


def shown(text: str) -> str:
    """A line for a terminal: a line break or an escape sequence in the name of a file or person is shown as `\\n`."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def counted(n: int, one: str, many: str | None = None) -> str:
    """ "1 face", "12 faces"."""
    return f"{n} {one if n == 1 else many or one + 's'}"
