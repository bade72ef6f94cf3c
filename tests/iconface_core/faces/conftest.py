"""Pictures and tiny models shared by the face tests. Model runtimes are imported inside the fixtures."""

import hashlib
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from iconface_core.models.catalogue import backend
from iconface_core.models.files import Backend, accept_licence
from iconface_core.types import RgbU8

BOX = 2.0  # every cell says: the face reaches this many strides in all four directions
SCRFD_OUTPUTS = ("448", "471", "494", "451", "474", "497", "454", "477", "500")  # of det_10g.onnx


def _scrfd_graph(path: Path) -> None:
    """Nine outputs; a cell's score is the sigmoid of its brightness, so a white square is a face and black is not."""
    nodes, tensors, outputs = [], [], []
    kinds = {"score": 1, "bbox": 4, "kps": 10}
    names = iter(SCRFD_OUTPUTS)
    for kind, width in kinds.items():
        for stride in (8, 16, 32):
            tag, name = f"{kind}{stride}", next(names)
            weight = np.zeros((2 * width, 3, stride, stride), np.float32)
            bias = np.zeros(2 * width, np.float32)
            if kind == "score":
                weight[:] = 20 / (3 * stride * stride)
                bias[:] = [-16.0, -30.0]  # of the two anchors of a cell only the first ever answers
            elif kind == "bbox":
                bias[:] = BOX
            else:
                bias[:] = np.tile([-1, -1, 1, -1, 0, 0, -1, 1, 1, 1], 2)
            tensors += [numpy_helper.from_array(weight, f"w{tag}"), numpy_helper.from_array(bias, f"b{tag}")]
            tensors.append(numpy_helper.from_array(np.array([-1, width], np.int64), f"s{tag}"))
            inputs, side = ["input.1", f"w{tag}", f"b{tag}"], [stride, stride]
            nodes += [
                helper.make_node("Conv", inputs, [f"c{tag}"], name=f"Conv_{tag}", kernel_shape=side, strides=side),
                helper.make_node("Transpose", [f"c{tag}"], [f"t{tag}"], perm=[0, 2, 3, 1]),
            ]
            if kind == "score":
                nodes.append(helper.make_node("Reshape", [f"t{tag}", f"s{tag}"], [f"r{tag}"]))
                nodes.append(helper.make_node("Sigmoid", [f"r{tag}"], [name]))
            else:
                nodes.append(helper.make_node("Reshape", [f"t{tag}", f"s{tag}"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width]))
    _save(path, nodes, tensors, ["1", 3, "?", "?"], outputs)


def _arcface_graph(path: Path, *, dim: int = 512, seed: int = 0) -> None:
    """1 x 3 x 112 x 112 to 1 x `dim`, random weights."""
    rng = np.random.default_rng(seed)
    tensors = [
        numpy_helper.from_array(rng.standard_normal((4, 3, 28, 28)).astype(np.float32), "w"),
        numpy_helper.from_array(rng.standard_normal((64, dim)).astype(np.float32), "m"),
    ]
    nodes = [
        helper.make_node("Conv", ["input.1", "w"], ["c"], name="Conv_0", kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["c"], ["f"], name="Flatten_1"),
        helper.make_node("MatMul", ["f", "m"], ["683"], name="MatMul_2"),
    ]
    _save(
        path,
        nodes,
        tensors,
        ["None", 3, 112, 112],
        [helper.make_tensor_value_info("683", TensorProto.FLOAT, ["n", dim])],
    )


def _installed(model_dir: Path, backend_id: str, make) -> Backend:
    """Put a graph where the pack's file would lie; the entry is pinned to it as the real one is to the real file."""
    entry = backend(backend_id)
    (file,) = entry.files
    path = model_dir / file.folder / file.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    pin = hashlib.sha256(path.read_bytes()).hexdigest()
    return replace(entry, files=(replace(file, sha256=pin, size=path.stat().st_size),))


def _save(path, nodes, tensors, input_shape, outputs) -> None:
    shape = [int(d) if d == "1" else d for d in input_shape]
    inputs = [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "pack", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _read(path: Path) -> RgbU8:
    image = cv2.imread(str(path))
    assert image is not None, path
    return np.ascontiguousarray(image[..., ::-1])


def _resize(image: RgbU8, factor: float) -> RgbU8:
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def group_photo() -> RgbU8:
    """1280 x 886, six faces about 110 pixels tall; it lies inside the insightface package."""
    spec = find_spec("insightface")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("insightface, whose package holds the test photo, is not installed")
    return _read(Path(spec.submodule_search_locations[0]) / "data/images/t1.jpg")


@pytest.fixture(scope="session")
def yunet():
    from iconface_core.faces.yunet import YuNetDetector

    return YuNetDetector()


@pytest.fixture(scope="session")
def sface():
    from iconface_core.faces.sface import SFaceEmbedder

    return SFaceEmbedder()


@pytest.fixture(scope="session")
def adaface_checkpoint(tmp_path_factory):
    """A Lightning checkpoint of an IR-18 with random weights, as the authors publish theirs."""
    import torch

    from iconface_core.faces.adaface_net import AdaFaceNet

    torch.manual_seed(0)
    state = {f"model.{k}": v for k, v in AdaFaceNet("ir_18").state_dict().items()}
    path = tmp_path_factory.mktemp("adaface") / "adaface_ir18_random.ckpt"
    torch.save({"state_dict": {**state, "head.kernel": torch.zeros(512, 10)}, "epoch": 3}, path)
    return path


@pytest.fixture(scope="session")
def adaface(adaface_checkpoint):
    from iconface_core.faces.adaface import AdaFaceEmbedder

    return AdaFaceEmbedder(path=adaface_checkpoint, threads=1)


@pytest.fixture(scope="session")
def pictures():
    """`read(path)` as RGB, `resize(image, factor)`."""
    return SimpleNamespace(read=_read, resize=_resize)


@pytest.fixture(scope="session")
def packs():
    """Builders of tiny graphs in the packs' layout, and `installed(model_dir, backend_id, make)`."""
    return SimpleNamespace(scrfd=_scrfd_graph, arcface=_arcface_graph, installed=_installed, reach=BOX)


@pytest.fixture(scope="session")
def pack_dir(tmp_path_factory):
    """A model folder in which the licence has been accepted."""
    model_dir = tmp_path_factory.mktemp("packs")
    accept_licence(backend("scrfd-buffalo_l"), model_dir)
    return model_dir


@pytest.fixture(scope="session")
def scrfd(pack_dir):
    from iconface_core.faces.insightface_pack import ScrfdDetector

    entry = _installed(pack_dir, "scrfd-buffalo_l", _scrfd_graph)
    return ScrfdDetector(model_dir=pack_dir, backend=entry)


@pytest.fixture(scope="session")
def arcface(pack_dir):
    from iconface_core.faces.insightface_pack import ArcFaceEmbedder

    entry = _installed(pack_dir, "arcface-buffalo_l", _arcface_graph)
    return ArcFaceEmbedder(model_dir=pack_dir, backend=entry)
