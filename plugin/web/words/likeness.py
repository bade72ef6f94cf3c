"""How much faces and people resemble each other, in words instead of numbers."""

from collections.abc import Sequence

from iconface_core.calibration import Calibration

_LEVELS = (6.0, 2.3, 0.0)
"""Evidence (natural log of the odds) from which on the first, second and third word is said; below it the fourth."""


def alike_words(similarity: float, calibration: Calibration) -> str:
    """How much two people or faces resemble each other, to go on "they look ..."; "" when they hardly do."""
    return _degree(float(calibration.llr(similarity)), ("very much alike", "much alike", "somewhat alike", ""))


def likeness_words(evidence: float, name: str | None) -> str:
    """How much a face is like a person. `evidence`: natural log of how much likelier it is the person than not."""
    words = _degree(evidence, ("Very much like", "Clearly like", "Somewhat like", "Hardly like"))
    return f"{words} {name or 'the person'}"


def is_clearly_like(evidence: float) -> bool:
    """Whether `likeness_words` says at least "clearly like"."""
    return evidence >= _LEVELS[1]


def _degree(evidence: float, words: Sequence[str]) -> str:
    return words[sum(evidence < least for least in _LEVELS)]
