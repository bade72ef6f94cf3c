"""Reasons are data: what is made of codes comes back from JSON as it was, whoever wrote it."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core import reason_codes
from iconface_core.reasons import (
    LEGACY,
    Code,
    Reason,
    codes_in,
    from_json,
    from_text,
    read_reason,
    to_text,
)

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=16)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
NAMES = st.text(min_size=1)


def reasons_over(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(Reason, NAMES, st.dictionaries(NAMES, values, max_size=3))


REASONS = st.recursive(
    reasons_over(SCALARS),
    lambda some: reasons_over(SCALARS | some | st.lists(some, max_size=3).map(tuple)),
    max_leaves=6,
)


@given(REASONS)
def test_it_comes_back_from_a_column_as_it_went(reason: Reason):
    back = from_text(to_text(reason))
    assert back is not None
    assert back.as_json() == reason.as_json()
    assert to_text(reason).isascii()


@given(st.text() | SCALARS.map(json.dumps) | st.dictionaries(NAMES, SCALARS).map(json.dumps))
def test_what_is_no_reason_is_an_old_sentence(text: str):
    read = from_text(text)
    assert read is not None
    assert read == LEGACY(text=text)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "noisy",
        [],
        {},
        {"code": "noisy"},
        {"code": 1, "params": {}},
        {"code": "noisy", "params": []},
        {"code": "noisy", "params": {}, "more": 1},
        {"code": "in_file", "params": {"why": {"code": "noisy"}}},
    ],
)
def test_the_shape_is_read_strictly(value: object):
    with pytest.raises(ValueError, match="no reason"):
        read_reason(value)


@pytest.mark.parametrize("value", ["an old sentence", 5, None, {"code": "new", "params": {"where": {"x": 1}}}])
def test_a_row_with_something_else_is_shown_all_the_same(value: object):
    read = from_json(value)
    assert read.code == LEGACY
    assert read.params["text"] == (value if isinstance(value, str) else json.dumps(value))


def test_a_code_of_a_newer_release_is_read():
    newer = {"code": "of_tomorrow", "params": {"why": {"code": "noisy", "params": {"noise": 9.0}}}}
    assert read_reason(newer).as_json() == newer


def test_parameters_are_checked_when_a_reason_is_made():
    code = Code("odd", n=int, share=float, name=str | None, why=Reason)
    made = code(n=3, share=1, name=None, why=LEGACY(text="x"))
    assert made.code == code == "odd"
    assert type(made.params["share"]) is float
    for wrong in ({"n": "3"}, {"n": True}, {"share": "1"}, {"name": 7}, {"why": "because"}):
        with pytest.raises(TypeError, match="odd"):
            code(**({"n": 3, "share": 1.0, "name": None, "why": LEGACY(text="x")} | wrong))
    with pytest.raises(TypeError, match="takes"):
        code(n=3)


@pytest.mark.parametrize("text", ["M\udcfcller.jpg", "a\0b", "\ud800"])
def test_a_text_that_no_database_keeps_is_escaped(text: str):
    assert "\\" in str(LEGACY(text=text).params["text"])


def test_equal_reasons_are_counted_together():
    assert Counter([LEGACY(text="a"), LEGACY(text="a"), LEGACY(text="b")])[LEGACY(text="a")] == 2


def test_codes_of_the_core_differ():
    names = [v for v in vars(reason_codes).values() if isinstance(v, Code)]
    assert len(names) == len(codes_in(reason_codes)) > 50
