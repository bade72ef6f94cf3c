"""What is restored in an evaluation: faces of people never trained on, each with their own and a stranger's photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch

from iconface_core.errors import PackError
from iconface_core.training.data.shards import Pack
from iconface_core.training.degradations.degrader import LEVELS, degrade_each, degrade_print_each
from iconface_core.types import I64, RgbU8

__all__ = ["LEVELS", "Case", "cases_of_pack", "degraded", "old_prints"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One face: the truth (S, S, 3), other photos of the person and of somebody else, at most three each. `seed`
    fixes its damage."""

    name: str
    person: str
    truth: RgbU8
    references: tuple[RgbU8, ...]
    strangers: tuple[RgbU8, ...]
    seed: int


def cases_of_pack(pack: Pack, *, limit: int | None = None, per_person: int = 2, seed: int = 0) -> list[Case]:
    """Cases of the validation people that have two photos or more; those with the most photos first, so that a small
    `limit` still tests three references. At most `per_person` faces of one person, so that nobody outweighs the rest.

    The stranger is the next person in random order. Raises PackError when fewer than two people qualify.
    """
    rng = np.random.default_rng(seed)
    faces = pack.faces("validation")
    photos = {int(p): rng.permutation(faces[pack.identities[faces] == p]) for p in np.unique(pack.identities[faces])}
    people = [int(p) for p in rng.permutation(sorted(photos)) if len(photos[p]) >= 2]
    if len(people) < 2:
        raise PackError(f"evaluation needs two validation people with two photos each, this pack has {len(people)}")
    people.sort(key=lambda p: -min(len(photos[p]), 4))  # stable: random among equals
    next_one = dict(zip(people, people[1:] + people[:1], strict=True))
    chosen = [(turn, p) for turn in range(per_person) for p in people if turn < len(photos[p])]
    chosen.sort(key=lambda pick: -min(len(photos[pick[1]]), 4))
    cases = []
    for turn, person in chosen[:limit]:
        target, others = int(photos[person][turn]), np.delete(photos[person], turn)
        cases.append(
            Case(
                name=pack.names[target],
                person=pack.people[person],
                truth=pack.image(target),
                references=_pictures(pack, others),
                strangers=_pictures(pack, photos[next_one[person]]),
                seed=crc32(f"{seed} {pack.names[target]}".encode()),
            )
        )
    return cases


def degraded(images: Sequence[RgbU8], level: str, seeds: Sequence[int]) -> list[RgbU8]:
    """Crops of one size at a named level of `LEVELS`; each depends on its own seed only.

    Raises ValueError for an unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}; known: {', '.join(LEVELS)}")
    return _pixels(degrade_each(_tensor(images), LEVELS[level], seeds))


def old_prints(images: Sequence[RgbU8], seeds: Sequence[int]) -> tuple[list[RgbU8], list[RgbU8]]:
    """Crops of one size as old prints (`OLD_PRINT`), and what each should become: the print unfaded and undamaged,
    black and white where it was that."""
    made = degrade_print_each(_tensor(images), seeds)
    return _pixels(made.images), _pixels(made.target)


def _tensor(images: Sequence[RgbU8]) -> torch.Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _pixels(images: torch.Tensor) -> list[RgbU8]:
    found: RgbU8 = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return list(found)


def _pictures(pack: Pack, indices: I64) -> tuple[RgbU8, ...]:
    return tuple(pack.image(int(i)) for i in indices[:3])
