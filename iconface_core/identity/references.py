"""Which photos of a person help to restore a degraded face, and why. Pure: no database, no model, no pixels.

Three steps: what may not even vote on how the person looks is put aside; the rest is compared with the robust centre
of the person's other faces; what is left is scored and taken greedily, never twice from one moment.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time
from math import exp

import numpy as np

from iconface_core import reason_codes as codes
from iconface_core.ages import ApparentAge, child_and_adult, closeness
from iconface_core.calibration import Calibration
from iconface_core.reasons import Reason
from iconface_core.types import F32

from .pose import Pose, head_pose
from .reference_types import (
    ChosenReference,
    DegradedFace,
    ReferenceCandidate,
    ReferenceChoice,
    ReferencePolicy,
    Refusal,
    RefusedReference,
)

__all__ = [
    "ChosenReference",
    "DegradedFace",
    "ReferenceCandidate",
    "ReferenceChoice",
    "ReferencePolicy",
    "Refusal",
    "RefusedReference",
    "select_references",
]

_YEAR = 365.25 * 86400.0


def select_references(
    degraded: DegradedFace,
    candidates: Sequence[ReferenceCandidate],
    calibration: Calibration,
    *,
    limit: int = 3,
    policy: ReferencePolicy | None = None,
) -> ReferenceChoice:
    """Choose at most `limit` of one person's faces as references for `degraded`.

    The order of `candidates` never matters. Raises ValueError when a face id occurs twice or `limit` is negative.
    """
    policy = policy or ReferencePolicy()
    pool = sorted(candidates, key=lambda c: c.face_id)  # sums in one order: the same bits whatever the caller's order
    if len({c.face_id for c in pool}) != len(pool):
        raise ValueError("a face id occurs twice among the reference candidates")
    if limit < 0:
        raise ValueError(f"limit must not be negative, got {limit}")
    refused: list[RefusedReference] = []
    evidence: list[ReferenceCandidate] = []
    for candidate in pool:
        verdict = _refuse_as_evidence(candidate, degraded, policy)
        if verdict is None:
            evidence.append(candidate)
        else:
            refused.append(RefusedReference(candidate.face_id, candidate.photo_id, *verdict))

    scored: list[tuple[ReferenceCandidate, ChosenReference]] = []
    pose = pose_of(degraded.landmarks)
    others = len(evidence) - 1
    for candidate, likeness in zip(evidence, _likeness(evidence), strict=True):
        verdict = _refuse_as_reference(candidate, degraded, likeness, calibration, policy)
        if verdict is not None:
            refused.append(RefusedReference(candidate.face_id, candidate.photo_id, *verdict))
            continue
        choice = _score(candidate, degraded, pose, likeness, others, calibration, policy)
        if choice.score < policy.min_score:
            reason = codes.LOW_SCORE(score=choice.score, least=policy.min_score, reasons=choice.reasons)
            refused.append(
                RefusedReference(candidate.face_id, candidate.photo_id, Refusal.LOW_SCORE, reason, choice.score)
            )
        else:
            scored.append((candidate, choice))

    scored.sort(key=lambda pair: (-pair[1].score, pair[0].face_id))
    chosen: list[tuple[ReferenceCandidate, ChosenReference]] = []
    for candidate, choice in scored:
        twin = next((c for c, _ in chosen if _same_moment(c, candidate, policy)), None)
        if twin is not None:
            why = Refusal.REPEATS, codes.REPEATS(face_id=twin.face_id)
        elif len(chosen) >= limit:
            why = Refusal.NOT_NEEDED, codes.NOT_NEEDED(score=choice.score, limit=limit)
        else:
            chosen.append((candidate, choice))
            continue
        refused.append(RefusedReference(candidate.face_id, candidate.photo_id, *why, choice.score))
    refused.sort(key=lambda r: r.face_id)
    return ReferenceChoice(tuple(c for _, c in chosen), tuple(refused), _summary(len(chosen), refused))


def _refuse_as_evidence(
    candidate: ReferenceCandidate, degraded: DegradedFace, policy: ReferencePolicy
) -> tuple[Refusal, Reason] | None:
    """What must not even vote on how the person looks."""
    if candidate.restored:
        return Refusal.RESTORED, codes.OUR_OUTPUT()
    if candidate.rejected:
        return Refusal.REJECTED, codes.REJECTED()
    same_face = degraded.face_id is not None and candidate.face_id == degraded.face_id
    if same_face or (degraded.photo_id is not None and candidate.photo_id == degraded.photo_id):
        return Refusal.SAME_PHOTO, codes.SAME_PHOTO()
    if candidate.photo_hash == degraded.photo_hash:
        return Refusal.NEAR_DUPLICATE, codes.SAME_CONTENT()
    if candidate.face_id in degraded.copies:
        return Refusal.NEAR_DUPLICATE, codes.SAME_LOOK()
    if degraded.vector is not None:
        similarity = float(candidate.vector @ degraded.vector)
        if similarity >= policy.duplicate_similarity:
            return Refusal.NEAR_DUPLICATE, codes.SAME_PICTURE(similarity=similarity)
    if _one_burst(candidate.captured_at, degraded.captured_at, policy):
        return Refusal.NEAR_DUPLICATE, codes.SAME_BURST(seconds=policy.burst_seconds)
    if candidate.doubtful and not candidate.confirmed:
        return Refusal.DOUBTFUL, codes.UNSURE_PERSON()
    return None


def _likeness(faces: Sequence[ReferenceCandidate]) -> list[float | None]:
    """Cosine of each face to the robust centre of the *others*; None when there are no others.

    The centre is a mean weighted by quality and by agreement with the previous centre, started from the face most like
    all others (or from the confirmed ones, which the human vouches for): a wrong minority loses its weight.
    """
    if len(faces) < 2:
        return [None] * len(faces)
    vectors = np.stack([f.vector for f in faces]).astype(np.float64)
    quality = np.maximum([f.quality for f in faces], 0.05)
    confirmed = np.array([f.confirmed for f in faces])
    trust = quality * np.where(confirmed, 1.0, 0.5)
    if confirmed.any():
        centre = (vectors * (trust * confirmed)[:, None]).sum(0)
    else:
        gram = vectors @ vectors.T
        centre = vectors[int(np.argmax(np.round(np.minimum(gram, 0.9) @ trust, 9)))]
    weight = trust
    for _ in range(3):
        agreement = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
        weight = trust * np.maximum(agreement, 0.02) ** 2
        centre = (vectors * weight[:, None]).sum(0)
    without = centre - vectors * weight[:, None]
    length = np.maximum(np.linalg.norm(without, axis=1), 1e-12)
    return [float(x) for x in np.einsum("nd,nd->n", vectors, without) / length]


def _refuse_as_reference(
    candidate: ReferenceCandidate,
    degraded: DegradedFace,
    likeness: float | None,
    calibration: Calibration,
    policy: ReferencePolicy,
) -> tuple[Refusal, Reason] | None:
    """What may vote but does not help. A confirmed face unlike the rest (a child, a wig) stays: the human knows."""
    unlike = likeness is not None and float(calibration.llr(likeness, candidate.quality)) < policy.min_likeness_llr
    if unlike and not candidate.confirmed:
        return Refusal.DOUBTFUL, codes.UNLIKE(similarity=likeness)
    if candidate.quality < policy.min_quality:
        return Refusal.LOW_QUALITY, codes.LOW_QUALITY(quality=candidate.quality, least=policy.min_quality)
    if candidate.det_score < policy.min_det_score:
        return Refusal.LOW_QUALITY, codes.LOW_DET_SCORE(score=candidate.det_score, least=policy.min_det_score)
    if candidate.face_px < policy.min_face_px:
        return Refusal.TOO_SMALL, codes.REFERENCE_SMALL(px=candidate.face_px, least=policy.min_face_px)
    ages = _undated_ages(candidate, degraded)
    if ages is not None and child_and_adult(*ages) >= policy.other_age:
        return Refusal.OTHER_AGE, codes.OTHER_AGE(**_in_years(*ages))
    return None


def _score(
    candidate: ReferenceCandidate,
    degraded: DegradedFace,
    pose: Pose,
    likeness: float | None,
    others: int,
    calibration: Calibration,
    policy: ReferencePolicy,
) -> ChosenReference:
    """The weighted mean of six parts, each 0..1, and the reasons that go with them."""
    pose_degrees = pose.distance(candidate.pose or pose_of(candidate.landmarks))
    seconds = _seconds_apart(candidate.captured_at, degraded.captured_at)
    years = None if seconds is None else seconds / _YEAR
    near, when = _time_part(candidate, degraded, years, policy)
    parts = {
        "quality": (policy.quality_weight, min(1.0, max(0.0, candidate.quality))),
        "likeness": (policy.likeness_weight, 0.5 if likeness is None else _likeness_part(likeness, calibration)),
        "pose": (policy.pose_weight, exp(-((pose_degrees / policy.pose_scale) ** 2))),
        "size": (policy.size_weight, min(1.0, candidate.face_px / policy.full_size_px)),
        "date": (policy.date_weight, near),
        "confirmed": (policy.confirmed_weight, 1.0 if candidate.confirmed else 0.0),
    }
    total = sum(weight for weight, _ in parts.values())
    score = sum(weight * value for weight, value in parts.values()) / total if total else 0.0
    reasons = (
        codes.QUALITY(quality=candidate.quality),
        codes.ONLY_FACE() if likeness is None else codes.LIKENESS(similarity=likeness, others=others),
        codes.POSE(degrees=pose_degrees),
        codes.FACE_SIZE(px=candidate.face_px),
        when,
        codes.CONFIRMED() if candidate.confirmed else codes.NOT_CONFIRMED(),
    )
    return ChosenReference(
        candidate.face_id, candidate.photo_id, round(score, 6), reasons, likeness, pose_degrees, years
    )


def _time_part(
    candidate: ReferenceCandidate, degraded: DegradedFace, years: float | None, policy: ReferencePolicy
) -> tuple[float, Reason]:
    """How near in time, 0..1: by the dates, else by how old both look. 0.5 where nothing is known."""
    if years is not None:
        return exp(-years / policy.date_scale), codes.YEARS_APART(years=years)
    ages = _undated_ages(candidate, degraded)
    if ages is None:
        return 0.5, codes.DATE_UNKNOWN()
    return closeness(*ages, policy.date_scale), codes.LOOKS_AGED(**_in_years(*ages))


def _undated_ages(candidate: ReferenceCandidate, degraded: DegradedFace) -> tuple[ApparentAge, ApparentAge] | None:
    """How old both look; None where the dates of both photos say more, or where that cannot be told."""
    if candidate.captured_at is not None and degraded.captured_at is not None:
        return None
    return None if candidate.age is None or degraded.age is None else (candidate.age, degraded.age)


def _in_years(age: ApparentAge, degraded: ApparentAge) -> dict[str, int]:
    return {"low": age.low, "high": age.high, "degraded_low": degraded.low, "degraded_high": degraded.high}


def _likeness_part(likeness: float, calibration: Calibration) -> float:
    """0 where a clean pair says nothing either way, 1 for an identical vector: the embedder's own scale."""
    neutral = calibration.similarity_at(0.0)
    return min(1.0, max(0.0, (likeness - neutral) / (1.0 - neutral)))


