"""What goes into a choice of references and what comes out. Import these names from `identity.references`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from iconface_core.ages import ApparentAge
from iconface_core.reasons import Reason
from iconface_core.types import F32

from .pose import Pose


class Refusal(StrEnum):
    """Why a candidate is not used. The first rule that applies is given."""

    RESTORED = "restored"  # our own output: evidence would feed on itself
    REJECTED = "rejected"  # the human said: not this person
    SAME_PHOTO = "same_photo"
    NEAR_DUPLICATE = "near_duplicate"  # the degraded photo again
    DOUBTFUL = "doubtful"  # perhaps somebody else
    LOW_QUALITY = "low_quality"
    TOO_SMALL = "too_small"
    OTHER_AGE = "other_age"  # a child and an adult
    LOW_SCORE = "low_score"
    REPEATS = "repeats"  # the same moment as a chosen one
    NOT_NEEDED = "not_needed"  # good, but `limit` better ones exist


@dataclass(frozen=True, slots=True, eq=False)
class DegradedFace:
    """The face to restore. `landmarks` (5, 2) in pixels; `vector` (dim,) unit length, of the candidates' embedder, or
    None when it could not be embedded. `face_id` and `photo_id` are None when the photo is not in the library.
    `copies`: ids of faces in copies of its photo. `age`: how old it looks, where that can be told."""

    landmarks: F32
    photo_hash: str
    vector: F32 | None = None
    quality: float = 0.0
    face_id: int | None = None
    photo_id: int | None = None
    captured_at: datetime | None = None
    copies: frozenset[int] = frozenset()
    age: ApparentAge | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceCandidate:
    """One face said to be the person's. `vector` (dim,) unit length; `quality` and `det_score` 0..1; `face_px`: shorter
    side of the bbox in pixels; `landmarks` (5, 2). `photo_hash`: any stable text for the file's content.

    `doubtful`: grouping is not sure of the person. `rejected`: the human said no. `restored`: our own output. `pose`:
    of the landmarks, when it is known already; else it is estimated. `age`: how old it looks, where that can be told.
    """

    face_id: int
    photo_id: int
    photo_hash: str
    vector: F32
    quality: float
    det_score: float
    face_px: float
    landmarks: F32
    captured_at: datetime | None = None
    confirmed: bool = False
    doubtful: bool = False
    rejected: bool = False
    restored: bool = False
    pose: Pose | None = None
    age: ApparentAge | None = None


@dataclass(frozen=True, slots=True)
class ReferencePolicy:
    """Least demands, and weights of the score (a weighted mean of parts that are 0..1 each).

    `min_likeness_llr`: nats; below it an unconfirmed face may be somebody else. `duplicate_similarity`: cosine at
    which two faces are the same picture. `burst_seconds`: closer in time is the same moment. `pose_scale` (degrees) and
    `date_scale` (years): where those parts fall to 1/e; where a date is missing, apparent ages stand for dates.
    `other_age`: how probably a child and an adult are meant before one is refused as reference of the other, 0..1.
    `full_size_px`: face size that leaves nothing to wish.
    """

    min_quality: float = 0.35
    min_det_score: float = 0.6
    min_face_px: float = 48.0
    min_score: float = 0.35
    min_likeness_llr: float = 3.0
    duplicate_similarity: float = 0.9
    burst_seconds: float = 3.0
    pose_scale: float = 30.0
    date_scale: float = 12.0
    other_age: float = 0.6
    full_size_px: float = 256.0
    quality_weight: float = 3.0
    likeness_weight: float = 2.0
    pose_weight: float = 2.0
    size_weight: float = 1.0
    date_weight: float = 1.0
    confirmed_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ChosenReference:
    """`score` 0..1. `reasons`: what makes it up. `likeness`: cosine to the person's other faces, None when
    there are none. `pose_degrees`: from the degraded face. `years_apart`: None when a capture date is unknown."""

    face_id: int
    photo_id: int
    score: float
    reasons: tuple[Reason, ...]
    likeness: float | None
    pose_degrees: float
    years_apart: float | None


@dataclass(frozen=True, slots=True)
class RefusedReference:
    """`reason` says more than `refusal`. `score` is None when the candidate was refused before scoring."""

    face_id: int
    photo_id: int
    refusal: Refusal
    reason: Reason
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """`chosen`, best first; `refused`, by face id. Every candidate is in exactly one of them. `summary`
    counts; with nothing chosen it says why the restoration goes without references."""

    chosen: tuple[ChosenReference, ...]
    refused: tuple[RefusedReference, ...]
    summary: Reason
