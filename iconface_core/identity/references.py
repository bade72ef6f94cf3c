"""Which photos of a person help to restore a degraded face, and why. Pure: no database, no model, no pixels.

Three steps: what may not even vote on how the person looks is put aside; the rest is compared with the robust centre
of the person's other faces; what is left is scored and taken greedily, never twice from one moment.
"""

from collections.abc import Sequence
from datetime import datetime, time
from math import exp

import numpy as np

from iconface_core.calibration import Calibration
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
        verdict = _refuse_as_reference(candidate, likeness, calibration, policy)
        if verdict is not None:
            refused.append(RefusedReference(candidate.face_id, candidate.photo_id, *verdict))
            continue
        choice = _score(candidate, degraded, pose, likeness, others, calibration, policy)
        if choice.score < policy.min_score:
            reason = f"score {choice.score:.2f}, at least {policy.min_score:.2f} is needed: " + ", ".join(
                choice.reasons
            )
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
            why = Refusal.REPEATS, f"the same moment as the better face {twin.face_id}"
        elif len(chosen) >= limit:
            why = Refusal.NOT_NEEDED, f"score {choice.score:.2f}, but only {limit} are wanted"
        else:
            chosen.append((candidate, choice))
            continue
        refused.append(RefusedReference(candidate.face_id, candidate.photo_id, *why, choice.score))
    refused.sort(key=lambda r: r.face_id)
    return ReferenceChoice(tuple(c for _, c in chosen), tuple(refused), _summary(len(chosen), refused))


def _refuse_as_evidence(
    candidate: ReferenceCandidate, degraded: DegradedFace, policy: ReferencePolicy
) -> tuple[Refusal, str] | None:
    """What must not even vote on how the person looks."""
    if candidate.restored:
        return Refusal.RESTORED, "a restored picture: our own output is never evidence"
    if candidate.rejected:
        return Refusal.REJECTED, "you said it is not this person"
    same_face = degraded.face_id is not None and candidate.face_id == degraded.face_id
    if same_face or (degraded.photo_id is not None and candidate.photo_id == degraded.photo_id):
        return Refusal.SAME_PHOTO, "the degraded photo itself"
    if candidate.photo_hash == degraded.photo_hash:
        return Refusal.NEAR_DUPLICATE, "a copy of the degraded photo (same content)"
    if candidate.face_id in degraded.copies:
        return Refusal.NEAR_DUPLICATE, "a copy of the degraded photo (the same picture)"
    if degraded.vector is not None:
        similarity = float(candidate.vector @ degraded.vector)
        if similarity >= policy.duplicate_similarity:
            return Refusal.NEAR_DUPLICATE, f"the degraded picture again (similarity {similarity:.2f})"
    if _one_burst(candidate.captured_at, degraded.captured_at, policy):
        return Refusal.NEAR_DUPLICATE, f"taken within {policy.burst_seconds:.0f} s of the degraded photo"
    if candidate.doubtful and not candidate.confirmed:
        return Refusal.DOUBTFUL, "not sure that it is this person: confirm it to use it"
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
    candidate: ReferenceCandidate, likeness: float | None, calibration: Calibration, policy: ReferencePolicy
) -> tuple[Refusal, str] | None:
    """What may vote but does not help. A confirmed face unlike the rest (a child, a wig) stays: the human knows."""
    unlike = likeness is not None and float(calibration.llr(likeness, candidate.quality)) < policy.min_likeness_llr
    if unlike and not candidate.confirmed:
        return Refusal.DOUBTFUL, f"unlike the person's other faces (similarity {likeness:.2f}): perhaps somebody else"
    if candidate.quality < policy.min_quality:
        return Refusal.LOW_QUALITY, f"quality {candidate.quality:.2f}, at least {policy.min_quality:.2f} is needed"
    if candidate.det_score < policy.min_det_score:
        return (
            Refusal.LOW_QUALITY,
            f"detector score {candidate.det_score:.2f}, at least {policy.min_det_score:.2f} is needed",
        )
    if candidate.face_px < policy.min_face_px:
        return (
            Refusal.TOO_SMALL,
            f"the face is {candidate.face_px:.0f} px, at least {policy.min_face_px:.0f} px is needed",
        )
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
    """The weighted mean of six parts, each 0..1, and the sentences that go with them."""
    pose_degrees = pose.distance(candidate.pose or pose_of(candidate.landmarks))
    seconds = _seconds_apart(candidate.captured_at, degraded.captured_at)
    years = None if seconds is None else seconds / _YEAR
    parts = {
        "quality": (policy.quality_weight, min(1.0, max(0.0, candidate.quality))),
        "likeness": (policy.likeness_weight, 0.5 if likeness is None else _likeness_part(likeness, calibration)),
        "pose": (policy.pose_weight, exp(-((pose_degrees / policy.pose_scale) ** 2))),
        "size": (policy.size_weight, min(1.0, candidate.face_px / policy.full_size_px)),
        "date": (policy.date_weight, 0.5 if years is None else exp(-years / policy.date_scale)),
        "confirmed": (policy.confirmed_weight, 1.0 if candidate.confirmed else 0.0),
    }
    total = sum(weight for weight, _ in parts.values())
    score = sum(weight * value for weight, value in parts.values()) / total if total else 0.0
    reasons = (
        f"quality {candidate.quality:.2f}",
        "the person's only other face"
        if likeness is None
        else f"likeness {likeness:.2f} to the person's other {others} face{'s' * (others != 1)}",
        f"pose {pose_degrees:.0f}° from the degraded face",
        f"face {candidate.face_px:.0f} px",
        "capture date unknown" if years is None else f"taken {_span(years)} apart",
        "confirmed by you" if candidate.confirmed else "not confirmed",
    )
    return ChosenReference(
        candidate.face_id, candidate.photo_id, round(score, 6), reasons, likeness, pose_degrees, years
    )


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
    """Midnight sharp is how scans with no more than a date are stored: a day is no burst."""
    seconds = _seconds_apart(a, b)
    if a is None or b is None or seconds is None or a.time() == time.min or b.time() == time.min:
        return False
    return seconds <= policy.burst_seconds


