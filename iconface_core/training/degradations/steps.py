"""A step of a photo's plan, and the photo's own random numbers that the plan is made of."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeVar

from .operators import Operator

_T = TypeVar("_T")


class Step(NamedTuple):
    """One operator on one photo. Steps with equal operator and structure can run as a batch."""

    operator: Operator
    structure: Hashable
    values: tuple[float, ...]


class Draws:
    """A photo's own uniform numbers, taken one after the other."""

    def __init__(self, uniforms: Sequence[float]) -> None:
        self._numbers = iter(uniforms)

    def between(self, low: float, high: float) -> float:
        """Uniform in low..high."""
        return low + (high - low) * next(self._numbers)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return next(self._numbers) < probability

    def one_of(self, options: Sequence[_T]) -> _T:
        """One of the options, all alike."""
        return options[int(next(self._numbers) * len(options))]

    def shuffled(self, items: Sequence[_T]) -> list[_T]:
        """The items in random order."""
        keys = [next(self._numbers) for _ in items]
        return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]
