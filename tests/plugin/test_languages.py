"""Every sentence is there in every language, and the right language is spoken."""

import ast
import asyncio
import re
import string
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin import dates
from plugin.languages import (
    LANGUAGES,
    PSEUDO,
    _,
    accepted,
    best,
    decimal,
    lookup,
    ngettext,
    number,
    of_environment,
    speaking,
)
from plugin.web.words import scripts
from tests.support.catalogues import PLUGIN, catalogue, sentences, template, translated


def values(text: str) -> list[str]:
    """What stands in braces, with its format."""
    return sorted(f"{name}:{form}" for _text, name, form, _conversion in string.Formatter().parse(text) if name)


def tags(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]*>", text))


def test_no_line_of_french_begins_with_a_question_mark():
    said = {words[0] for words, _said in sentences(catalogue("fr"))}
    with speaking("fr"):
        broken = [m for m in said if re.search("(?<=«) | (?=[?!:;»%])", lookup(m))]
    assert not broken
    assert len(said) > 1000


@pytest.mark.parametrize("language", translated())
def test_nothing_is_untranslated(language: str):
    """New sentences: `make messages`, then translate what is empty (docs/languages.md)."""
    there = catalogue(language)
    assert {m.id for m in there if m.id} == {m.id for m in template() if m.id}, "run: make messages"
    assert not [words for words, said in sentences(there) if not all(said)]
    assert not [m.id for m in there if m.id and m.fuzzy]


@pytest.mark.parametrize("language", translated())
def test_a_translation_keeps_values_and_tags_and_ends_no_attribute(language: str):
    wrong: list[object] = []
    for words, said in sentences(catalogue(language)):
        last = values(words[-1])
        # A singular may leave its number out: "one face".
        good = [last, values(words[0]), [v for v in last if v != "n:"]] if len(words) > 1 else [last]
        wrong += [
            (words, form)
            for form in said
            if values(form) not in good or tags(form) != tags(words[-1]) or ('"' in form and '"' not in words[-1])
        ]
    assert not wrong


@pytest.mark.parametrize("language", translated())
def test_plural_forms(language: str):
    there = catalogue(language)
    assert all(len(said) == there.num_plurals for words, said in sentences(there) if len(words) > 1)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["0 photos", "1 photo", "2 photos", "1,000,000 photos"]),
        ("de", ["0 Fotos", "1 Foto", "2 Fotos", "1.000.000 Fotos"]),
        ("fr", ["0 photo", "1 photo", "2 photos", "1\u202f000\u202f000 photos"]),
        ("es", ["0 fotos", "1 foto", "2 fotos", "1.000.000 fotos"]),
        ("ja", ["写真 0 枚", "写真 1 枚", "写真 2 枚", "写真 1,000,000 枚"]),
    ],
)
def test_how_many(language: str, said: list[str]):
    with speaking(language):
        assert [ngettext("{n} photo", "{n} photos", n) for n in (0, 1, 2, 1_000_000)] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 May 2003", "Sep 2003", "May 2003", "2 years old", "1984 to 2003", "1,234.5"]),
        ("de", ["1. Mai 2003", "Sept. 2003", "Mai 2003", "2 Jahre alt", "1984 bis 2003", "1.234,5"]),
        ("ja", ["2003年5月1日", "2003年9月", "2003年5月", "2 歳", "1984～2003", "1,234.5"]),  # noqa: RUF001
    ],
)
def test_dates_ages_and_numbers(language: str, said: list[str]):
    with speaking(language):
        assert [
            dates.day("2003-05-01T10:00:00"),
            dates.month("2003-09-02"),
            dates.whole_month("2003-05-02"),
            dates.age("2001-05-01", "2003-05-01"),
            dates.years("1984-01-01", "2003-01-01"),
            decimal(1234.5, 1),
        ] == said


@given(st.text(), st.sampled_from([*LANGUAGES, PSEUDO]))
def test_a_date_that_a_camera_wrote_is_said_in_every_language(at: str, language: str):
    with speaking(language):
        assert dates.day(at)
        assert dates.month(at)


@given(st.integers(0, 10**9), st.sampled_from(list(LANGUAGES)))
def test_every_digit_of_a_number_is_said(n: int, language: str):
    with speaking(language):
        assert "".join(c for c in number(n) if c.isdigit()) == str(n)


