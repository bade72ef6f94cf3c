"""Batches of a pack for one run: which faces, with how many references, on the training device."""

from dataclasses import dataclass

import torch

from iconface_core.errors import PackError

from .batch import Batch, MakeReferences, load_batch
from .draw import Draw
from .layouts import Split
from .sampler import Sampler, reference_count
from .shards import Pack


@dataclass(frozen=True, slots=True)
class FacesConfig:
    """What a batch is made of. `references`: part of the batches with 0, 1, 2, 3 references (paper: 30/30/20/20).
    `balance` 1 takes every person equally often, 0 every photo. `made`: part of the faces whose references are their
    own photo, altered, so that people with one photo teach something too. `varied`: part of the other references that
    are altered in the same way. `flip`: mirrored faces, always together with their references."""

    references: tuple[float, ...] = (0.3, 0.3, 0.2, 0.2)
    balance: float = 0.5
    made: float = 0.0
    varied: float = 0.0
    flip: float = 0.5

    def __post_init__(self) -> None:
        if not self.references or min(self.references) < 0 or sum(self.references) <= 0:
            raise ValueError("references must be parts, at least one of them positive")


class TrainingFaces:
    """Draws batches from one split of a pack; everything random follows from the draw."""

    def __init__(
        self, pack: Pack, split: Split, config: FacesConfig, *, make_references: MakeReferences | None = None
    ) -> None:
        """Raises PackError when the split is empty."""
        self._pack, self._config, self._make = pack, config, make_references
        self._sampler = Sampler(pack.faces(split), pack.identities, balance=config.balance, made=config.made)
        self.size = pack.size

    def references(self, draw: Draw) -> int:
        """How many references the faces of this batch have; the same in every process of a run."""
        wanted = reference_count(self._config.references, draw.shared("references"))
        return min(wanted, self.most)

    @property
    def most(self) -> int:
        """The largest number of references there can be: a small pack may not have people with four photos."""
        if self._config.made >= 1:
            return len(self._config.references) - 1
        return min(len(self._config.references) - 1, self._sampler.most_references)

    def batch(self, draw: Draw, size: int, device: torch.device, references: int | None = None) -> Batch:
        """`size` faces with `references` references each, by default as many as the draw says."""
        generator = draw.generator("faces")
        count = self.references(draw) if references is None else min(references, self.most)
        picks = self._sampler.draw(size, count, generator)
        batch = load_batch(self._pack, picks, generator, flip=self._config.flip, make_references=self._make)
        if count and self._config.varied and self._make is not None:
            varied = (torch.rand(size, count, generator=generator) < self._config.varied) & ~picks.made[:, None]
            if bool(varied.any()):
                batch.references[varied] = self._make(batch.references[varied], generator)
        return batch.to(device)


def check_size(pack: Pack, size: int) -> None:
    """Raise PackError when the pack's crops are not of the size that is trained."""
    if pack.size != size:
        raise PackError(
            f"the pack holds crops of {pack.size} px, this configuration trains {size} px: "
            f"pack the photos again with --size {size}"
        )
