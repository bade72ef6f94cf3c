"""Photos of a pack as tensors, ready for the degrader and the network."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from .sampler import Picks
from .shards import Pack

MakeReferences: TypeAlias = Callable[[Tensor, torch.Generator], Tensor]
"""Alters photos (N, 3, S, S) in [-1, 1] so much that they can stand for other photos of the same person."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B faces and R references each.

    clean: (B, 3, S, S) in [-1, 1]. references: (B, R, 3, S, S). clean_vector: (B, dim), unit, of the clean photo.
    reference_vectors: (B, R, dim), unit. reference_norms: (B, R). identity: (B,) number of the person in the pack.
    index: (B,) number of the face in the pack.
    """

    clean: Tensor
    references: Tensor
    clean_vector: Tensor
    reference_vectors: Tensor
    reference_norms: Tensor
    identity: Tensor
    index: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """The same on another device."""
        return Batch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def load_batch(
    pack: Pack,
    picks: Picks,
    generator: torch.Generator,
    *,
    flip: float = 0.5,
    make_references: MakeReferences | None = None,
) -> Batch:
    """Read what was picked. `flip` is the probability that a face is mirrored, always together with its references:
    a mole stays on the same side. Vectors are those of the photos as they were packed.

    Raises ValueError when references are to be made and `make_references` is missing, PackError for damaged shards.
    """
    targets, references = picks.targets.numpy(), picks.references.numpy()
    size, count = targets.shape[0], references.shape[1]
    every = np.concatenate([targets[:, None], references], 1)
    pixels = torch.from_numpy(pack.images(every.ravel())).reshape(size, count + 1, pack.size, pack.size, 3)
    images = pixels.permute(0, 1, 4, 2, 3).float().div_(127.5).sub_(1)
    mirrored = torch.rand(size, generator=generator) < flip
    images[mirrored] = images[mirrored].flip(-1)
    if count and picks.made.any():
        if make_references is None:
            raise ValueError("these references are the target's own photo: give make_references to alter them")
        own = images[picks.made, 1:]
        images[picks.made, 1:] = make_references(own.flatten(0, 1), generator).reshape(own.shape)
    vectors = torch.from_numpy(pack.vectors[every])
    return Batch(
        clean=images[:, 0].contiguous(),
        references=images[:, 1:].contiguous(),
        clean_vector=vectors[:, 0],
        reference_vectors=vectors[:, 1:],
        reference_norms=torch.from_numpy(pack.norms[references]),
        identity=torch.from_numpy(pack.identities[targets]),
        index=picks.targets,
    )
