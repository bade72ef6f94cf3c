"""Recipe for the encoder of damaged faces: a damaged face should get the vector of the clean one.

Three terms. *cosine*: to the clean photo's own vector. *people*: a softmax over everybody in the training set, each by
the mean of their clean vectors, which is what keeps strangers away; batches are far too small for that. *norm*: the
length is to say how near the direction came to the clean one, so that quality falls with damage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.faces.student_files import read_student, write_student
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.faces import FacesConfig, TrainingFaces
from iconface_core.training.data.shards import Pack
from iconface_core.training.degradations.degrader import Degrader, DegradeRecipe
from iconface_core.training.degradations.recipe import STRONGEST

from .recipe import Forward
from .student_net import stem_and_student


@dataclass(frozen=True, slots=True)
class StudentLossWeights:
    """`scale`: of the cosines in the softmax over people; `margin`: taken off the right one."""

    cosine: float = 1.0
    people: float = 0.08
    norm: float = 0.1
    scale: float = 24.0
    margin: float = 0.1


@dataclass(frozen=True, slots=True)
class Misalignment:
    """How badly landmarks are found at strength 16; proportional below. Standard deviations of a similarity:
    `shift` along each axis as a part of the crop's side, `turn` in degrees, `grow` as a factor's logarithm."""

    shift: float = 0.03
    turn: float = 3.0
    grow: float = 0.05


@dataclass(frozen=True, slots=True)
class StudentTraining:
    """The `[student]` table. `first`: the first block of SFace (0..26) that is trained; what comes before costs no
    gradients and is the same for the clean and the damaged face."""

    first: int = 8
    losses: StudentLossWeights = field(default_factory=StudentLossWeights)
    misaligned: Misalignment = field(default_factory=Misalignment)
    faces: FacesConfig = field(default_factory=lambda: FacesConfig(references=(1.0,), flip=0.0))
    degrade: DegradeRecipe = field(default_factory=DegradeRecipe)
    licence: str = "research only"  # of the weights: what the training photos allow

    def __post_init__(self) -> None:
        if self.faces.references[1:] and any(self.faces.references[1:]):
            raise ValueError("the student looks at one face at a time: faces.references must be [1.0]")


@dataclass(frozen=True, slots=True, eq=False)
class StudentExample:
    """A batch. seen: (B, C, H, W), the stem's view of the damaged faces. truth: (B, 128), unit, and norm: (B,), of the
    clean photos as they were packed. person: (B,), row of the recipe's `people`. degraded, clean: (B, 3, S, S)."""

    seen: Tensor
    truth: Tensor
    norm: Tensor
    person: Tensor
    degraded: Tensor
    clean: Tensor


