"""When a photo was taken: hidden dates told by the people in it, and wrong dates noticed.

    python -m benchmarks.when [--fit] [--seed N]

No data at hand has one person at many known ages, so lives are made by a rule, of faces that no head saw (the five
folds of `benchmarks.ages`).

- *Lives of `ages`*: whoever is in the hidden photo is 0 to 80 then, in a year from 1920 to 2015, and has 8 dated photos
  within 25 years of it. Every face is that of somebody in `ages` who is as old as the life then is, within two years;
  the year is made to fit the label. One person looks older or younger than they are in all photos alike: of the faces
  of that age the one is taken that is as much over or under its age as this life is, in ranks, half of the variance
  being the life's and half the photo's. Faces of different people are not alike, so likeness is left out here.
- *Lives of `lag`*: the same person for real, but only as a child and as an adult. Somebody with two photos or more of
  each is born in a year from 1900 to 1980; the child's photos are from when they were 4 to 16, the adult's from 25 to
  50, drawn. One photo is hidden; it counts whether the year said is on the right side of their twentieth birthday.
- *nearest photo*: the year of the person's photo that is most alike (`lag`), or whose apparent age is nearest (`ages`,
  where likeness says nothing).
- *wrong dates*: the date of the hidden photo is what it is (a false alarm, when it is doubted), or 20, 40 or 60 years
  later, as a scanner's; a tenth of the dates of the other photos is wrong by as much.

The policy was chosen on the lives of seed 0; the numbers are of others, of the same faces. `--fit` prints how much a
face's likeness to its own fades from child to adult, and how well the ranges of `ages` cover for several powers.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from benchmarks.age_faces import AgedFaces, faces_of
from benchmarks.ages import POWER, by_fold, held_out_heads, narrowed
from iconface_core.ages import OLDEST
from iconface_core.dating.estimate import is_wild, year_of
from iconface_core.dating.policy import DatingPolicy
from iconface_core.dating.types import PersonHere, YearEstimate
from iconface_core.types import F32

LIVES, PHOTOS, NOW = 500, 8, 2026
OLD = 80  # the oldest that somebody is in a hidden photo
AROUND = 25  # years before and after it from which somebody's other photos are
SAME = 0.5  # of the variance of a face's error, what all faces of the person share
LATER = (20, 40, 60)
NO_LIKENESS = replace(DatingPolicy(), most_alike=0.0)


@dataclass(frozen=True)
class Case:
    """A hidden photo: who is in it, its year, and the year that its nearest photo says."""

    people: tuple[PersonHere, ...]
    year: int
    nearest: int

    def told(self, policy: DatingPolicy) -> YearEstimate:
        found = year_of(self.people, now=NOW, policy=policy)
        assert found is not None
        return found


class Lives:
    """Lives of `ages`. `looks` (N, 101) are of heads that never saw the face; `same` as `SAME`."""

    def __init__(self, ages: AgedFaces, looks: F32, seed: int, same: float = SAME) -> None:
        self.labels, self.looks, self.seed, self.same = ages.ages, looks, seed, same
        below = np.cumsum(looks, 1)
        at = np.arange(len(looks))
        middle = below[at, self.labels] - looks[at, self.labels] / 2
        self.scores = norm.ppf(np.clip(middle, 1e-3, 1 - 1e-3))  # how young a face looks for its age, in ranks

    def face(self, age: int, score: float) -> int:
        near = np.flatnonzero(np.abs(self.labels - age) <= 2)
        return int(near[np.argmin(np.abs(self.scores[near] - score))])

    def person(self, rng: np.random.Generator, year: int, *, known: bool, wrong: float) -> PersonHere:
        """Somebody in a photo of `year`."""
        bias = rng.standard_normal() * self.same**0.5

        def some(age: int) -> int:
            return self.face(age, bias + rng.standard_normal() * (1 - self.same) ** 0.5)

        here = some(int(rng.integers(0, OLD + 1)))
        born = year - int(self.labels[here])
        then = [a for a in rng.integers(-AROUND, AROUND + 1, 40) + self.labels[here] if 0 <= a <= OLD + 5][:PHOTOS]
        rows = np.array([some(int(a)) for a in then])
        years = np.minimum(born + self.labels[rows], NOW)
        years = np.where(rng.random(len(rows)) < wrong, np.minimum(years + rng.choice(LATER, len(rows)), NOW), years)
        likeness = np.zeros(len(rows), np.float32)
        return PersonHere(1, None, self.looks[here], born if known else None, years, self.looks[rows], likeness)

    def cases(self, people: int, *, known: bool, wrong: float = 0.0) -> Iterator[Case]:
        rng = np.random.default_rng(people + 10 * known + 100 * self.seed)
        for _ in range(LIVES):
            year = int(rng.integers(1920, 2016))
            here = tuple(self.person(rng, year, known=known, wrong=wrong) for _ in range(people))
            first = here[0]
            apart = np.abs(_middles(first.looked) - _middles(first.looks[None]))
            yield Case(here, year, int(first.years[np.argmin(apart)]))


def _middles(looks: F32) -> np.ndarray:
    return (np.cumsum(looks, 1) >= 0.5).argmax(1)


def lag_cases(lag: AgedFaces, looks: F32, *, known: bool, seed: int = 0) -> Iterator[tuple[Case, int]]:
    """Hidden photos of `lag`, and the middle of the life between child and adult."""
    rng = np.random.default_rng(seed)
    for person in sorted(set(lag.people)):
        rows = np.flatnonzero(lag.people == person)
        young = lag.young[rows]
        if min(young.sum(), (~young).sum()) < 2:
            continue
        born = int(rng.integers(1900, 1981))
        years = born + np.where(young, rng.integers(4, 17, len(rows)), rng.integers(25, 51, len(rows)))
        for hidden in (int(rng.choice(np.flatnonzero(young))), int(rng.choice(np.flatnonzero(~young)))):
            rest = np.arange(len(rows)) != hidden
            likeness = lag.vectors[rows[rest]] @ lag.vectors[rows[hidden]]
            others = years[rest], looks[rows[rest]], likeness
            here = PersonHere(1, None, looks[rows[hidden]], born if known else None, *others)
            yield Case((here,), int(years[hidden]), int(years[rest][np.argmax(likeness)])), born + 20


def errors(cases: list[Case], policy: DatingPolicy) -> str:
    told = [case.told(policy) for case in cases]
    off = np.array([abs(t.year - c.year) for t, c in zip(told, cases, strict=True)])
    inside = np.mean([t.first <= c.year <= t.last for t, c in zip(told, cases, strict=True)])
    wide = np.median([t.last - t.first for t in told])
    near = np.array([abs(c.nearest - c.year) for c in cases])
    told_off, near_off = (f"{np.median(e):.0f} | {e.mean():.1f}" for e in (off, near))
    return f"{told_off} | {100 * inside:.0f} % | {wide:.0f} | {near_off}"


def halves(cases: list[tuple[Case, int]], policy: DatingPolicy) -> str:
    right = [(c.told(policy).year < middle) == (c.year < middle) for c, middle in cases]
    near = [(c.nearest < middle) == (c.year < middle) for c, middle in cases]
    return f"{100 * np.mean(right):.1f} % | {100 * np.mean(near):.1f} %"


def alarms(cases: list[Case], policy: DatingPolicy) -> str:
    told = [case.told(policy) for case in cases]
    shares = []
    for later in (0, *LATER):
        dated = [(t, c.year + later) for t, c in zip(told, cases, strict=True) if c.year + later <= NOW]
        shares.append(np.mean([is_wild(t, year, policy) for t, year in dated]))
    return " | ".join(f"{100 * s:.1f} %" for s in shares)


def fade(lag: AgedFaces, looks: F32) -> None:
    """Similarity of one person's photos of one half of life and of both, and how much they spread."""
    same, across, spread = [], [], []
    for person in sorted(set(lag.people)):
        rows = np.flatnonzero(lag.people == person)
        young = lag.young[rows]
        alike = lag.vectors[rows] @ lag.vectors[rows].T
        for i in range(len(rows)):
            beside, apart = (young == young[i]) & (np.arange(len(rows)) != i), young != young[i]
            if beside.any() and apart.any():
                same.append(alike[i, beside].mean())
                across.append(alike[i, apart].mean())
            spread += [alike[i, mask].std(ddof=1) for mask in (beside, apart) if mask.sum() > 1]
    ages = [np.mean(_middles(looks[lag.young == half])) for half in (True, False)]
    print(
        f"alike {np.mean(same):.3f}, child and adult {np.mean(across):.3f}, spread {np.mean(spread):.3f}, ages {ages}"
    )


