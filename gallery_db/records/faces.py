"""Faces and their vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from iconface_core.types import BBox, DetectedFace, FaceEmbedding

from .photos import PhotoState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iconface_core.types import F32, I64

FaceState = Literal["ok", "doubtful", "ignored", "forgotten"]
FaceSource = Literal["detected", "manual"]


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """One face as the pipeline found it. `quality` is 0..1, from the default embedder; `degradation` is free-form
    (JSON numbers and text). `embeddings` holds at most one per embedder and may be empty."""

    face: DetectedFace
    embeddings: tuple[FaceEmbedding, ...] = ()
    quality: float | None = None
    degradation: Mapping[str, Any] | None = None
    state: Literal["ok", "doubtful"] = "ok"


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face joined with its photo and person: one row of `faces list`.

    `landmarks` is (5, 2) float32, or None for a box drawn by hand. `confirmed` means set by the user: automatic code
    may not change `person_id`. `cluster_id` is the machine's group. `captured_at` and `dated` as of `PhotoRecord`.
    """

    id: int
    photo_id: int
    photo: str
    bbox: BBox
    det_score: float
    quality: float | None
    person_id: int | None
    person_name: str | None
    confirmed: bool
    state: FaceState
    source: FaceSource
    cluster_id: int | None
    captured_at: str | None
    photo_state: PhotoState
    degradation: Mapping[str, Any] | None = field(compare=False, default=None)
    landmarks: F32 | None = field(compare=False, default=None)
    dated: str | None = None

    def detected(self) -> DetectedFace | None:
        """The detection as the core's type; None without landmarks (a box drawn by hand)."""
        if self.landmarks is None:
            return None
        return DetectedFace(self.bbox, self.landmarks, self.det_score)


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """All conditions are joined by "and"; None means "any". Rows come in order of face id, from `after_id` on."""

    person_id: int | None = None
    photo_id: int | None = None
    photo: str | None = None  # absolute path
    root_id: int | None = None
    assigned: bool | None = None
    named: bool | None = None
    confirmed: bool | None = None
    states: tuple[FaceState, ...] | None = ("ok", "doubtful")
    min_quality: float | None = None
    after_id: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class FaceChanges:
    """Result of `replace_for_photo`. `stored` lists all faces of the photo that the detector found, in the order given;
    `kept` those human faces it no longer finds. `removed` ids are gone. `new` are ids that did not exist before."""

    stored: list[FaceRecord]
    removed: list[int]
    new: list[int]
    kept: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class FaceMatrix:
    """Vectors of one embedder in order of face id. `vectors` is (N, dim) float32 of unit length, `norms` is (N,)."""

    face_ids: I64
    vectors: F32
    norms: F32

    def __len__(self) -> int:
        return len(self.face_ids)


@dataclass(frozen=True, slots=True, eq=False)
class FaceColumns:
    """What grouping needs to know of every face, as arrays of one length in order of face id.

    -1 stands for "none" in `cluster_id` and `person_id`, and for "unknown" in `captured_day` (a proleptic Gregorian
    ordinal as of `datetime.date.toordinal`). `quality` is NaN where unknown. Faces of restored photos never appear.
    """

    face_id: I64
    photo_id: I64
    quality: F32
    det_score: F32
    captured_day: I64
    cluster_id: I64
    person_id: I64
    confirmed: NDArray[np.bool_]
    state: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.face_id)


@dataclass(frozen=True, slots=True)
class GroupingChanges:
    """What applying a grouping did, or (dry run) would do. `joined`, `moved` and `left` are faces that got a first
    person, another person, or none; `refused` were kept out because a human fact (confirmed, rejected, ignored) came in
    between. In a dry run `new_people` have negative ids."""

    joined: tuple[int, ...]
    moved: tuple[int, ...]
    left: tuple[int, ...]
    refused: tuple[int, ...]
    new_people: tuple[int, ...]
    removed_people: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRow:
    """A face of a person that may serve as evidence: usable state, an indexed photo, not rejected for the person."""

    face_id: int
    photo_id: int
    photo: str
    content_hash: str
    bbox: BBox
    landmarks: F32 | None
    det_score: float
    quality: float | None
    degradation: Mapping[str, Any] | None
    norm: float
    vector: F32
    captured_at: str | None
    confirmed: bool
    state: FaceState
    dated: str | None = None
