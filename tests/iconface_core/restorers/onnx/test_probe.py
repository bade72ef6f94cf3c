"""A user's own file: what it is like is found out by running it, and what it is not is said."""

from pathlib import Path

import pytest

from iconface_core.codec import decode_json, encode_json
from iconface_core.errors import WeightsError
from iconface_core.restorers.onnx.probe import probe
from iconface_core.restorers.onnx.profile import PROFILES, OnnxProfile
from tests.support import onnx_files

GFPGAN = PROFILES["gfpgan"]


def test_what_is_like_the_public_file_has_its_profile(tmp_path: Path) -> None:
    assert probe(onnx_files.contrast(tmp_path / "a.onnx", 1.1), GFPGAN) == GFPGAN
    assert probe(onnx_files.half_precision(tmp_path / "b.onnx"), GFPGAN) == GFPGAN
    assert probe(onnx_files.codeformer(tmp_path / "c.onnx", 0.1), PROFILES["codeformer"]) == PROFILES["codeformer"]


@pytest.mark.parametrize("side", [128, 256, "n"])
def test_the_size_is_the_file_s(tmp_path: Path, side: int | str) -> None:
    found = probe(onnx_files.contrast(tmp_path / "a.onnx", 1.1, side=side), GFPGAN)
    assert found == OnnxProfile(size=side if isinstance(side, int) else 512)


def test_the_range_is_found_out(tmp_path: Path) -> None:
    found = probe(onnx_files.in_zero_to_one(tmp_path / "a.onnx"), GFPGAN)
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_profile_survives_its_record() -> None:
    for profile in PROFILES.values():
        assert decode_json(OnnxProfile, encode_json(profile), "x") == profile


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (onnx_files.nan, "no numbers"),
        (lambda p: onnx_files.half_precision(p, 1000.0), "half precision"),
        (lambda p: onnx_files.contrast(p, 0.0), "one colour"),
        (lambda p: onnx_files.contrast(p, -1.0), "another picture"),
        (onnx_files.smaller, "its output has the shape"),
        (onnx_files.codeformer, "takes 1 inputs beside the picture"),
        (lambda p: onnx_files.contrast(p, side=32), "from 64 to 2048"),
        (onnx_files.vector, "takes 0 pictures"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, make, why: str) -> None:
    path = make(tmp_path / "a.onnx")
    with pytest.raises(WeightsError, match=why) as caught:
        probe(path, GFPGAN)
    assert str(path) in str(caught.value)