@pytest.mark.parametrize(
    ("setting", "wanted", "spoken"),
    [
        ("auto", [], "en"),
        ("auto", ["de-AT", "en"], "de"),
        ("auto", ["pt-BR", "es-MX"], "es"),
        ("auto", ["ja_JP.UTF-8"], "ja"),
        ("auto", ["C.UTF-8"], "en"),
        ("auto", ["tlh"], "en"),
        ("fr", ["de"], "fr"),
        (PSEUDO, ["de"], PSEUDO),
    ],
)
def test_which_language(setting: str, wanted: list[str], spoken: str):
    assert best(setting, wanted) == spoken


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("", []),
        ("de", ["de"]),
        ("en;q=0.5, de-AT, de; q=0.9", ["de-AT", "de", "en"]),
        ("de;q=0, fr", ["fr"]),
        ("de;q=loud, fr;q=0.1", ["fr"]),
    ],
)
def test_what_a_browser_accepts(header: str, names: list[str]):
    assert accepted(header) == names


@given(st.text())
def test_any_header_leads_to_a_language(header: str):
    assert best("auto", accepted(header)) in {*LANGUAGES, PSEUDO}


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, [""]),
        ({"LANG": "de_DE.UTF-8"}, ["de_DE.UTF-8"]),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR"}, ["fr_FR"]),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "es:fr"}, ["es", "fr", "de_DE.UTF-8"]),
    ],
)
def test_what_a_session_speaks(env: dict[str, str], names: list[str]):
    assert of_environment(env) == names


def test_two_requests_do_not_speak_each_others_language():
    async def request(language: str, other: asyncio.Event, own: asyncio.Event) -> str:
        with speaking(language):
            own.set()
            await other.wait()
            return await asyncio.to_thread(_, "Undo")

    async def both() -> tuple[str, str]:
        a, b = asyncio.Event(), asyncio.Event()
        de, fr = await asyncio.gather(request("de", a, b), request("fr", b, a))
        return de, fr

    assert asyncio.run(both()) == ("Rückgängig", "Défaire")


def test_a_thread_of_its_own_speaks_english():
    said = []
    with speaking("de"):
        thread = Thread(target=lambda: said.append(_("Undo")))
        thread.start()
        thread.join()
    assert said == ["Undo"]


def test_a_value_is_never_read_as_a_sentence():
    with speaking("de"):
        assert _("Is this also {name}?", name="{name} {0} Undo") == "Ist das auch {name} {0} Undo?"


def test_the_pseudo_language_marks_every_sentence():
    with speaking(PSEUDO):
        assert re.fullmatch(r"\[Is this also Anna\? ·+\]", _("Is this also {name}?", name="Anna"))


CODE = r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<(code|kbd|style|script)\b.*?</\1>"
TAG = r"<[^<>]*>"
READ = r"\b(?:aria-label|title|alt|placeholder|hx-confirm)=\"([^\"]*)\""
UNTRANSLATABLE = {"iconface", "/photos/", "/faces/", "/restore", "/home/…"}


@pytest.mark.parametrize("template", sorted((PLUGIN / "web/templates").rglob("*.html")), ids=lambda p: p.name)
def test_a_template_says_nothing_of_its_own(template: Path):
    """What people read is inside of `_` or `ngettext`: text between tags, and attributes that are shown or read out."""
    text = re.sub(CODE, "\0", template.read_text("utf-8"), flags=re.DOTALL)
    shown = [*re.findall(READ, text), *re.sub(TAG, "\0", text).split("\0")]
    own = {words for part in shown if re.search("[A-Za-z]{2}", words := part.replace("\0", "").strip(" \n\u2013:"))}
    assert own <= UNTRANSLATABLE


@pytest.mark.parametrize("template", sorted((PLUGIN / "web/templates").rglob("*.html")), ids=lambda p: p.name)
def test_an_expression_of_a_template_says_nothing_of_its_own(template: Path):
    """Words of a choice, `"Yes" if sure else "Perhaps"`, too."""
    text = re.sub(r"\b(?:_|ngettext)\((?:\"[^\"]*\"|'[^']*'|[, ])+", "", template.read_text("utf-8"))
    expressions = re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text, re.DOTALL)
    assert not [words for e in expressions for words in re.findall(r"\"([A-Z][a-z]+(?: [^\"]*)?)\"", e)]


def test_every_call_gives_the_values_of_its_sentence():
    missing = []
    for file in PLUGIN.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (
                isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "ngettext")
            ):
                continue
            given = {k.arg for k in call.keywords}
            words = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            wanted = {name for text in words for _text, name, *_rest in string.Formatter().parse(text) if name} - {"n"}
            if None not in given and not wanted <= given:
                missing.append((file.name, call.lineno, wanted - given))
    assert not missing


def test_every_word_of_a_script_is_sent_along():
    called = set[str]()
    for file in (PLUGIN / "web/static/js").glob("*.js"):
        called |= set(re.findall(r'\b_\(\s*"([^"]+)"', file.read_text("utf-8")))
    assert called == set(scripts.WORDS)


def test_english_and_help_need_no_catalogue():
    code = (
        "import sys, plugin.cli.main, plugin.dates; plugin.dates.day('2003-05-01'); assert 'babel' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
