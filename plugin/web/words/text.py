"""Sentences, lists and sizes as the language that is spoken writes them."""

from collections.abc import Iterable, Sequence

from jinja2.filters import do_filesizeformat

from ...languages import PSEUDO, _, decimal, locale, spoken


def capital(text: str) -> str:
    """With a capital letter, even where it begins with "this person"."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital letter, unless it begins with the name of a file."""
    word = text.partition(" ")[0]
    return text if any(c in word for c in "./\\") else capital(text)


def listed(words: Sequence[str]) -> str:
    """ "Anna, Ben and Cleo"; "" for none."""
    if spoken() in ("en", PSEUDO):
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    from babel.lists import format_list

    return format_list(list(words), locale=locale())


def enumerated(words: Iterable[str]) -> str:
    """ "sharp, large": what is said of one thing, in a row."""
    # Between two things in a row: Japanese has a comma of its own.
    return _(", ").join(words)


def file_size(n: int) -> str:
    """ "1.5 MB" of so many bytes."""
    amount, unit = do_filesizeformat(n).split(" ")
    digits = len(amount.partition(".")[2])
    return f"{decimal(float(amount), digits)} {unit}"