def pose_of(landmarks: F32) -> Pose:
    """Frontal when the landmarks are unusable (a box drawn by hand): a neutral guess, not an error."""
    try:
        return head_pose(landmarks)
    except ValueError:
        return Pose(0.0, 0.0, 0.0)


def _same_moment(a: ReferenceCandidate, b: ReferenceCandidate, policy: ReferencePolicy) -> bool:
    if a.photo_id == b.photo_id or a.photo_hash == b.photo_hash:
        return True
    if float(a.vector @ b.vector) >= policy.duplicate_similarity:
        return True
    return _one_burst(a.captured_at, b.captured_at, policy)


def _one_burst(a: datetime | None, b: datetime | None, policy: ReferencePolicy) -> bool:
    """Midnight sharp is how scans with no more than a date are stored: a day is not a burst."""
    seconds = _seconds_apart(a, b)
    if a is None or b is None or seconds is None or a.time() == time.min or b.time() == time.min:
        return False
    return seconds <= policy.burst_seconds


def _seconds_apart(a: datetime | None, b: datetime | None) -> float | None:
    """None when a date is unknown. EXIF dates rarely carry a zone: wall clocks are compared."""
    if a is None or b is None:
        return None
    return abs((a.replace(tzinfo=None) - b.replace(tzinfo=None)).total_seconds())


def _summary(chosen: int, refused: Sequence[RefusedReference]) -> Reason:
    if chosen:
        return codes.REFERENCES_CHOSEN(chosen=chosen, of=chosen + len(refused))
    if not refused:
        return codes.NO_OTHER_FACE()
    counts = Counter(r.refusal for r in refused)
    most_first = sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))
    why = tuple(codes.REFUSED_FACES(count=n, refusal=refusal.value) for refusal, n in most_first)
    return codes.NONE_GOOD_ENOUGH(faces=len(refused), refused=why)
