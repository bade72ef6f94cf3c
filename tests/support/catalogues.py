"""The catalogues of the languages brought in step with the sentences in the code: `make messages`.

What is new stands there with an empty translation, what is gone is left out; nothing is guessed (docs/languages.md).
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from plugin.languages import LANGUAGES

PLUGIN = Path(__file__).parents[2] / "plugin"
CATALOGUES = PLUGIN / "locales"
WHERE = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.j2", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}


@cache
def template() -> Catalog:
    """All sentences there are in the code, without translations."""
    found = Catalog(fuzzy=False)
    options = {pattern: {"trimmed": "true", "silent": "false"} for pattern, method in WHERE if method == "jinja2"}
    for file, _line, words, comments, context in extract_from_dir(
        str(PLUGIN), WHERE, options, KEYWORDS, directory_filter=lambda folder: "__pycache__" not in folder
    ):
        found.add(words, None, [(f"plugin/{file}", 0)], auto_comments=comments, context=context)
    return found


def catalogue(language: str) -> Catalog:
    """One that ships."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def sentences(catalogue: Catalog) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Each sentence and its translation, in all their forms: one, or singular and plurals."""
    for message in catalogue:
        if message.id:
            yield _forms(message.id), _forms(message.string)


def _forms(words: object) -> Sequence[str]:
    return [str(w or "") for w in words] if isinstance(words, list | tuple) else [str(words or "")]


def translated() -> list[str]:
    """The languages that have a catalogue: all but the one in which sentences are written."""
    return [language for language in LANGUAGES if language != "en"]


def update(language: str, now: Catalog) -> None:
    """Bring one in step; its comment at the top, the glossary, stays."""
    head = (CATALOGUES / f"{language}.po").read_text("utf-8").partition("\n\n")[0]
    found = catalogue(language)
    found.update(now, no_fuzzy_matching=True)
    found.obsolete.clear()
    with (CATALOGUES / f"{language}.po").open("wb") as file:
        file.write(f"{head}\n\n".encode())
        write_po(file, found, width=120, omit_header=True, sort_output=True, include_lineno=False)


def main() -> None:
    """Every catalogue."""
    for language in translated():
        update(language, template())
        missing = sum(not all(said) for _words, said in sentences(catalogue(language)))
        print(f"{language}: {missing} sentences to translate")


if __name__ == "__main__":
    main()
