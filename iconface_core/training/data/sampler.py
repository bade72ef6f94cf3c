"""Which photos make a batch: people first, then one photo of each to restore and others of the same person beside it.

A batch has one number of references, so that nothing is padded (paper: none 30 %, one 30 %, two 20 %, three 20 %).
The sampler keeps no position: a batch follows from its generator alone, which is what exact resuming needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iconface_core.errors import PackError
from iconface_core.types import I64

PAPER_SHARES = (0.3, 0.3, 0.2, 0.2)


@dataclass(frozen=True, slots=True, eq=False)
class Picks:
    """Indices into a pack. targets: (B,). references: (B, R). made: (B,) bool, True where a person has too few photos
    and `references` repeats the target: these must be altered before use (`batch.load_batch` insists on it)."""

    targets: Tensor
    references: Tensor
    made: Tensor


class Sampler:
    """Draws from the photos `faces` (N,) of a pack whose people are numbered by `identities`.

    `balance` 1 takes every person equally often, 0 every photo; in between, persons weigh photos ** (1 - balance).
    `made` is the share of faces with references whose references are made from the target itself, from any person.
    """

    def __init__(self, faces: I64, identities: I64, *, balance: float = 0.5, made: float = 0.0) -> None:
        """Raises PackError when there are no faces."""
        if not len(faces):
            raise PackError("no faces to draw from: the split is empty; pack more people")
        order = np.argsort(identities[faces], kind="stable")
        _, starts = np.unique(identities[faces][order], return_index=True)
        self._photos = [torch.from_numpy(group.copy()) for group in np.split(faces[order], starts[1:])]
        self._counts = torch.tensor([len(group) for group in self._photos])
        self._weights = self._counts.double() ** (1 - balance)
        self._made = made

    @property
    def most_references(self) -> int:
        """The largest number of real references any person has."""
        return int(self._counts.max()) - 1

    def draw(self, size: int, references: int, generator: torch.Generator) -> Picks:
        """A batch. References are never the target, nor twice the same photo, except where `made`.

        People do not repeat within a batch while there are enough. Raises PackError when nobody has `references`
        other photos and none may be made.
        """
        own = torch.rand(size, generator=generator) < (self._made if references else 0.0)
        real = self._people(int((~own).sum()), references + 1, generator)
        made = self._people(int(own.sum()), 1, generator)
        people = torch.empty(size, dtype=torch.long)
        people[~own], people[own] = real, made
        rows = []
        for person, repeat in zip(people.tolist(), own.tolist(), strict=True):
            photos = self._photos[person]
            order = torch.randperm(len(photos), generator=generator)
            rows.append(photos[order[:1].expand(references + 1) if repeat else order[: references + 1]])
        picked = torch.stack(rows) if rows else torch.empty((0, references + 1), dtype=torch.long)
        return Picks(picked[:, 0], picked[:, 1:], own)

    def _people(self, count: int, photos: int, generator: torch.Generator) -> Tensor:
        """`count` people with at least this many photos."""
        weights = self._weights * (self._counts >= photos)
        able = int((weights > 0).sum())
        if count and not able:
            raise PackError(
                f"nobody has {photos} photos, so no batch can have {photos - 1} references: "
                "pack more photos per person or train with fewer references"
            )
        if not count:
            return torch.empty(0, dtype=torch.long)
        return torch.multinomial(weights, count, replacement=count > able, generator=generator)


def reference_count(shares: Sequence[float], point: float) -> int:
    """The number of references of a batch: `shares[r]` of all batches have r; `point` is uniform in 0..1.

    Raises ValueError when no share is positive.
    """
    edges = np.cumsum(shares)
    if not len(edges) or edges[-1] <= 0 or min(shares) < 0:
        raise ValueError(f"shares must be parts, at least one of them positive, got {tuple(shares)}")
    last = int(np.flatnonzero(shares)[-1])
    return min(int(np.searchsorted(edges, point * edges[-1], side="right")), last)
