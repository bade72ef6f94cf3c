"""The language that is spoken, and sentences in it (docs/languages.md).

A sentence is written in English where it is needed, inside of `_` or `ngettext`, with its values in braces:

    _("Is this also {name}?", name=person.name)
    ngettext("{n} photo", "{n} photos", photos)

A table that is filled when its module is loaded marks its sentences with `N_`; whoever reads it translates then.

The language is a context variable, not an argument: words are made deep inside of views and tables, and a language
handed through some two hundred functions would say nothing there. It is English unless somebody says otherwise
(`speaking`), which only pages, notifications, menus and albums do: what the command line prints, what programs read and
what is stored is never translated. A context variable belongs to one request and goes with it into its thread.
"""

from __future__ import annotations

import gettext as standard
import io
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES: Mapping[str, str] = {"en": "en_150", "de": "de", "fr": "fr", "es": "es", "ja": "ja"}
"""By code, how Babel calls them. English is the English of Europe: "1 May 2003, 14:05"."""

OWN_NAMES: Mapping[str, str] = {
    "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "ja": "日本語"
}  # fmt: skip
"""How they call themselves, in this order: whoever looks for a language may read no other."""

PSEUDO = "ar-XB"
"""No language: every sentence in brackets, a third longer, from right to left. What has no brackets was forgotten."""

_BLANK = re.compile(r"(?<=«) | (?=[?!:;»%])")

_spoken: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Generator[None]:
    """Within it `language` (of LANGUAGES, or PSEUDO) is spoken; in this thread, and in what is started from it."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The language that is spoken now: a code of LANGUAGES, or PSEUDO."""
    return _spoken.get()


def is_right_to_left() -> bool:
    """Whether it is written from right to left."""
    return spoken() == PSEUDO


def _(message: str, /, **values: Any) -> str:
    """A sentence in the language that is spoken, with its values. Raises KeyError for a value that is not given."""
    return (_translations(spoken()).gettext(message) if message else "").format(**values)


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """The same about `n` things; `{n}` is the number as people write it."""
    return _translations(spoken()).ngettext(one, many, n).format(n=number(n), **values)


def lookup(message: str) -> str:
    """A sentence in the language that is spoken, its values still in braces: for whoever puts them in elsewhere."""
    return _translations(spoken()).gettext(message)


def in_every_language(message: str) -> dict[str, str]:
    """A sentence without values by language, but for English: for files in which a desktop looks its own up."""
    return {language: _translations(language).gettext(message) for language in LANGUAGES if language != "en"}


def N_(message: str, /) -> str:  # noqa: N802 - what gettext calls it everywhere
    """Marks a sentence of a table, to be translated when it is read."""
    return message


def number(n: int) -> str:
    """ "1,204" in English, "1.204" in German."""
    if spoken() in ("en", PSEUDO):
        return f"{n:,}"
    from babel.numbers import format_decimal

    return format_decimal(n, locale=locale())


def decimal(x: float, digits: int) -> str:
    """ "1,204.5" in English, "1.204,5" in German: with so many digits after the point."""
    if spoken() in ("en", PSEUDO):
        return f"{x:,.{digits}f}"
    from babel.numbers import format_decimal

    return format_decimal(x, format=f"#,##0{'.' * bool(digits)}{'0' * digits}", locale=locale())


def locale() -> Locale:
    """For dates and numbers, by Babel. It is imported here and below only: most commands need none of it."""
    from babel import Locale

    return Locale.parse(LANGUAGES.get(spoken(), LANGUAGES["en"]))


def for_templates() -> dict[str, Callable[..., object]]:
    """What templates call. There a sentence may hold tags; its values are escaped."""
    from markupsafe import Markup, escape

    def in_html(translate: Callable[..., str]) -> Callable[..., Markup]:
        def translated(*words: Any, **values: Any) -> Markup:
            text = translate(*words, **{name: escape(value) for name, value in values.items()})
            return Markup(text)  # noqa: S704 - a sentence of ours, of values that are escaped

        return translated

    return {
        "_": in_html(_),
        "decimal": decimal,
        "language": spoken,
        "ngettext": in_html(ngettext),
        "number": number,
        "right_to_left": is_right_to_left,
    }


def best(setting: str, wanted: Iterable[str]) -> str:
    """The language to speak: what the user chose (`setting`, unless "auto"), else the first of `wanted` ("de-AT",
    "de_DE.UTF-8") that there is, else English."""
    for name in wanted if setting == "auto" else [setting]:
        code = name.replace("_", "-")
        if code == PSEUDO or (code := code.partition("-")[0].partition(".")[0].lower()) in LANGUAGES:
            return code
    return "en"


def accepted(header: str) -> list[str]:
    """The languages of an `Accept-Language`, the dearest first."""
    ranked = []
    for part in header.replace(" ", "").split(","):
        name, _semicolon, weight = part.partition(";q=")
        try:
            ranked.append((-float(weight or 1), name))
        except ValueError:  # somebody else's header: what it means is anybody's guess
            continue
    return [name for weight, name in sorted(ranked, key=lambda r: r[0]) if name and weight < 0]


def of_environment(env: Mapping[str, str]) -> list[str]:
    """The languages of a session, as gettext reads them from its environment."""
    chosen = next((env[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(k)), "")
    return [*filter(None, env.get("LANGUAGE", "").split(":")), chosen]


class _Pseudo(standard.NullTranslations):
    """English that shows what a translation could break."""

    def gettext(self, message: str) -> str:
        return f"[{message} {'·' * (len(message) // 3)}]"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


def _unbroken(said: Any) -> Any:
    """French with blanks that no line ends at, before "?" and inside of quotation marks: not everybody types them."""
    if not isinstance(said, str):
        return tuple(_unbroken(form) for form in said)
    return _BLANK.sub("\u00a0", said)


@cache
def _translations(language: str) -> standard.NullTranslations:
    """The catalogue of a language. It is compiled when it is first asked for, in a tenth of a second: a compiled
    file beside it would be one more thing to keep in step."""
    if language == "en":
        return standard.NullTranslations()
    if language == PSEUDO:
        return _Pseudo()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (files(__package__) / "locales" / f"{language}.po").open("rb") as f:
        catalogue = read_po(f, locale=language)
    if language == "fr":
        for message in filter(lambda m: m.id, catalogue):  # not the header
            message.string = _unbroken(message.string)
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return standard.GNUTranslations(compiled)
