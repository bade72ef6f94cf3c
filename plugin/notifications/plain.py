"""Error messages in the words of a notification."""

import re

from plugin.paths import printable


def plain(reason: str, photo: str = "") -> str:
    """The first part of a message: without the photo's path, what stands in brackets, and advice for terminals."""
    text = printable(reason).removeprefix(printable(photo)).removeprefix(":").strip()
    text = next((words for start, words in _PLAINER if text.startswith(start)), text)
    text = re.split(r"; |\n", text)[0]
    text = re.sub(r" \(.*\)", "", text).strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


_PLAINER = (
    ("not a picture format", "This is not a photo."),
    ("truncated or damaged", "The file is damaged or incomplete."),
    ("damaged", "The file is damaged."),
    ("no such", "The photo is not there any more."),
    ("cannot be opened (Permission denied)", "The photo may not be read."),
)
"""How messages of the layers below begin, and what to say instead."""
