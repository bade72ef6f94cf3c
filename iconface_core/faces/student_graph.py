"""The student's tensors in SFace's graph: its convolutions in the place of SFace's, and a head of its own."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from iconface_core.errors import WeightsError
from iconface_core.types import F32

HEAD = ("pool.weight", "pool.bias", "out.weight", "out.bias")
"""Of a head of its own: a depthwise convolution over all 7 x 7 pixels, (1024, 1, 7, 7) and (1024,), and the linear
layer after it, (dim, 1024) and (dim,)."""


def graft(graph: onnx.GraphProto, tensors: Mapping[str, F32]) -> None:
    """Replace, in place, the convolutions of SFace's graph that `tensors` name (`BLOCK.weight`, `BLOCK.bias`), each
    with the normalisation after it, which is folded into the tensors; and where they hold `HEAD`, what comes after the
    last one. Raises WeightsError when one does not fit."""
    left = dict(tensors)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    after = {node.input[0]: node for node in graph.node if node.input}
    for number, conv in enumerate(convolutions):
        names = f"{number}.weight", f"{number}.bias"
        if not any(name in left for name in names):
            continue
        weight, bias = (left.pop(name, np.zeros(0, np.float32)) for name in names)
        expected = shapes[conv.input[1]]
        if weight.shape != expected or bias.shape != expected[:1]:
            raise WeightsError(
                f"the student's block {number} is {weight.shape} and {bias.shape}, SFace's is {expected}; "
                "it was made for another network"
            )
        norm = after[conv.output[0]]
        _add(graph, dict(zip(names, (weight, bias), strict=True)))
        conv.input[:] = [conv.input[0], *map(_named, names)]
        conv.output[0] = norm.output[0]
        graph.node.remove(norm)
    if any(name in left for name in HEAD):
        _put_head(graph, {name: left.pop(name, np.zeros(0, np.float32)) for name in HEAD})
    if left:
        raise WeightsError(f"the student has {sorted(left)[0]!r}, which SFace has not; it was made for another network")


def _put_head(graph: onnx.GraphProto, head: Mapping[str, F32]) -> None:
    pool, pool_bias, out, out_bias = (head[name] for name in HEAD)
    fits = pool.ndim == 4 and out.ndim == 2 and pool.shape[0] == out.shape[1] and pool.shape[1:] == (1, 7, 7)
    if not fits or pool_bias.shape != pool.shape[:1] or out_bias.shape != out.shape[:1]:
        shapes = [head[name].shape for name in HEAD]
        raise WeightsError(f"the student's head is {shapes}; it was made for another network")
    last = max(i for i, node in enumerate(graph.node) if node.op_type == "PRelu")
    [seen] = graph.node[last].output
    del graph.node[last + 1 :]
    _add(graph, head)
    pooled, vector = (_named(name) for name in HEAD[:2]), (_named(name) for name in HEAD[2:])
    channels = len(pool)
    graph.node.extend(
        [
            onnx.helper.make_node("Conv", [seen, *pooled], ["student_pooled"], group=channels, kernel_shape=[7, 7]),
            onnx.helper.make_node("Flatten", ["student_pooled"], ["student_flat"]),
            onnx.helper.make_node("Gemm", ["student_flat", *vector], [graph.output[0].name], transB=1),
        ]
    )
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _add(graph: onnx.GraphProto, tensors: Mapping[str, F32]) -> None:
    graph.initializer.extend(numpy_helper.from_array(value, _named(name)) for name, value in tensors.items())


def _named(name: str) -> str:
    return f"student_{name}"
