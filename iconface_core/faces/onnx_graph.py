"""The one door to onnxruntime: read a model file, simplify its graph in memory, open a session.

The shipped files hold int8 weights with DequantizeLinear nodes: small on disk, but slow when onnxruntime repeats that
arithmetic on every call (71 instead of 20 ms a face for SFace). `fold_constants` does it once.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.models.files import OnnxProvider


class _Installed(NamedTuple):
    """An execution provider: what onnxruntime calls it, and the package that brings it."""

    name: str
    package: str


_PROVIDERS: dict[OnnxProvider, _Installed] = {
    "cpu": _Installed("CPUExecutionProvider", "onnxruntime"),
    "cuda": _Installed("CUDAExecutionProvider", "onnxruntime-gpu"),
    "directml": _Installed("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": _Installed("CoreMLExecutionProvider", "onnxruntime"),
    "openvino": _Installed("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}

FOLDABLE = frozenset({"DequantizeLinear", "Reshape"})


def load_graph(path: Path) -> onnx.ModelProto:
    """Read an ONNX file whose hash has been checked. Raises WeightsError when it is not one."""
    try:
        return onnx.load_model_from_string(path.read_bytes())
    except OSError as e:
        raise WeightsError(f"{path}: cannot be read ({e}). Reinstall iconface, or install the file again.") from e
    except Exception as e:  # protobuf raises its own DecodeError, which is not a public name of onnx
        raise WeightsError(f"{path}: not an ONNX model ({e}). Reinstall iconface, or install the file again.") from e


def fold_constants(model: onnx.ModelProto) -> None:
    """Replace, in place, every foldable node whose inputs are all constants by its fp32 result."""
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    kept: list[onnx.NodeProto] = []
    for node in graph.node:  # ONNX demands topological order, so one pass is enough
        if node.op_type in FOLDABLE and all(name in constants for name in node.input):
            (value,) = _evaluate(node, constants, model)
            constants[node.output[0]] = numpy_helper.from_array(np.ascontiguousarray(value), node.output[0])
        else:
            kept.append(node)
    used = {name for node in kept for name in node.input}
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensor for name, tensor in constants.items() if name in used)


def _evaluate(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], model: onnx.ModelProto) -> list[Any]:
    inputs = [onnx.helper.make_tensor_value_info(name, constants[name].data_type, None) for name in node.input]
    outputs = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in node.output]
    graph = onnx.helper.make_graph([node], "fold", inputs, outputs)
    single = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    values = {name: numpy_helper.to_array(constants[name]) for name in node.input}
    return list(ReferenceEvaluator(single).run(None, values))


def spread_prelu(model: onnx.ModelProto) -> None:
    """Write, in place, every PRelu with one slope a channel as slope * x + (1 - slope) * relu(x), in two depthwise
    convolutions.

    onnxruntime computes convolutions in a blocked layout that PRelu does not know: each one brings its tensor out of
    it and back, which is half of SFace's time. The rounding differs in the last bit or two.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        slopes = _channel_slopes(node, constants)
        if slopes is None:
            nodes.append(node)
            continue
        (x, _), (out,) = node.input, node.output
        parts = {f"{out}/slope": slopes, f"{out}/rest": 1 - slopes}
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in parts.items())
        nodes += [
            onnx.helper.make_node("Relu", [x], [f"{out}/relu"]),
            *(
                onnx.helper.make_node(
                    "Conv", [source, name], [f"{name}/scaled"], group=len(slopes), kernel_shape=[1, 1]
                )
                for source, name in zip((x, f"{out}/relu"), parts, strict=True)
            ),
            onnx.helper.make_node("Add", [f"{name}/scaled" for name in parts], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _channel_slopes(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> np.ndarray | None:
    """A PRelu's constant slopes as the weights (C, 1, 1, 1) of a depthwise convolution; None for any other node."""
    if node.op_type != "PRelu" or node.input[1] not in constants:
        return None
    slopes = numpy_helper.to_array(constants[node.input[1]])
    return slopes.reshape(-1, 1, 1, 1) if slopes.ndim == 3 and slopes.shape[1:] == (1, 1) else None


def keep_input(model: onnx.ModelProto, name: str, shape: tuple[int | str, ...]) -> None:
    """Drop, in place, all graph inputs but `name` and give that one `shape`; a string is a free dimension.

    Old exporters list constants as inputs too, and onnxruntime then insists on being given them.
    """
    graph = model.graph
    if name not in {value.name for value in graph.input}:
        raise WeightsError(f"the ONNX graph has no input {name!r}; it is not the model this code knows")
    del graph.input[:]
    graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")  # it follows from the input's


def open_session(model: onnx.ModelProto, threads: int) -> ort.InferenceSession:
    """A CPU session for a model in memory. Raises WeightsError when onnxruntime refuses the graph."""
    try:
        return ort.InferenceSession(
            model.SerializeToString(), session_options(threads), providers=["CPUExecutionProvider"]
        )
    except Exception as e:  # onnxruntime's exceptions share no base class
        raise WeightsError(f"onnxruntime cannot open the model ({e}). Install a supported onnxruntime.") from e


def why_no_provider(provider: OnnxProvider) -> str | None:
    """Why onnxruntime as it is installed cannot use this provider, with the way out; None when it says that it can."""
    name, package = _PROVIDERS[provider]
    if name in ort.get_available_providers():
        return None
    return (
        f"this onnxruntime cannot use {provider}: pip install {package} in place of onnxruntime, or set "
        f'onnx_provider = "cpu"'
    )


def open_file(path: Path, threads: int, provider: OnnxProvider = "cpu") -> ort.InferenceSession:
    """A session for a model as it lies on the disk. What `provider` cannot compute, the CPU does.

    Raises WeightsError when onnxruntime refuses the model, and BackendUnavailableError when the provider is not
    installed, or its libraries are not: onnxruntime itself would go on with the CPU and say nothing.
    """
    if (why := why_no_provider(provider)) is not None:
        raise BackendUnavailableError(why)
    wanted = _PROVIDERS[provider].name
    options = session_options(threads)
    options.enable_mem_pattern = provider != "directml"  # it does not support them
    try:
        session = ort.InferenceSession(
            str(path), options, providers=list(dict.fromkeys((wanted, _PROVIDERS["cpu"].name)))
        )
    except Exception as e:  # as above
        raise WeightsError(f"{path}: onnxruntime cannot open it ({e}). Install the model again.") from e
    if session.get_providers()[0] != wanted:
        raise BackendUnavailableError(
            f"onnxruntime has {provider}, but cannot start it: its libraries or driver are missing. Install them, or "
            f'set onnx_provider = "cpu"'
        )
    return session


def session_options(threads: int) -> ort.SessionOptions:
    """`threads` threads (at least 1) that sleep while they wait: the machine is not ours alone."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # it keeps for ever what the largest picture has needed: 50 MB and more
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
