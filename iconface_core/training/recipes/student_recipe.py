"""Recipe for the encoder of damaged faces: a damaged face should get the vector of the clean one.

Three terms. *cosine*: to the clean photo's own vector. *people*: a softmax over everybody in the training set, each by
the mean of their clean vectors, which is what keeps strangers away; batches are far too small for that. *norm*: the
length is to say how near the direction came to the clean one, so that quality falls with damage.

A second student has a head of its own and other teachers than SFace (`teachers.py`). Its length says nothing; instead
*likeness*: two damaged faces are to be as alike as their clean ones are to the teachers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.codec import JsonObject
from iconface_core.faces.student_files import Part, named, read_student, read_student_card, write_student
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.faces import FacesConfig, TrainingFaces
from iconface_core.training.data.shards import Pack
from iconface_core.training.degradations.degrader import Degrader, DegradeRecipe
from iconface_core.training.degradations.recipe import STRONGEST
from iconface_core.types import F32

from .recipe import Forward
from .student_net import stem_and_student
from .teachers import Lessons

PARTS: tuple[Part, ...] = ("first", "second", "teachers")


@dataclass(frozen=True, slots=True)
class StudentLossWeights:
    """`scale`: of the cosines in the softmax over people; `margin`: taken off the right one. `likeness`: of a second
    student only, `norm`: of a first."""

    cosine: float = 1.0
    people: float = 0.08
    norm: float = 0.1
    likeness: float = 2.0
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
class SecondTraining:
    """The `[student.second]` table: a second student is trained. `teachers`: paths of ONNX files in ArcFace's layout;
    `dim`: numbers in its vectors."""

    teachers: tuple[str, ...]
    dim: int = 256

    def __post_init__(self) -> None:
        if not self.teachers or self.dim < 1:
            raise ValueError("a second student needs teachers, and at least one number")


@dataclass(frozen=True, slots=True)
class StudentTraining:
    """The `[student]` table. `first`: the first block of SFace (0..26) that is trained; what comes before costs no
    gradients and is the same for the clean and the damaged face."""

    first: int = 8
    second: SecondTraining | None = None
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
    """A batch. seen: (B, C, H, W), the stem's view of the damaged faces. truth: (B, dim), unit, what is to be said of
    the clean photos, and norm: (B,), SFace's of them as they were packed. person: (B,), row of the recipe's `people`.
    degraded, clean: (B, 3, S, S)."""

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
        lessons: Lessons | None = None,
    ) -> None:
        """`bfloat16`: what is not trained computes in it too. `data` says of each pack what the card repeats; `name` is
        the exported file's. `lessons`: what a second student is taught of `pack`; None: the first one is trained.

        Raises PackError when nobody is trained on, ValueError when `training.first` is not a block of SFace."""
        stem, self._student = stem_and_student(training.first, None if lessons is None else lessons.vectors.shape[1])
        self._stem = stem.to(device)
        self.module = self._student.to(device)
        self._training, self._batch, self._device, self._bfloat16 = training, batch, device, bfloat16
        self._name, self._data, self._lessons = name, list(data), lessons
        self._beside: dict[str, F32] = {}
        self._cards: JsonObject = {}
        self._taught = torch.from_numpy(pack.vectors if lessons is None else lessons.vectors)
        train = TrainingFaces(pack, "train", training.faces)
        shown = TrainingFaces(pack, "validation", training.faces) if len(pack.faces("validation")) else train
        self._faces = {"train": train, "validation": shown}
        self._norms = torch.from_numpy(pack.norms)
        self._degrade = Degrader(training.degrade)
        self._people, self._row = everybody(pack, self._taught.numpy())
        self._people = self._people.to(device)

    def load(self, path: Path, *, anew: bool = False) -> None:
        """Start from exported weights; a second student that is begun `anew`, or has none there, from the first one's.
        What is not trained is exported as it lies there. Raises WeightsError when they do not fit."""
        first, second, teachers = (read_student(path, self._training.first, part=p) for p in PARTS)
        self._cards = read_student_card(path)
        if self._lessons is None:
            self._student.load(first)
            self._beside = named("second", second) | named("teachers", teachers)
        else:
            self._student.load(first if anew else second or first)
            self._beside = named("first", first)

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
        }
        if self._lessons is None:
            terms["norm"] = (length / expected).log().square().mean()
        else:
            terms["likeness"] = (found @ found.T - example.truth @ example.truth.T).square().mean()
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
        card: JsonObject = {
            "licence": self._training.licence,
            "data": self._data,
            "training": dict(record),
            "losses": asdict(self._training.losses),
        }
        part: Part = "first" if self._lessons is None else "second"
        trained = named(part, self._student.tensors())
        if self._lessons is not None:
            trained |= named("teachers", {"basis": self._lessons.basis})
            card["teachers"] = list(self._lessons.teachers)
        write_student(path, self._beside | trained, self._training.first, self._cards | {part: card})
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
            truth=self._taught[batch.index.cpu()].to(self._device),
            norm=self._norms[batch.index.cpu()].to(self._device),
            person=self._row[batch.identity.cpu()].to(self._device),
            degraded=degraded.images,
            clean=degraded.target,
        )


def everybody(pack: Pack, vectors: F32) -> tuple[Tensor, Tensor]:
    """The mean of the `vectors` (N, dim) of every person of the training set (P, dim), unit, and the row of each
    identity of the pack (-1 for people of validation)."""
    faces = pack.faces("train")
    identities, rows = np.unique(pack.identities[faces], return_inverse=True)
    sums = np.zeros((len(identities), vectors.shape[1]), np.float32)
    np.add.at(sums, rows, vectors[faces])
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
