"""What the pages say in plain words."""

import re
import time
from pathlib import Path

import pytest

import plugin.web
from plugin.languages import ngettext
from plugin.web.words.dates import day_and_time
from plugin.web.words.likeness import likeness_words
from plugin.web.words.text import capital, listed


@pytest.mark.parametrize(
    ("names", "text"),
    [((), ""), (("Anna",), "Anna"), (("Anna", "Ben"), "Anna and Ben"), (("Anna", "Ben", "Cleo"), "Anna, Ben and Cleo")],
)
def test_names_in_a_sentence(names: tuple[str, ...], text: str):
    assert listed(names) == text


def test_numbers_and_beginnings():
    assert [ngettext("{n} face", "{n} faces", n) for n in (0, 1, 1204)] == ["0 faces", "1 face", "1,204 faces"]
    assert capital("this person") == "This person"


@pytest.mark.parametrize(
    ("evidence", "words"), [(6.0, "Very much"), (5.9, "Clearly"), (2.2, "Somewhat"), (-0.1, "Hardly")]
)
def test_likeness_is_said_in_four_degrees(evidence: float, words: str):
    assert likeness_words(evidence, "Anna") == f"{words} like Anna"


def test_camera_time_is_shown_as_it_is_and_ours_on_the_clock_of_the_reader(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert day_and_time("2014-05-03T23:05:00") == "3 May 2014, 23:05"
        assert day_and_time("2014-05-03T23:05:00+00:00") == "4 May 2014, 08:05"
        assert day_and_time(None) == ""
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_page_takes_its_words_from_the_locale_or_a_format_that_windows_lacks():
    files = [f for f in Path(plugin.web.__file__).parent.rglob("*") if f.suffix in (".py", ".html")]
    localised = re.compile(r"%[aAbBcpxX]\b|%-[dmHIMSj]")
    assert [f.name for f in files if localised.search(f.read_text())] == []
