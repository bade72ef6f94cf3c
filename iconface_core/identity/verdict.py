"""Is the restored face still the same person? The rule that keeps a loved one from becoming a stranger. Pure.

Everything is evidence in natural-log likelihood ratios (`Calibration.llr`): "same person" against "two people", for a
cosine between two faces, lowered where a face is of poor quality. Two comparisons count:

* **gallery**: to the person's gallery, before (degraded face) and after (restored face). Only when a person is known.
* **input**: the restored face to the degraded face itself. Always.

The rule:

1. *refused* when the restored face reads as another person than the input (input evidence below `different`), when
   the gallery evidence after is below `same_person` although it was not before, or when it fell by more than
   `max_loss`.
2. *pass* when there is a person, the input evidence and the gallery evidence after reach `same_person`, and the latter
   fell by no more than `small_loss`.
3. *unchecked* when nobody is known to compare it with, and the input evidence reaches `same_person`: that the face
   still matches its own damaged picture says little about whose it is now.
4. *doubtful* otherwise.

More similarity after restoring never makes a verdict worse, and less never makes it better (tested as a law).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from iconface_core import reason_codes as codes
from iconface_core.calibration import Calibration
from iconface_core.reasons import Reason


class VerdictKind(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    UNCHECKED = "unchecked"
    DOUBTFUL = "doubtful"
    REFUSED = "refused"


LIKENESS_NOISE = 0.04
"""Cosine. The likeness of a degraded face to its person moves by .008 (clear) to .016 (hardly known) when the photo is
saved once more or the landmarks shift by half a pixel (root mean square, docs/benchmarks.md): this is no accident."""


@dataclass(frozen=True, slots=True)
class VerdictPolicy:
    """Levels in natural-log units; 2.3 is ten to one."""

    same_person: float = 2.3
    different: float = 0.0
    small_loss: float = 1.0
    max_loss: float = 3.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`before` and `after` are the gallery evidence (None without a person), `to_input` that to the degraded face."""

    kind: VerdictKind
    reason: Reason
    to_input: float
    before: float | None = None
    after: float | None = None


def judge(
    calibration: Calibration,
    *,
    to_input: float,
    before: float | None = None,
    after: float | None = None,
    quality_before: float = 1.0,
    quality_after: float = 1.0,
    quality_gallery: float = 1.0,
    policy: VerdictPolicy = VerdictPolicy(),
) -> Verdict:
    """Judge one restored face by the rule above.

    `to_input`, `before`, `after` are cosines -1..1: restored to degraded face, degraded to gallery, restored to
    gallery. The last two are given together, or not at all when nobody was identified. Qualities are 0..1.
    Raises ValueError when only one of `before` and `after` is given.
    """
    if (before is None) != (after is None):
        raise ValueError("give both gallery similarities or neither")
    same = float(calibration.llr(to_input, quality_before, quality_after))
    if before is None or after is None:
        return _judge_alone(same, policy)
    was = float(calibration.llr(before, quality_before, quality_gallery))
    # the quality of the degraded face on both sides: a restorer must not earn evidence by looking sharp
    now = float(calibration.llr(after, quality_before, quality_gallery))
    kind, reason = _with_person(same, was, now, policy)
    return Verdict(kind, reason, same, was, now)


def lost_likeness(before: float | None, after: float | None) -> bool:
    """Whether a restored face is less like its person than the degraded one, by more than noise. False without a
    person. More likeness never loses any."""
    return before is not None and after is not None and before - after > LIKENESS_NOISE


def refused_for_loss(verdict: Verdict) -> Verdict:
    """The same verdict, refused because likeness was lost whatever the strength."""
    return replace(verdict, kind=VerdictKind.REFUSED, reason=codes.LESS_LIKE())


def _judge_alone(same: float, policy: VerdictPolicy) -> Verdict:
    if same < policy.different:
        return Verdict(VerdictKind.REFUSED, codes.OTHER_PERSON(), same)
    if same < policy.same_person:
        return Verdict(VerdictKind.DOUBTFUL, codes.NOT_SURELY_ORIGINAL(), same)
    return Verdict(VerdictKind.UNCHECKED, codes.NOBODY_TO_COMPARE(), same)


def _with_person(same: float, was: float, now: float, policy: VerdictPolicy) -> tuple[VerdictKind, Reason]:
    loss = was - now
    if same < policy.different:
        return VerdictKind.REFUSED, codes.OTHER_PERSON()
    if now < policy.same_person <= was:
        return VerdictKind.REFUSED, codes.NO_LONGER_MATCHES()
    if loss > policy.max_loss:
        return VerdictKind.REFUSED, codes.MUCH_LESS_LIKE()
    if now < policy.same_person:
        return VerdictKind.DOUBTFUL, codes.NEITHER_SURELY()
    if loss > policy.small_loss:
        return VerdictKind.DOUBTFUL, codes.LITTLE_LESS_LIKE()
    if same < policy.same_person:
        return VerdictKind.DOUBTFUL, codes.DIFFERS_TOO_MUCH()
    return VerdictKind.PASS, codes.STILL_MATCHES()
