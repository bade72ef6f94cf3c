"""Numbers and lists in a sentence."""

from collections.abc import Sequence


def plural(n: int, one: str, many: str | None = None) -> str:
    """ "1 photo", "1,204 photos"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def capital(text: str) -> str:
    """With a capital letter, even where it begins with "this person"."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital letter, unless it begins with the name of a file."""
    word = text.partition(" ")[0]
    return text if any(c in word for c in "./\\") else capital(text)


def listed(words: Sequence[str]) -> str:
    """ "Anna, Ben and Cleo"; "" for none."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
