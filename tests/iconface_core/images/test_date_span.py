"""Dates as well as somebody knows them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.images.date_span import Span, read_span, stored_span, years_span
from tests.support.narrow import present

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("typed", "text", "first", "last", "short"),
    [
        ("1957", "1957", date(1957, 1, 1), date(1957, 12, 31), "1957"),
        ("1957-06", "1957-06", date(1957, 6, 1), date(1957, 6, 30), "1957-06"),
        (" 1957-06-12 ", "1957-06-12", date(1957, 6, 12), date(1957, 6, 12), "1957-06-12"),
        ("1955/1959", "1955/1959", date(1955, 1, 1), date(1959, 12, 31), "1957"),
        ("1955-1959", "1955/1959", date(1955, 1, 1), date(1959, 12, 31), "1957"),
        ("1955 \u2013 1959", "1955/1959", date(1955, 1, 1), date(1959, 12, 31), "1957"),
        ("1957-03 / 1957-09-02", "1957-03/1957-09-02", date(1957, 3, 1), date(1957, 9, 2), "1957"),
    ],
)
def test_what_people_type(typed: str, text: str, first: date, last: date, short: str):
    span = present(read_span(typed, TODAY))
    assert (span.text, span.days, span.shortened) == (text, (first, last), short)
    assert stored_span(span.text) == span


@pytest.mark.parametrize(
    "typed", ["", "summer", "1957-13", "1957-02-30", "1959/1955", "1700", "2031", "1955/1956/1957"]
)
def test_what_is_no_date_of_a_photo(typed: str):
    assert read_span(typed, TODAY) is None


def test_nobody_said_anything():
    assert stored_span(None) is None
    assert stored_span("") is None


def test_the_middle_is_after_everybody_was_born():
    span = years_span(1955, 1959)
    assert span.middle() == datetime(1957, 7, 1)
    assert span.middle(date(1958, 3, 1)) > datetime(1958, 3, 1)
    assert span.middle(date(1970, 1, 1)) == span.middle(), "whoever was born later is not in it: the span is trusted"


@given(st.dates(date(1826, 1, 1), TODAY), st.dates(date(1826, 1, 1), TODAY))
def test_the_middle_is_inside(a: date, b: date):
    span = Span(min(a, b).isoformat(), max(a, b).isoformat())
    assert read_span(span.text, TODAY) is not None
    assert min(a, b) <= span.middle().date() <= max(a, b)
    assert max(a, b).isoformat().startswith(span.shortened) or span.shortened == str(span.middle().year)
