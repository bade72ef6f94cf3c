"""The numbers of the estimate, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatingPolicy:
    """Chosen by `benchmarks/when.py`.

    A face: `power` sharpens its apparent age, because a part of that doubt is the person's and is taken into account by
    `bias`, the standard deviation of how old people look for their age (of the logarithm of years, `person.py`).
    `least` is how exactly any face tells its age, in the same unit: now and then the age head is sure of one year.
    `floor`: the share of faces that say nothing, because they are somebody else's.

    Dated photos: `wild_dates` of them have the date of something else; `most_told` of them count, however many there
    are, for their faces are wrong in the same ways.

    Likeness: `fade` is by how much the similarity of a face to its own falls for each step of growing up, `spread` its
    standard deviation, `most_alike` the photos that count: likeness to a hundred photos of one summer is one fact.
    What is more alike than `same` is as alike as that: a copy of the picture, whose date says no more than its own. A
    dated photo in which the person looks more than `far` years older or younger than they can be does not count, when
    fewer than `believed` of the probability is nearer.

    The folder: `series` is how much the dates of the photos before and after are trusted, `drift` the years beyond them
    after which they are trusted half as much.

    `wild`: a date is doubted when it is less probable than this that the photo is so far from the likeliest year, and
    it is `off` years or more outside of the range that is said.
    """

    power: float = 2.0
    bias: float = 0.14
    least: float = 0.08
    floor: float = 0.006
    wild_dates: float = 0.05
    most_told: float = 12.0
    fade: float = 0.6
    spread: float = 0.12
    most_alike: float = 2.0
    same: float = 0.85
    far: int = 15
    believed: float = 0.02
    series: float = 0.7
    drift: float = 1.5
    wild: float = 0.003
    off: int = 8
