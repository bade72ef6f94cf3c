"""Values in, values out: laws of the codec, and what it says of a value that does not fit."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from iconface_core.calibration import Calibration
from iconface_core.codec import CodecError, decode, decode_json, encode, encode_json
from iconface_core.images.provenance import FaceProvenance, Provenance, ReferenceUsed
from iconface_core.restorers.iconface.config import IconFaceConfig
from iconface_core.restorers.nano.config import NanoConfig
from iconface_core.training.data.shards import PackRecord

TYPES = (Calibration, Provenance, IconFaceConfig, NanoConfig, PackRecord)


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    sizes: tuple[int, ...] = ()
    pair: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.sizes == (3,):
            raise ValueError("three is not a size")


INNER = Inner()


class Outer(Struct, frozen=True, forbid_unknown_fields=True):
    path: Path
    mode: Literal["off", "on"] = "off"
    count: Annotated[int, Meta(ge=1)] | None = None
    sure: bool = False
    inner: Inner = Inner()


class Lenient(Struct, frozen=True):
    n: int = 0


@dataclass(frozen=True)
class Held:
    name: str
    inner: Inner = INNER


paths = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)).map(Path)
inners = st.builds(
    Inner,
    share=st.floats(0, 1),
    sizes=st.lists(st.integers(), max_size=3).map(tuple).filter(lambda s: s != (3,)),
    pair=st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2),
)
outers = st.builds(
    Outer, paths, st.sampled_from(["off", "on"]), st.none() | st.integers(min_value=1), st.booleans(), inners
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(outers | st.builds(Held, st.text(), inners))
def test_what_was_encoded_is_decoded_to_the_same(value: Outer | Held):
    assert decode(type(value), encode(value), "it") == value
    text = encode_json(value)
    assert decode_json(type(value), text, "it") == value
    assert text.isascii()


def test_a_record_in_a_picture_is_read_as_it_was_written():
    face = FaceProvenance((0, 1, 2, 3.5), "nano", "ab", 42, 0.7, references=(ReferenceUsed("a.jpg", "cd", 0.25),))
    record = Provenance("b.jpg", "ef", "iconface 1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), (face,))
    assert decode_json(Provenance, encode_json(record), "it") == record
    before = encode_json(record).replace("05Z", "05+00:00")  # as it was written up to November 2026
    assert decode_json(Provenance, before, "it") == record


@given(st.binary() | json_values.map(json.dumps), st.sampled_from([Outer, Held, *TYPES]))
def test_bytes_and_documents_without_sense_raise_nothing_else(text: bytes | str, cls: type):
    with suppress(CodecError):
        assert isinstance(decode_json(cls, text, "it"), cls)


@given(st.dictionaries(st.sampled_from(["path", "mode", "count", "sure", "inner", "more"]), json_values))
def test_objects_that_fit_in_part_raise_nothing_else(value: Mapping[str, object]):
    with suppress(CodecError):
        assert encode(decode(Outer, value, "it"))["mode"] in ("off", "on")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "x.toml: there is no 'path'"),
        ([], "x.toml must be a table, not []"),
        ({"path": 3}, "x.toml: path must be a path, not 3"),
        ({"path": "/a", "mode": "of"}, "x.toml: mode must be one of 'off', 'on', not 'of'"),
        ({"path": "/a", "mode": 1}, "x.toml: mode must be one of 'off', 'on', not 1"),
        ({"path": "/a", "count": 0}, "x.toml: count must be int from 1, not 0"),
        ({"path": "/a", "count": 1.5}, "x.toml: count must be int from 1, not 1.5"),
        ({"path": "/a", "sure": 1}, "x.toml: sure must be true or false, not 1"),
        ({"path": "/a", "inner": {"share": 2}}, "x.toml: inner.share must be float from 0 to 1, not 2"),
        ({"path": "/a", "inner": {"share": float("nan")}}, "x.toml: inner.share must be float from 0 to 1, not nan"),
        ({"path": "/a", "inner": {"sizes": [1, True]}}, "x.toml: inner.sizes[1] must be int, not True"),
        ({"path": "/a", "inner": {"sizes": 1}}, "x.toml: inner.sizes must be a list, not 1"),
        ({"path": "/a", "inner": {"pair": [1]}}, "x.toml: inner.pair must be a list of 2, not [1]"),
        ({"path": "/a", "inner": {"sizes": [3]}}, "x.toml: inner: three is not a size"),
        ({"path": "/a", "inner": {"shore": 1}}, "x.toml: inner: unknown key 'shore'; known are pair, share, sizes"),
    ],
)
def test_what_does_not_fit_is_named_with_what_would(value: object, said: str):
    with pytest.raises(CodecError) as e:
        decode(Outer, value, "x.toml")
    assert str(e.value) == said


def test_unknown_keys_are_refused_where_they_are_not_expected():
    assert decode(Lenient, {"n": 1, "of another release": 2}, "it") == Lenient(1)
    for value in ({"name": "a", "inner": {"x": 1}}, {"name": "a", "x": 1}):
        with pytest.raises(CodecError, match="unknown key 'x'"):
            decode(Held, value, "it")


@pytest.mark.parametrize("text", ["NaN", '{"n": Infinity}', "[" * 100_000, "9" * 10_000, b"\xff", "", '{"n": 1'])
def test_what_is_no_document_is_said(text: str | bytes):
    with pytest.raises(CodecError, match=r"^it is not valid JSON"):
        decode_json(Lenient, text, "it")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_not_written(value: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_json({"n": value})
