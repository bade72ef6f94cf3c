"""Tiny ONNX files in the exact layout of public restorers and encoders, and broken ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    *,
    side: int | str = 512,
    out_side: int | str | None = None,
    kind: int = TensorProto.FLOAT,
    extra: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    constants: Sequence[onnx.TensorProto] = (),
) -> Path:
    """A file with the input `input` (1, 3, side, side) and the output `output`; `nodes` lead from one to the other."""
    end = side if out_side is None else out_side
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info("input", kind, [1, 3, side, side]), *extra],
        [helper.make_tensor_value_info("output", kind, [1, 3, end, end]), *outputs],
        list(constants),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def number(name: str, value: float, kind: int = TensorProto.FLOAT) -> onnx.TensorProto:
    return helper.make_tensor(name, kind, [1], [value])


def contrast(path: Path, by: float = 1.5, **layout: Any) -> Path:
    """The layout of GFPGAN, RestoreFormer++ and GPEN. Gives contrast, which anybody can see."""
    nodes = [helper.make_node("Mul", ["input", "by"], ["output"])]
    return save(path, nodes, constants=[number("by", by)], **layout)


def arcface(
    path: Path, numbers: int, *, seed: int = 0, at_once: int | str = "n", side: int = 112, rows: int = 0
) -> Path:
    """An encoder in ArcFace's layout: the means of 7 x 7 fields through a random matrix. `rows`: faces it can compute
    in one call whatever it says, 0 for as many as it is given."""
    matrix = np.random.default_rng(seed).normal(size=(numbers, 147)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["data"], ["pooled"], kernel_shape=[side // 7] * 2, strides=[side // 7] * 2),
        helper.make_node("Reshape", ["pooled", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["vector"], transB=1),
    ]
    constants = [numpy_helper.from_array(matrix, "matrix")]
    constants.append(numpy_helper.from_array(np.array([rows or -1, 147], np.int64), "shape"))
    given = helper.make_tensor_value_info("data", TensorProto.FLOAT, [at_once, 3, side, side])
    told = helper.make_tensor_value_info("vector", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "teacher", [given], [told], constants)
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
    return path


def codeformer(path: Path, by: float = 1.0) -> Path:
    """The layout of CodeFormer: a second input `weight` (float64, length 1), and an output more. The face becomes
    lighter by `by` times what the weight is below 1."""
    nodes = [
        helper.make_node("Cast", ["weight"], ["weight32"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "weight32"], ["below"]),
        helper.make_node("Mul", ["below", "by"], ["lighter"]),
        helper.make_node("Add", ["input", "lighter"], ["output"]),
        helper.make_node("ReduceMean", ["input"], ["logits"], axes=[2, 3], keepdims=0),
    ]
    return save(
        path,
        nodes,
        extra=[helper.make_tensor_value_info("weight", TensorProto.DOUBLE, [1])],
        outputs=[helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
        constants=[number("one", 1.0), number("by", by)],
    )


def in_zero_to_one(path: Path) -> Path:
    """Keeps 0..1 and clips all else: what a network with a sigmoid at its end does to another range."""
    constants = [helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in (("low", 0.0), ("high", 1.0))]
    return save(path, [helper.make_node("Clip", ["input", "low", "high"], ["output"])], constants=constants)


def nan(path: Path) -> Path:
    """Takes the square root of what is below 0."""
    return save(path, [helper.make_node("Sqrt", ["input"], ["output"])])


def half_precision(path: Path, by: float = 1.0) -> Path:
    """In half precision, twice multiplied by `by`: 1000 overflows in most pixels."""
    half = TensorProto.FLOAT16
    nodes = [helper.make_node("Mul", ["input", "by"], ["large"]), helper.make_node("Mul", ["large", "by"], ["output"])]
    return save(path, nodes, kind=half, constants=[number("by", by, half)])


def smaller(path: Path) -> Path:
    """Gives half of the size back, and says so only when it runs."""
    nodes = [helper.make_node("AveragePool", ["input"], ["output"], kernel_shape=[2, 2], strides=[2, 2])]
    return save(path, nodes, out_side="any")


def _tiny(path: Path, kind: int, shape: Sequence[int]) -> Path:
    """Gives its input back."""
    ends = [helper.make_tensor_value_info(name, kind, shape) for name in ("input", "output")]
    graph = helper.make_graph([helper.make_node("Identity", ["input"], ["output"])], "tiny", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def integers(path: Path) -> Path:
    """Takes bytes."""
    return _tiny(path, TensorProto.UINT8, [1, 3, 512, 512])


def vector(path: Path) -> Path:
    """Takes no picture: an embedding, say."""
    return _tiny(path, TensorProto.FLOAT, [1, 512])


def channels_last(path: Path) -> Path:
    """The layout of TensorFlow."""
    return _tiny(path, TensorProto.FLOAT, [1, 512, 512, 3])


def text(path: Path) -> Path:
    """No ONNX at all."""
    path.write_text("no model")
    return path


def parser(path: Path, *, classes: int = 19, side: int = 512) -> Path:
    """The layout of a BiSeNet face parser: (1, 3, 512, 512), ImageNet's mean and spread taken out, to a number for each
    of 19 classes. What is darker than the mean is hat (18), anything else skin (1)."""
    weights = [0.0] * (classes * 3)
    weights[18 % classes * 3] = -1.0
    weights[1 * 3] = 1.0
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, [classes, 3, 1, 1], weights)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "kernel"], ["output"])],
        "parser",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, classes, side, side])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def lama(path: Path, *, side: int = 512, fault: str = "") -> Path:
    """The layout of LaMa: a picture (1, 3, 512, 512) and a mask (1, 1, 512, 512), both 0..1, to a picture in 0..255.
    The hole becomes grey (half of white), and everything is a little lighter than it was. `fault` "nan" makes what is
    no number, "flat" one grey everywhere, "alone" takes no mask."""
    kind = TensorProto.FLOAT
    numbers = {"one": 1.0, "half": 0.5, "white": 0.0 if fault == "flat" else 255.0, "more": 9.0, "none": 0.0}
    constants = [helper.make_tensor(name, kind, [1], [value]) for name, value in numbers.items()]
    end = helper.make_node("Div", ["lit", "none"], ["output"]) if fault == "nan" else None
    hole = ["half", "one"] if fault == "alone" else ["mask", "one"]
    nodes = [
        helper.make_node("Sub", hole[::-1], ["kept"]),
        helper.make_node("Mul", ["image", "kept"], ["around"]),
        helper.make_node("Mul", [hole[0], "half"], ["painted"]),
        helper.make_node("Add", ["around", "painted"], ["whole"]),
        helper.make_node("Mul", ["whole", "white"], ["scaled"]),
        helper.make_node("Add", ["scaled", "more"], ["lit" if end else "output"]),
        *([end] if end else []),
    ]
    inputs = [helper.make_tensor_value_info("image", kind, ["batch", 3, side, side])]
    if fault != "alone":
        inputs.append(helper.make_tensor_value_info("mask", kind, ["batch", 1, side, side]))
    return _graph(path, nodes, inputs, [helper.make_tensor_value_info("output", kind, None)], constants)


def ddcolor(path: Path, *, side: int | str = 256, channels: int = 2, fault: str = "") -> Path:
    """The layout of DDColor: grey (1, 3, N, N) in 0..1 to Lab's a and b (1, 2, N, N). The lighter, the redder and the
    bluer. `fault` "nan" makes what is no number, "far" what is no chroma, "grey" no colours."""
    kind = TensorProto.FLOAT
    size = {"far": 1000.0, "grey": 0.0}.get(fault, 20.0)
    weights = [size if c % 2 == 0 else -size for c in range(channels) for _ in range(3)]
    constants = [
        helper.make_tensor("kernel", kind, [channels, 3, 1, 1], weights),
        helper.make_tensor("none", kind, [1], [0.0]),
    ]
    nodes = [helper.make_node("Conv", ["input", "kernel"], ["made" if fault == "nan" else "output"])]
    if fault == "nan":
        nodes.append(helper.make_node("Div", ["made", "none"], ["output"]))
    inputs = [helper.make_tensor_value_info("input", kind, [1, 3, side, side])]
    return _graph(path, nodes, inputs, [helper.make_tensor_value_info("output", kind, None)], constants)


def _graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[onnx.TensorProto],
) -> Path:
    graph = helper.make_graph(list(nodes), "tiny", list(inputs), list(outputs), list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path
