"""The one ONNX restorer over tiny files in the exact layouts of public ones, and over broken ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.reason_codes import OUTPUT_FLAT, OUTPUT_NOT_FINITE, OUTPUT_OUT_OF_RANGE, OUTPUT_SHAPE
from iconface_core.reasons import Code
from iconface_core.restorers.common.drawn_face import drawn_face
from iconface_core.restorers.onnx.profile import PROFILES, ExtraInput, OnnxProfile
from iconface_core.restorers.onnx.restorer import OnnxRestorer
from iconface_core.testing import check_restorer
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions, RgbU8
from tests.support import onnx_files

CROP = drawn_face(3.0, seed=1)
FACE = RestoreInput(AlignedFace(CROP, np.array([[3, 0, 0], [0, 3, 0]], np.float32)))
GFPGAN = PROFILES["gfpgan"]


def restorer(path: Path, profile: OnnxProfile = GFPGAN) -> OnnxRestorer:
    return OnnxRestorer("tiny", path, profile, weights_sha256="0" * 64, threads=1)


def restored(path: Path, profile: OnnxProfile = GFPGAN, strength: float = 1.0) -> RgbU8:
    return restorer(path, profile).restore(FACE, RestoreOptions(strength)).pixels


def more_contrast(crop: RgbU8, by: float = 1.5) -> np.ndarray:
    return np.clip((crop / 127.5 - 1) * by, -1, 1) * 127.5 + 127.5


@pytest.mark.parametrize("name", PROFILES)
def test_every_layout_keeps_what_the_protocol_promises(name: str, tmp_path: Path) -> None:
    make = onnx_files.codeformer if name == "codeformer" else onnx_files.contrast
    check_restorer(restorer(make(tmp_path / "tiny.onnx"), PROFILES[name]))


def test_the_network_s_picture_is_the_result_at_full_strength(tmp_path: Path) -> None:
    out = restored(onnx_files.contrast(tmp_path / "tiny.onnx"))
    assert np.abs(out - more_contrast(CROP)).max() <= 0.5001


def test_codeformer_is_given_its_weight_by_strength(tmp_path: Path) -> None:
    path = onnx_files.codeformer(tmp_path / "tiny.onnx")
    full = restored(path, PROFILES["codeformer"])  # weight 0.5: lighter by a quarter of the range
    inside = CROP < 190
    assert np.abs(full.astype(float) - CROP - 63.75)[inside].max() <= 0.5001
    half = restored(path, PROFILES["codeformer"], strength=0.5)
    lighter = half.astype(float).mean() - CROP.mean()
    assert 0 < lighter < 0.6 * 63.75 / 2, "the network itself is asked for less, and the input is given back besides"


@given(strength=st.floats(0, 1), faithful=st.floats(-2, 2), full=st.floats(-2, 2))
def test_an_extra_input_lies_between_its_ends(strength: float, faithful: float, full: float) -> None:
    value = ExtraInput(faithful, full).at(strength)
    assert min(faithful, full) - 1e-9 <= value <= max(faithful, full) + 1e-9
    assert ExtraInput(faithful, full).at(0) == faithful
    assert ExtraInput(faithful, full).at(1) == pytest.approx(full)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)])
@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_range_and_colour_order_are_those_of_the_profile(tmp_path: Path, low: float, high: float, color: str) -> None:
    """Half of the first channel is taken away: red or blue, and only black stays what it is."""
    half = onnx.helper.make_tensor("half", onnx.TensorProto.FLOAT, [3, 1, 1], [0.5, 1, 1])
    nodes = [onnx.helper.make_node("Mul", ["input", "half"], ["output"])]
    path = onnx_files.save(tmp_path / "tiny.onnx", nodes, constants=[half])
    out = restored(path, OnnxProfile(low=low, high=high, color="BGR" if color == "BGR" else "RGB"))
    first, others = (2, [0, 1]) if color == "BGR" else (0, [1, 2])
    unit = CROP / 255 * (high - low) + low
    wanted = (unit[..., first] * 0.5 - low) / (high - low) * 255
    assert np.abs(out[..., first] - wanted).max() <= 0.51
    assert np.array_equal(out[..., others], CROP[..., others])


@pytest.mark.parametrize("side", [256, 1024])
def test_another_size_is_made_and_unmade_without_a_shift(tmp_path: Path, side: int) -> None:
    out = restored(onnx_files.contrast(tmp_path / "tiny.onnx", side=side), OnnxProfile(size=side))
    assert np.abs(out - more_contrast(CROP))[16:-16, 16:-16].mean() < 4


def test_another_template_covers_a_part_and_fades_out(tmp_path: Path) -> None:
    path = onnx_files.contrast(tmp_path / "tiny.onnx", side=256)
    out = restored(path, OnnxProfile(template="arcface_112", size=256))
    wanted = more_contrast(CROP)
    assert np.abs(out - wanted)[200:380, 180:330].mean() < 5, "the face itself"
    assert np.array_equal(out[:20], CROP[:20]), "what the network never saw is as it was"
    step = np.abs(np.diff(out.astype(int) - CROP, axis=1)).max()
    assert step < 40, "no edge where its picture ends"


def test_free_dimensions_take_the_profile_s_size(tmp_path: Path) -> None:
    assert restored(onnx_files.contrast(tmp_path / "tiny.onnx", side="n")).shape == CROP.shape


BROKEN: dict[str, tuple[Callable[[Path], Path], Code]] = {
    "NaN": (onnx_files.nan, OUTPUT_NOT_FINITE),
    "half precision overflows": (lambda p: onnx_files.half_precision(p, 1000.0), OUTPUT_NOT_FINITE),
    "grey": (lambda p: onnx_files.contrast(p, 0.0), OUTPUT_FLAT),
    "another range": (lambda p: onnx_files.contrast(p, 100.0), OUTPUT_OUT_OF_RANGE),
    "another size": (onnx_files.smaller, OUTPUT_SHAPE),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_picture_of_the_face_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    make, code = BROKEN[name]
    network = restorer(make(tmp_path / "tiny.onnx"))
    with pytest.raises(UnusableOutputError, match="another restorer") as caught:
        network.restore(FACE, RestoreOptions())
    assert caught.value.reason is not None
    assert caught.value.reason.code == code


def test_half_precision_that_does_not_overflow_is_as_good(tmp_path: Path) -> None:
    out = restored(onnx_files.half_precision(tmp_path / "tiny.onnx"))
    assert np.abs(out.astype(int) - CROP).max() <= 1


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no ONNX": (onnx_files.text, "onnxruntime cannot open it"),
    "another size": (lambda p: onnx_files.contrast(p, side=256), "takes pictures of 256 pixels, its profile says 512"),
    "an input more": (onnx_files.codeformer, "takes 1 inputs beside the picture, its profile knows 0"),
    "integers": (onnx_files.integers, "floating-point numbers are wanted"),
    "no picture": (onnx_files.vector, "takes 0 pictures, not one"),
    "channels last": (onnx_files.channels_last, r"shape \(1, 512, 512, 3\), \(1, 3, N, N\) is wanted"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_of_another_layout_is_refused_before_it_runs(name: str, tmp_path: Path) -> None:
    make, why = WRONG[name]
    with pytest.raises(WeightsError, match=why):
        restorer(make(tmp_path / "tiny.onnx"))


def test_an_output_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has 1 outputs"):
        restorer(onnx_files.contrast(tmp_path / "tiny.onnx"), OnnxProfile(output=1))
