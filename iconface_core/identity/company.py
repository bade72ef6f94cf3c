"""Who is likely in a photo by what else is known of it: who is with them, and who was photographed on that day.

Pure counting over the photos of a library. The answer is a hint in nats, never below 0 and small: `identify` takes it
only where the face itself leaves a doubt, and never against the face.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iconface_core import reason_codes as codes
from iconface_core.reasons import Reason
from iconface_core.types import I64

DOUBT = 10.0
"""So many photos' worth of "as often as anywhere else" are mixed into every share: two photos together prove little."""


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """One row per face of a known person, any order: `person_ids`, `photo_ids`, `days` (date ordinals; below 1: not
    known). A person counts once a photo. Raises ValueError when the columns differ in length."""

    person_ids: I64
    photo_ids: I64
    days: I64

    def __post_init__(self) -> None:
        if not self.person_ids.shape == self.photo_ids.shape == self.days.shape:
            raise ValueError("the columns of an album differ in length")
        _, first = np.unique(np.stack([self.photo_ids, self.person_ids], 1), axis=0, return_index=True)
        for name in ("person_ids", "photo_ids", "days"):
            object.__setattr__(self, name, getattr(self, name)[first])  # frozen: made distinct once


@dataclass(frozen=True, slots=True)
class Hint:
    """Why a person is more likely in this photo than in any other. `nats` > 0; `photos`: how many photos say so, all
    together with person `beside`, or, when that is None, of the same day."""

    nats: float
    photos: int
    beside: int | None = None

    def reason(self, names: Mapping[int, str]) -> Reason:
        """Such as "in 14 photos together with Ada, who is in this photo"."""
        if self.beside is None:
            return codes.SEEN_THAT_DAY(photos=self.photos)
        return codes.SEEN_WITH(photos=self.photos, person=self.beside, name=names.get(self.beside))


def hints(
    album: Album, *, present: Collection[int], day: int | None = None, photo_id: int | None = None
) -> dict[int, Hint]:
    """The best hint for every person that has one. `present`: people known to be in the photo; `day`: its date as an
    ordinal; `photo_id`: its own rows are not evidence.

    A hint is the logarithm of how much more often the person is in the photos with someone who is here, or in those of
    the same day, than in all photos. Of several the strongest counts: they say the same thing twice.
    """
    use = slice(None) if photo_id is None else album.photo_ids != photo_id
    photos, people, days = album.photo_ids[use], album.person_ids[use], album.days[use]
    found: dict[int, Hint] = {}
    for beside in sorted(present):
        _compare(found, photos, people, np.isin(photos, photos[people == beside]), beside)
    if day is not None and day > 0:
        _compare(found, photos, people, days == day, None)
    return {person: hint for person, hint in found.items() if person not in present}


def _compare(found: dict[int, Hint], photos: I64, people: I64, chosen: NDArray[np.bool_], beside: int | None) -> None:
    """Everybody's share of the chosen photos against their share of all; the stronger hint stays."""
    of = len(np.unique(photos[chosen]))
    if not of:
        return
    person_ids, counts = np.unique(people[chosen], return_counts=True)
    everybody, photos_of = np.unique(people, return_counts=True)
    everywhere = photos_of[np.searchsorted(everybody, person_ids)] / len(np.unique(photos))
    nats = np.log((counts + DOUBT * everywhere) / (of + DOUBT) / everywhere)
    for person, count, value in zip(person_ids.tolist(), counts.tolist(), nats.tolist(), strict=True):
        if value > 0 and person != beside and (person not in found or value > found[person].nats):
            found[person] = Hint(value, count, beside)