def correlation(lag: AgedFaces, looks: F32) -> None:
    """What the faces of one adult share of the variance of how old they look; their ages differ too, so the error's own
    share is less."""
    middles = _middles(looks)
    groups = [middles[(lag.people == p) & ~lag.young] for p in sorted(set(lag.people))]
    groups = [g for g in groups if len(g) > 1]
    within, total = np.mean([g.var(ddof=1) for g in groups]), np.concatenate(groups).var()
    print(f"of the variance of an adult's apparent age {1 - within / total:.2f} is the person's")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--seed", type=int, default=1, help="0: the lives on which the policy was chosen")
    options = parser.parse_args()
    ages, lag = faces_of("ages"), faces_of("lag")
    heads = [narrowed(head, POWER, lag.vectors) for head in held_out_heads(ages, lag)]
    lives, looks = Lives(ages, by_fold(heads, ages), options.seed), by_fold(heads, lag)
    assert looks.shape[1] == OLDEST + 1
    if options.fit:
        fade(lag, looks)
        correlation(lag, looks)
        for power, bias, least in ((1.0, 0.01, 0.08), (1.5, 0.14, 0.08), (1.5, 0.14, 0.0001), (2.0, 0.14, 0.08)):
            policy = replace(NO_LIKENESS, power=power, bias=bias, least=least)
            told = (errors(list(lives.cases(1, known=k)), policy) for k in (True, False))
            print(power, bias, least, *told, sep=" || ")
        return
    print(
        "| who is in it | median error | mean | in the 80 % range | its median width | nearest photo: median | mean |"
    )
    print("|---|---|---|---|---|---|---|")
    for known in (True, False):
        for people in (1, 2, 3):
            cases = list(lives.cases(people, known=known))
            what = f"{people}, born in a known year" if known else f"{people}, with 8 dated photos"
            print(f"| {what} | {errors(cases, NO_LIKENESS)} |")
    print("\n| of the error the person's | median error | mean | in the range | its width | nearest | mean |")
    print("|---|---|---|---|---|---|---|")
    for same in (0.2, 0.8):
        for known in (True, False):
            cases = list(Lives(ages, lives.looks, options.seed, same).cases(1, known=known))
            print(
                f"| {same}, born in a year that is {'known' if known else 'not known'} | {errors(cases, NO_LIKENESS)} |"
            )
    print("\n| lag: which half of the life | told | most alike photo |\n|---|---|---|")
    for known in (True, False):
        for name, policy in (("with likeness", DatingPolicy()), ("without", NO_LIKENESS)):
            hidden = list(lag_cases(lag, looks, known=known, seed=options.seed))
            print(f"| {len(hidden)}, born {'known' if known else 'unknown'}, {name} | {halves(hidden, policy)} |")
            print(f"|   years | {errors([c for c, _ in hidden], policy)} |")
    print("\n| doubted | right date | " + " | ".join(f"{n} years later" for n in LATER) + " |\n|---|---|---|---|---|")
    for known in (True, False):
        for people in (1, 3):
            cases = list(lives.cases(people, known=known, wrong=0.1))
            who = "born in a known year" if known else "with dated photos"
            print(f"| {people}, {who} | {alarms(cases, NO_LIKENESS)} |")


if __name__ == "__main__":
    main()
