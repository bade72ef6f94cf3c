"""AdaFace frozen inside the identity loss of the 4B model: gradients reach the image, never the weights."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.calibration import Calibration
from iconface_core.faces.adaface_facts import embedder_id
from iconface_core.faces.adaface_files import AdaFaceWeights, build_network, read_adaface
from iconface_core.faces.vectors import calibration_path, unmeasured_calibration
from iconface_core.models.catalogue import backend
from iconface_core.models.files import locate

from .face_encoder import to_arcface

_SIDE = 150
"""An FFHQ crop of this side shows the face as large as the ArcFace crop does: 512 times the templates' scale, .292."""


class IdentityEncoder(nn.Module):
    """FFHQ crops (B, 3, S, S) in [-1, 1], RGB -> unit vectors (B, 512) and norms (B,).

    `id` is the embedder's id, as a checkpoint's configuration names it; `calibration` says what its norms mean, by
    default a careful guess.
    """

    def __init__(self, weights: AdaFaceWeights, calibration: Calibration | None = None) -> None:
        super().__init__()
        self.id = embedder_id(weights.arch, weights.digest)
        self.calibration = calibration or unmeasured_calibration(self.id)
        self.network = build_network(weights)
        self._bgr = weights.color == "BGR"
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        crops = crop_faces(images)
        direction, norm = self.network(crops.flip(1) if self._bgr else crops)
        return direction, norm[:, 0]

    def train(self, mode: bool = True) -> "IdentityEncoder":
        """Stays in evaluation mode: batch norm and dropout of a frozen judge do not train."""
        del mode
        return super().train(False)


def crop_faces(images: Tensor) -> Tensor:
    """FFHQ crops (B, 3, S, S) -> what the embedder sees, (B, 3, 112, 112): `restore.identity.arcface_crop` for tensors.

    Large crops are averaged down to where the face has its final size, so that nothing aliases and nothing is lost.
    """
    images = images.float()
    if images.shape[-1] > _SIDE:
        images = functional.interpolate(images, (_SIDE, _SIDE), mode="area")
    return to_arcface(images)


def load_identity_encoder(name: str, model_dir: Path, device: torch.device) -> IdentityEncoder:
    """The installed AdaFace of this catalogue id, e.g. "adaface-ir50".

    Raises BackendUnavailableError when it is not installed, WeightsError when the file is damaged.
    """
    path = locate(backend(name).files[0], model_dir)
    encoder = IdentityEncoder(read_adaface(path))
    encoder.calibration = Calibration.read_or(calibration_path(path), encoder.calibration)
    return encoder.to(device)
