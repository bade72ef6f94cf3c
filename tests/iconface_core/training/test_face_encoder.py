"""The torch copy of SFace gives what onnxruntime gives, and its gradient is the gradient of that."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.training.recipes.face_encoder import TorchSFace, to_arcface
from iconface_core.types import AlignedFace


@pytest.fixture(scope="module")
def encoder() -> TorchSFace:
    return TorchSFace()


def pictures(count: int = 3, size: int = 128) -> torch.Tensor:
    """Smooth random pictures: noise alone would hide a wrong alignment."""
    coarse = torch.rand(count, 3, 12, 12, generator=torch.Generator().manual_seed(4))
    return functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1) * 2 - 1


def test_it_is_the_network_of_the_onnx_file(encoder: TorchSFace) -> None:
    images = pictures()
    crops = ((to_arcface(images) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    expected = SFaceEmbedder().embed([AlignedFace(c, np.zeros((2, 3), np.float32)) for c in crops])
    raw = encoder(images)
    for vector, known in zip(raw, expected, strict=True):
        assert float(vector.norm()) == pytest.approx(known.norm, rel=0.02)  # the crop was rounded to 8 bits
        assert float(functional.normalize(vector, dim=0) @ torch.from_numpy(known.vector)) > 0.999


@pytest.mark.parametrize("size", [128, 512])
def test_the_crop_is_the_templates_own(size: int) -> None:
    image = pictures(1, size)
    ours = (to_arcface(image)[0].permute(1, 2, 0).numpy() + 1) * 127.5
    whole = ((image[0].permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    theirs = align_face(whole, (FFHQ_512.points + 0.5) * (size / FFHQ_512.size) - 0.5, ARCFACE_112).pixels
    assert np.abs(ours - theirs)[8:-8, 8:-8].mean() < 2.0


def test_the_gradient_is_the_slope(encoder: TorchSFace) -> None:
    double = TorchSFace().double()
    image = pictures(1).double().requires_grad_(True)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    weights = torch.randn(128, generator=torch.Generator().manual_seed(3), dtype=torch.double)
    (double(image)[0] @ weights).backward()
    assert image.grad is not None
    step = 1e-8  # small: every PReLU is a kink
    with torch.no_grad():
        slope = ((double(image + step * direction) - double(image - step * direction))[0] @ weights) / (2 * step)
    assert float((image.grad * direction).sum()) == pytest.approx(float(slope), rel=1e-3)


def test_it_is_frozen_and_tells_its_inner_features(encoder: TorchSFace) -> None:
    assert not any(p.requires_grad for p in encoder.parameters())
    raw, inner = encoder.features(pictures())
    assert raw.shape == (3, 128)
    assert [f.shape[0] for f in inner] == [3, 3, 3]
    assert [f.shape[-1] for f in inner] == sorted((f.shape[-1] for f in inner), reverse=True)
