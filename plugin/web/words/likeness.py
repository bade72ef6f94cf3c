"""How much faces and people resemble each other, in words instead of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from iconface_core.calibration import Calibration

from ...languages import _

_LEVELS = (6.0, 2.3, 0.0)
"""Evidence (natural log of the odds) from which on the first, second and third word is said; below it the fourth."""


_REST = 6.0
"""How far the bar reaches below the lowest of them, and above the highest."""

_SAME = 0.5
"""A smaller change of the evidence is none: the same photo, compressed again, does as much."""


def alike_words(similarity: float, calibration: Calibration) -> str:
    """How much two people or faces resemble each other, to go on "they look ..."; "" when they hardly do."""
    words = (_("very much alike"), _("much alike"), _("somewhat alike"), "")
    return _degree(float(calibration.llr(similarity)), words)


def alike_level(similarity: float, calibration: Calibration) -> int:
    """The same as a number: 3 very much alike to 1 somewhat alike, 0 hardly."""
    evidence = float(calibration.llr(similarity))
    return sum(evidence >= least for least in _LEVELS)


def likeness_words(evidence: float, name: str | None) -> str:
    """How much a face is like a person. `evidence`: natural log of how much likelier it is the person than not."""
    who = name or _("the person")
    words = (
        _("Very much like {name}", name=who),
        _("Clearly like {name}", name=who),
        _("Somewhat like {name}", name=who),
        _("Hardly like {name}", name=who),
    )
    return _degree(evidence, words)


def is_clearly_like(evidence: float) -> bool:
    """Whether `likeness_words` says at least "clearly like"."""
    return evidence >= _LEVELS[1]


@dataclass(frozen=True, slots=True)
class LikenessBar:
    """How much a face is like its person, before and after. `before` and `after` are places 0..100 on a bar with one
    quarter for each word, "hardly" to "very much"; `words` say the same."""

    before: float
    after: float
    words: str


def likeness_bar(before: float, after: float, name: str | None) -> LikenessBar:
    """Of two `evidence`s as in `likeness_words`."""
    old, new = likeness_words(before, name), likeness_words(after, name)
    if old == new:
        change = after - before
        if abs(change) < _SAME:
            words = _("{likeness}, as before.", likeness=new)
        elif change > 0:
            words = _("{likeness}, more than before.", likeness=new)
        else:
            words = _("{likeness}, less than before.", likeness=new)
    else:
        words = _("{before} before. {now} now.", before=old, now=new)
    return LikenessBar(_place(before), _place(after), words)


def _place(evidence: float) -> float:
    """0..100: the ends of the words' ranges are 25, 50 and 75."""
    ends = (-_REST, *reversed(_LEVELS), _LEVELS[0] + _REST)
    inside = min(max(evidence, ends[0]), ends[-1])
    n = next(n for n in range(4) if inside <= ends[n + 1])
    return 25 * (n + (inside - ends[n]) / (ends[n + 1] - ends[n]))


def _degree(evidence: float, words: Sequence[str]) -> str:
    return words[sum(evidence < least for least in _LEVELS)]
