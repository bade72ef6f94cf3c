"""Reasons in the words of a notification. Imported where there is one: the tables of words take their time."""

from iconface_core.reasons import Reason

from ..plain_words import PLAIN
from ..wording import worded


def plain(reason: Reason) -> str:
    """One sentence on one line; "" for a reason without words."""
    return as_sentence(worded(reason, PLAIN))


def as_sentence(text: str) -> str:
    """With a capital letter, a full stop, and no line breaks."""
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""
