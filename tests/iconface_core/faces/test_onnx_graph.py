"""Folding keeps the numbers, and what is not a model says so."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.faces.onnx_graph import (
    fold_constants,
    keep_input,
    load_graph,
    open_file,
    open_session,
    spread_prelu,
)
from iconface_core.models.catalogue import SFACE_FILE, YUNET_FILE
from iconface_core.models.files import locate
from tests.support.onnx_files import contrast


def _run(model, name, picture):
    keep_input(model, name, picture.shape)
    return open_session(model, 1).run(None, {name: picture})


def _run_slowly(model, name, picture):
    """onnxruntime refuses YuNet's quantised biases, so the unfolded graph is run by ONNX's own reference."""
    keep_input(model, name, picture.shape)
    return ReferenceEvaluator(model).run(None, {name: picture})


@pytest.mark.parametrize(
    ("file", "name", "shape", "run_original"),
    [(SFACE_FILE, "data", (1, 3, 112, 112), _run), (YUNET_FILE, "input", (1, 3, 64, 96), _run_slowly)],
    ids=["sface", "yunet"],
)
def test_folded_and_original_graph_agree(file, name, shape, run_original):
    picture = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    originals = run_original(load_graph(locate(file)), name, picture)
    model = load_graph(locate(file))
    fold_constants(model)
    assert not [n for n in model.graph.node if n.op_type == "DequantizeLinear"]
    for original, folded in zip(originals, _run(model, name, picture), strict=True):
        assert np.allclose(original, folded, atol=2e-3 * max(1.0, float(np.abs(original).max())))


def test_prelu_is_spread_without_another_vector():
    """The gallery keeps vectors of releases that did not do this."""
    picture = np.random.default_rng(0).uniform(0, 255, (2, 3, 112, 112)).astype(np.float32)
    plain, spread = load_graph(locate(SFACE_FILE)), load_graph(locate(SFACE_FILE))
    fold_constants(plain)
    fold_constants(spread)
    spread_prelu(spread)
    assert "PRelu" in {n.op_type for n in plain.graph.node}
    assert "PRelu" not in {n.op_type for n in spread.graph.node}
    (expected,), (got,) = _run(plain, "data", picture), _run(spread, "data", picture)
    np.testing.assert_allclose(got, expected, atol=1e-5 * float(np.abs(expected).max()))


def test_prelu_of_slopes_that_are_not_the_channels_stays():
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 3, 3]) for name in "xy")
    slopes = onnx.numpy_helper.from_array(np.full((2, 3, 3), 0.5, np.float32), "slopes")
    graph = helper.make_graph([helper.make_node("PRelu", ["x", "slopes"], ["y"])], "g", [x], [y], [slopes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    spread_prelu(model)
    assert [n.op_type for n in model.graph.node] == ["PRelu"]


def test_folding_does_not_touch_what_depends_on_the_input():
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"]), helper.make_node("Relu", ["y"], ["z"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array([6], np.int64), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    fold_constants(model)
    assert [n.op_type for n in model.graph.node] == ["Reshape", "Relu"]
    (out,) = open_session(model, 1).run(None, {"x": -np.ones((2, 3), np.float32)})
    assert out.tolist() == [0] * 6


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 100])
def test_a_file_that_is_no_model(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        model = load_graph(path)
        keep_input(model, "data", (1,))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"x\.onnx: cannot be read"):
        load_graph(tmp_path / "x.onnx")


def test_a_graph_onnxruntime_refuses():
    graph = helper.make_graph(
        [helper.make_node("NoSuchOperator", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    with pytest.raises(WeightsError, match="onnxruntime cannot open"):
        open_session(helper.make_model(graph), 1)


@pytest.mark.parametrize("provider", ["cuda", "directml", "openvino"])
def test_a_provider_that_is_not_installed_names_its_package(provider):
    with pytest.raises(
        BackendUnavailableError, match=rf"cannot use {provider}: pip install onnxruntime-\w+ in place of"
    ):
        open_file(locate(SFACE_FILE), 1, provider)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_cannot_start_is_no_reason_to_go_on_with_the_cpu(monkeypatch, tmp_path):
    """As with the CUDA package where CUDA is missing: it is listed, and the session has the CPU alone."""
    there = onnxruntime.get_available_providers()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", *there])
    path = contrast(tmp_path / "tiny.onnx")
    assert open_file(path, 1).get_providers() == ["CPUExecutionProvider"]
    with pytest.raises(BackendUnavailableError, match="its libraries or driver are missing"):
        open_file(path, 1, "cuda")