class StudentRecipe:
    """See Recipe."""

    module: nn.Module

    def __init__(
        self,
        training: StudentTraining,
        pack: Pack,
        *,
        batch: int,
        device: torch.device,
        bfloat16: bool = False,
        name: str = "student",
        data: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """`bfloat16`: what is not trained computes in it too. `data` says of each pack what the card repeats; `name` is
        the exported file's.

        Raises PackError when nobody is trained on, ValueError when `training.first` is not a block of SFace."""
        stem, self._student = stem_and_student(training.first)
        self._stem = stem.to(device)
        self.module = self._student.to(device)
        self._training, self._batch, self._device, self._bfloat16 = training, batch, device, bfloat16
        self._name, self._data = name, list(data)
        train = TrainingFaces(pack, "train", training.faces)
        shown = TrainingFaces(pack, "validation", training.faces) if len(pack.faces("validation")) else train
        self._faces = {"train": train, "validation": shown}
        self._norms = torch.from_numpy(pack.norms)
        self._degrade = Degrader(training.degrade)
        self._people, self._row = everybody(pack)
        self._people = self._people.to(device)

    def load(self, path: Path) -> None:
        """Start from exported weights. Raises WeightsError when they do not fit."""
        found = read_student(path, self._training.first)
        with torch.no_grad():
            for name, tensor in self._student.tensors().items():
                tensor.copy_(torch.from_numpy(found[name]))

    def draw(self, draw: Draw, progress: float) -> StudentExample:
        """See Recipe."""
        return self._example(draw, "train", self._batch)

    def losses(self, forward: Forward, example: StudentExample) -> Mapping[str, Tensor]:
        """See Recipe. "first": part of the faces whose own person is the nearest of all; "strangers": the mean
        similarity to the nearest other person."""
        weights = self._training.losses
        raw = forward(example.seen)
        length = torch.linalg.vector_norm(raw, dim=1)
        found = raw / length[:, None]
        reached = (found * example.truth).sum(1)
        likeness = found @ self._people.T
        own = functional.one_hot(example.person, len(self._people)).bool()
        logits = weights.scale * (likeness - weights.margin * own)
        expected = example.norm * reached.detach().clamp(min=0.1)
        terms = {
            "cosine": (1 - reached).mean(),
            "people": functional.cross_entropy(logits, example.person),
            "norm": (length / expected).log().square().mean(),
        }
        total = torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()
        nearest = likeness.masked_fill(own, -1).max(1).values
        with torch.no_grad():
            watched = {"first": (likeness[own] > nearest).float().mean(), "strangers": nearest.mean()}
        return {"loss": total, **terms, **watched}

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe: what was given and what it was; vectors cannot be shown."""
        example = self._example(draw, "validation", rows)
        return {"degraded": example.degraded, "truth": example.clean}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: one safetensors file."""
        path = folder / f"{self._name}.safetensors"
        card = {
            "licence": self._training.licence,
            "data": self._data,
            "training": dict(record),
            "losses": asdict(self._training.losses),
        }
        tensors = {name: value.detach().cpu().numpy() for name, value in self._student.tensors().items()}
        write_student(path, tensors, self._training.first, card)
        return path

    @torch.no_grad()
    def _example(self, draw: Draw, split: str, size: int) -> StudentExample:
        batch = self._faces[split].batch(draw, size, self._device, 0)
        degraded = self._degrade(batch.clean, draw.generator("degrade", self._device))
        moved = misaligned(self._training.misaligned, degraded.strength.cpu(), draw.generator("align"))
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._bfloat16):
            seen = self._stem(degraded.images, moved.to(self._device))
        return StudentExample(
            seen=seen,
            truth=batch.clean_vector,
            norm=self._norms[batch.index.cpu()].to(self._device),
            person=self._row[batch.identity.cpu()].to(self._device),
            degraded=degraded.images,
            clean=degraded.target,
        )


def everybody(pack: Pack) -> tuple[Tensor, Tensor]:
    """The mean clean vector of every person of the training set (P, 128), unit, and the row of each identity of the
    pack (-1 for people of validation)."""
    faces = pack.faces("train")
    identities, rows = np.unique(pack.identities[faces], return_inverse=True)
    sums = np.zeros((len(identities), pack.vectors.shape[1]), np.float32)
    np.add.at(sums, rows, pack.vectors[faces])
    row_of = np.full(len(pack.people), -1, np.int64)
    row_of[identities] = np.arange(len(identities))
    return functional.normalize(torch.from_numpy(sums), dim=1), torch.from_numpy(row_of)


def misaligned(how: Misalignment, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Random similarities (B, 2, 3) in coordinates of -1..1 for faces of this strength (B,) 0..16."""
    draws = torch.randn((4, len(strength)), generator=generator) * (strength / STRONGEST)
    factor, angle = torch.exp(how.grow * draws[0]), torch.deg2rad(how.turn * draws[1])
    cos, sin = factor * torch.cos(angle), factor * torch.sin(angle)
    shift = 2 * how.shift * draws[2:]
    return torch.stack([torch.stack([cos, -sin, shift[0]], 1), torch.stack([sin, cos, shift[1]], 1)], 1)
