"""Who is likely in a photo by what else is known of it: who is with them, and who was photographed on that day.

Pure counting over the photos of a library. The answer is a hint in nats, never below 0 and small: `identify` takes it
only where the face itself leaves a doubt, and never against the face.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import I64

DOUBT = 10.0
"""So many photos' worth of "as often as anywhere else" are mixed into every share: two photos together prove little."""


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """One row per face of a known person, any order: `person_ids`, `photo_ids`, `days` (date ordinals; below 1: not
    known). Raises ValueError when the columns differ in length."""

    person_ids: I64
    photo_ids: I64
    days: I64

    def __post_init__(self) -> None:
        if not self.person_ids.shape == self.photo_ids.shape == self.days.shape:
            raise ValueError("the columns of an album differ in length")


@dataclass(frozen=True, slots=True)
class Hint:
    """Why a person is more likely in this photo than in any other. `nats` > 0; `photos`: how many photos say so, all
    together with person `beside`, or, when that is None, of the same day."""

    nats: float
    photos: int
    beside: int | None = None

    def reason(self, names: Mapping[int, str]) -> str:
        """For people: "in 14 photos together with Ada, who is in this photo"."""
        many = f"{self.photos} photo{'s' * (self.photos != 1)}"
        if self.beside is None:
            return f"also in {many} of the same day"
        return f"in {many} together with {names.get(self.beside) or f'person {self.beside}'}, who is in this photo"


def hints(
    album: Album, *, present: Collection[int], day: int | None = None, photo_id: int | None = None
) -> dict[int, Hint]:
    """The best hint for every person that has one. `present`: people known to be in the photo; `day`: its date as an
    ordinal; `photo_id`: its own rows are no evidence.

    A hint is the logarithm of how much more often the person is in the photos with someone who is here, or in those of
    the same day, than in all photos. Of several the strongest counts: they say the same thing twice.
    """
    use = np.ones(len(album.photo_ids), bool) if photo_id is None else album.photo_ids != photo_id
    pairs, first = np.unique(np.stack([album.photo_ids[use], album.person_ids[use]], 1), axis=0, return_index=True)
    photos, people = pairs.T
    everything = len(np.unique(photos))
    found: dict[int, Hint] = {}
    for beside in sorted(present):
        _compare(found, photos, people, np.isin(photos, photos[people == beside]), everything, beside)
    if day is not None and day > 0:
        _compare(found, photos, people, album.days[use][first] == day, everything, None)
    return {person: hint for person, hint in found.items() if person not in present}


def _compare(
    found: dict[int, Hint], photos: I64, people: I64, chosen: NDArray[np.bool_], everything: int, beside: int | None
) -> None:
    """Everybody's share of the chosen photos against their share of all; the stronger hint stays."""
    of = len(np.unique(photos[chosen]))
    if not of:
        return
    person_ids, counts = np.unique(people[chosen], return_counts=True)
    everywhere = np.array([(people == p).sum() for p in person_ids]) / everything
    nats = np.log((counts + DOUBT * everywhere) / (of + DOUBT) / everywhere)
    for person, count, value in zip(person_ids.tolist(), counts.tolist(), nats.tolist(), strict=True):
        if value > 0 and person != beside and (person not in found or value > found[person].nats):
            found[person] = Hint(value, count, beside)
