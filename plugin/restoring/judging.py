"""Which faces of a person a restored face is compared with, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.identity.verdict import Verdict, judge
from iconface_core.types import F32, FaceEmbedding

from .identified_face import IdentifiedFace

GALLERY_TOP = 3
"""Likeness to a person is the mean cosine to this many of their closest photos: one wrong face cannot decide."""

CLEAR = 0.6
"""Quality from which a face, or the faces it is compared with, are clear enough to compare. Two badly damaged faces are
alike by their damage: restoring one takes .02 of that away in the mean, though it is as much like the person as
before (docs/benchmarks.md)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Likeness to the person, cosine -1..1, before and after (None without one), and the identity check's verdict."""

    before: float | None
    after: float | None
    verdict: Verdict


def gallery_of(answer: IdentifiedFace, calibration: Calibration) -> list[FaceEmbedding]:
    """The person's usable faces that say something about this one, those of its own photo and of copies left out."""
    embedder, quality = answer.subject.embedding.embedder, answer.subject.quality
    return [
        FaceEmbedding(embedder, r.vector, r.norm)
        for r in answer.rows.values()
        if r.face_id not in answer.copies and max(quality, float(calibration.quality(r.norm))) >= CLEAR
    ]


def likeness(vector: F32, gallery: Sequence[FaceEmbedding]) -> float | None:
    """Mean cosine to the closest of a person's faces. None without any."""
    if not gallery:
        return None
    similarity = np.sort(np.stack([e.vector for e in gallery]) @ vector)[::-1]
    return float(similarity[:GALLERY_TOP].mean())


def judged(
    calibration: Calibration, degraded: FaceEmbedding, restored: FaceEmbedding, gallery: Sequence[FaceEmbedding]
) -> Judged:
    """Compare a face before and after with its person's faces, and both with each other."""
    before, after = likeness(degraded.vector, gallery), likeness(restored.vector, gallery)
    qualities = [float(calibration.quality(e.norm)) for e in gallery]
    verdict = judge(
        calibration,
        to_input=float(restored.vector @ degraded.vector),
        before=before,
        after=after,
        quality_before=float(calibration.quality(degraded.norm)),
        quality_after=float(calibration.quality(restored.norm)),
        quality_gallery=float(np.median(qualities)) if qualities else 1.0,
    )
    return Judged(before, after, verdict)
