"""SFace as a differentiable torch network, frozen: the encoder inside the identity loss of iconface-nano.

The shipped ONNX file is the only source of the weights; the graph is a plain chain (Conv, BatchNormalization, PRelu and
one Gemm), so it is read node by node. `tests` compare it with onnxruntime.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from iconface_core.errors import WeightsError
from iconface_core.faces.onnx_graph import fold_constants, load_graph
from iconface_core.geometry import ARCFACE_112, FFHQ_512, similarity_transform
from iconface_core.models.catalogue import SFACE_FILE
from iconface_core.models.files import locate_verified


class TorchSFace(nn.Module):
    """FFHQ_512 crops of any size (B, 3, S, S) in [-1, 1] -> raw embeddings (B, 128), not normalised.

    Raises WeightsError when the file is not the chain this code knows.
    """

    dim = 128

    def __init__(self, *, model_dir: Path | None = None, taps: tuple[int, ...] = (4, 8, 12)) -> None:
        super().__init__()
        model = load_graph(locate_verified(SFACE_FILE, model_dir))
        fold_constants(model)
        self.body, self.head = _modules(model.graph)
        self.taps = taps
        self.requires_grad_(False).eval()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stub

    def forward(self, images: Tensor) -> Tensor:
        return self.features(images)[0]

    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Raw embeddings, and what the convolutions numbered `taps` gave, shallow to deep."""
        # channels_last is six times as fast on a CPU; the factor is the graph's own scaling of 0..255
        x = (to_arcface(images) * (127.5 * 0.0078125)).contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        for number, block in enumerate(self.body):
            x = block(x)
            if number in self.taps:
                found.append(x)
        raw: Tensor = self.head(x)
        return raw, found


def to_arcface(images: Tensor, moved: Tensor | None = None) -> Tensor:
    """FFHQ crops (B, 3, S, S) -> ARCFACE_112 crops (B, 3, 112, 112) by the fixed similarity between the templates.

    Bilinear: at S = 128 the face grows by 1.1, so nothing aliases; larger crops are averaged down first. `moved`
    (B, 2, 3) moves each result a little, in coordinates of -1..1: as if its landmarks had been found elsewhere.
    """
    size = images.shape[-1]
    if size > 192:
        images = functional.interpolate(images, scale_factor=128 / size, mode="area", recompute_scale_factor=False)
        size = images.shape[-1]
    back = similarity_transform(ARCFACE_112.points, FFHQ_512.resized(size))
    # pixel centres -> the [-1, 1] coordinates of affine_grid with align_corners=False
    n, m = ARCFACE_112.size, size
    matrix = back[:, :2] * (n / m)
    shift = (2 * (back[:, :2] @ np.full(2, n / 2 - 0.5) + back[:, 2] + 0.5) / m) - 1
    theta = torch.tensor(np.concatenate([matrix, shift[:, None]], 1), dtype=images.dtype, device=images.device)
    theta = theta.expand(images.shape[0], 2, 3)
    if moved is not None:
        theta = torch.cat([theta[:, :, :2] @ moved[:, :, :2], theta[:, :, :2] @ moved[:, :, 2:] + theta[:, :, 2:]], 2)
    grid = functional.affine_grid(theta, [images.shape[0], 3, n, n], align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


class FrozenPReLU(nn.Module):
    """PReLU whose slope is fixed: torch's own computes the slope's gradient too, which took half of the backward.
    Forwards it is the faster one: where and multiply took half of the whole encoder."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.register_buffer("slope", slope.flatten().clone())

    def forward(self, x: Tensor) -> Tensor:
        slope = self.get_buffer("slope").to(x.dtype)
        out: Tensor = _FixedSlope.apply(x, slope)  # type: ignore[no-untyped-call]  # untyped in torch
        return out


class _FixedSlope(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return functional.prelu(x, slope)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """The slope by signs, 1 and -1: a fifth of the time of `where`, whose channels are strided in channels_last."""
        x, slope = ctx.saved_tensors
        sign = torch.sign(x)
        return functional.prelu(sign, slope).mul_(sign).mul_(grads[0]), None


def _modules(graph: onnx.GraphProto) -> tuple[nn.ModuleList, nn.Sequential]:
    constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).astype(np.float32)) for t in graph.initializer}
    body, head = nn.ModuleList(), nn.Sequential()
    nodes = [node for node in graph.node if node.op_type not in ("Sub", "Mul", "Constant", "Dropout")]
    args = [[constants[name] for name in node.input[1:] if name in constants] for node in nodes]
    position = 0
    while position < len(nodes):
        kinds = [node.op_type for node in nodes[position : position + 3]]
        if kinds == ["Conv", "BatchNormalization", "PRelu"]:
            body.append(_block(nodes[position : position + 2], args[position : position + 3]))
            position += 3
            continue
        node, given = nodes[position], args[position]
        if node.op_type == "BatchNormalization":
            head.append(_batch_norm(given, _attributes(node)["epsilon"], flat=any(type(m) is nn.Flatten for m in head)))
        elif node.op_type == "Flatten":
            head.append(nn.Flatten())
        elif node.op_type == "Gemm":
            head.append(_linear(given))
        else:
            raise WeightsError(f"SFace: unexpected {node.op_type} in the graph; it is not the model this code knows")
        position += 1
    return body, head


def _block(nodes: list[onnx.NodeProto], args: list[list[Tensor]]) -> nn.Sequential:
    """Convolution with its batch normalisation folded in, then the activation."""
    facts = _attributes(nodes[0])
    out, per_group, kernel, _ = args[0][0].shape
    conv = nn.Conv2d(
        per_group * facts.get("group", 1),
        out,
        kernel,
        stride=facts["strides"][0],
        padding=kernel // 2,
        groups=facts.get("group", 1),
        bias=False,
    )
    conv.weight.data = args[0][0].clone()
    norm = _batch_norm(args[1], _attributes(nodes[1])["epsilon"], flat=False)
    return nn.Sequential(fuse_conv_bn_eval(conv.eval(), norm.eval()), FrozenPReLU(args[2][0]))


def _batch_norm(args: list[Tensor], eps: float, *, flat: bool) -> nn.BatchNorm1d | nn.BatchNorm2d:
    layer = (nn.BatchNorm1d if flat else nn.BatchNorm2d)(args[0].numel(), eps=eps)
    layer.weight.data, layer.bias.data = args[0].clone(), args[1].clone()
    layer.running_mean, layer.running_var = args[2].clone(), args[3].clone()
    return layer


def _linear(args: list[Tensor]) -> nn.Linear:
    layer = nn.Linear(args[0].shape[1], args[0].shape[0])
    layer.weight.data, layer.bias.data = args[0].clone(), args[1].clone()
    return layer


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