def _seconds_apart(a: datetime | None, b: datetime | None) -> float | None:
    """None when a date is unknown. EXIF dates rarely carry a zone: wall clocks are compared."""
    if a is None or b is None:
        return None
    return abs((a.replace(tzinfo=None) - b.replace(tzinfo=None)).total_seconds())


def _span(years: float) -> str:
    days = years * _YEAR / 86400.0
    if days < 1.0:
        return "less than a day"
    if days < 60.0:
        return f"{days:.0f} day{'s' * (round(days) != 1)}"
    return f"{days / 30.44:.0f} months" if years < 1.5 else f"{years:.0f} years"


def _summary(chosen: int, refused: Sequence[RefusedReference]) -> str:
    if chosen:
        return f"{chosen} reference{'s' * (chosen != 1)} chosen of {chosen + len(refused)} faces"
    if not refused:
        return "no references: the person has no other face"
    counts: dict[Refusal, int] = {}
    for r in refused:
        counts[r.refusal] = counts.get(r.refusal, 0) + 1
    why = ", ".join(f"{n} {_PLAIN[code]}" for code, n in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
    return f"no references: none of {len(refused)} faces is good enough ({why})"


_PLAIN = {
    Refusal.RESTORED: "restored by us",
    Refusal.REJECTED: "rejected by you",
    Refusal.SAME_PHOTO: "in the degraded photo",
    Refusal.NEAR_DUPLICATE: "a copy of the degraded photo",
    Refusal.DOUBTFUL: "perhaps somebody else",
    Refusal.LOW_QUALITY: "of too low quality",
    Refusal.TOO_SMALL: "too small",
    Refusal.LOW_SCORE: "scored too low",
    Refusal.REPEATS: "of one moment",
    Refusal.NOT_NEEDED: "not needed",
}
