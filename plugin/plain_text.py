"""Text from outside, shown and not obeyed. Only the standard library: a right-click waits for this."""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, line breaks, and those that turn the direction of writing."""


def shown(text: str) -> str:
    """A line for a terminal: a line break or an escape sequence in the name of a file or person is shown as `\\n`."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def shortened(text: str, most: int = 60) -> str:
    """At most so many characters, the last of them dots when some are missing."""
    return text if len(text) <= most else text[: most - 1] + "…"
