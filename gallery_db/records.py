"""Frozen read models: the only shapes repositories hand out. ORM rows stay inside this package.

Times are ISO 8601 text in UTC, except `captured_at` (camera time, no zone) and the job clock (Unix seconds).
Boxes and landmarks are pixels of the upright photo.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, I64, BBox, DetectedFace, FaceEmbedding

PhotoState = Literal["indexed", "failed", "missing", "restored"]
FaceState = Literal["ok", "doubtful", "ignored", "forgotten"]
FaceSource = Literal["detected", "manual"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
RestorationState = Literal["done", "refused", "undone", "proposed", "rejected"]
Decided = Literal["accepted", "rejected"]
QuestionKind = Literal["join", "merge", "twins", "who"]
Origin = Literal["hand", "auto", "cleanup", "watch"]


@dataclass(frozen=True, slots=True)
class RootRecord:
    """A folder of the library. `online` is False while it is unmounted; nothing is deleted then.
    `device` is `st_dev` at the last scan, None before the first. `rules` say what is restored by itself below it:
    `{"mode": "off" | "propose" | "auto", ...}`; None means off."""

    id: int
    path: str
    added_at: str
    device: int | None
    online: bool
    last_scan_at: str | None
    rules: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RootTally:
    """What is known of one root: `photos` that were read, `faces` seen in them, files `unreadable`, photos `missing`
    and our own `restored` copies that were left out."""

    photos: int = 0
    faces: int = 0
    unreadable: int = 0
    missing: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """`width` and `height` are upright. `root_id` is None for a photo given by hand from outside every root.
    `reason` says why a photo is `failed`; `restored` marks our own output, which is never evidence."""

    id: int
    root_id: int | None
    path: str
    content_hash: str
    size: int
    mtime_ns: int
    inode: int
    width: int
    height: int
    captured_at: str | None
    format: str
    state: PhotoState
    reason: str | None
    attempts: int
    indexed_at: str | None
    detector: str | None


@dataclass(frozen=True, slots=True)
class PhotoStat:
    """What a scan compares with `os.stat` to see whether a file changed."""

    id: int
    size: int
    mtime_ns: int
    inode: int
    state: PhotoState
    attempts: int
    content_hash: str
    detector: str | None


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
    may not change `person_id`. `cluster_id` is the machine's group.
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


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """`decided` is True once any human act refers to the person; such a person is never removed by the machine."""

    id: int
    name: str | None
    hidden: bool
    ignored: bool
    birth_date: str | None
    cover_face_id: int | None
    created_by: Literal["machine", "user"]
    decided: bool


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """One row of `people list`. `cover_face_id` is the user's choice, else the face of best quality."""

    id: int
    name: str | None
    faces: int
    photos: int
    confirmed: int
    cover_face_id: int | None
    hidden: bool
    ignored: bool
    birth_date: str | None
    decided: bool
    first_captured: str | None
    last_captured: str | None


@dataclass(frozen=True, slots=True)
class PersonConstraint:
    """Facts about a person that grouping must respect. `birth_day` is a date ordinal, -1 when unknown."""

    person_id: int
    birth_day: int
    named: bool
    decided: bool
    hidden: bool
    ignored: bool


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


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A human act. `undone_by` is the decision that took it back; `undoes` is set on such a decision.

    Only on the record the verb returns: `person_id`, `face_id` and `restoration_id` (all of one output:
    `restoration_ids`) are what it made or took back, `skipped` counts faces an undo left alone because the machine had
    moved them since."""

    id: int
    at: str
    kind: str
    summary: str
    undoable: bool
    undone_by: int | None = None
    undoes: int | None = None
    person_id: int | None = None
    face_id: int | None = None
    restoration_id: int | None = None
    restoration_ids: tuple[int, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class RestorationRecord:
    """Everything needed to repeat a restoration and to recognise its output. `references` are
    `{"face_id", "photo", "score", "reasons"}`; similarities are to the person, None without one.

    | state | means |
    |---|---|
    | proposed | nothing was computed yet; `verdict` is empty |
    | done | the output is there, as far as we know |
    | refused | the identity check let no output be written |
    | undone | taken back by `undo`; the output was removed |
    | rejected | the user does not want it; the output was removed |

    `decided` is set by a human only. `version` counts the outputs of one face from 1. `bbox` is in upright pixels of
    the input. `origin` is who asked, `seconds` what the restorer took for this face; both None before schema 0002.
    """

    id: int
    face_id: int | None
    photo: str
    input_sha256: str
    restorer: str
    weights_sha256: str
    options: Mapping[str, Any]
    seed: int
    person_id: int | None
    references: tuple[Mapping[str, Any], ...]
    similarity_before: float | None
    similarity_after: float | None
    verdict: str
    output: str | None
    output_sha256: str | None
    state: RestorationState
    created_at: str
    version: int = 1
    decided: Decided | None = None
    bbox: BBox | None = None
    origin: Origin | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class JobRecord:
    """`attempts` counts claims and doubles as the fencing token of the present lease. Clock values are Unix seconds."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    dedupe: str | None
    state: JobState
    priority: int
    attempts: int
    max_attempts: int
    run_after: float
    lease_until: float | None
    error: str | None
    progress: Mapping[str, Any] | None
    created_at: float
    finished_at: float | None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What `Gallery.forget` purged. `face_ids` and `outputs` (restored files on disk) are for the caller, who owns the
    crop cache and may offer to delete the files."""

    person_id: int
    faces: int
    vectors: int
    decisions: int
    restorations: int
    face_ids: tuple[int, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as grouping puts it (`questions.py` says what each kind asks). `evidence` is a log-likelihood ratio
    with the prior in it; `gain` is the number of faces that an answer settles."""

    kind: QuestionKind
    face_ids: tuple[int, ...]
    person_id: int | None = None
    other_person_id: int | None = None
    evidence: float | None = None
    gain: int = 1


@dataclass(frozen=True, slots=True)
class Life:
    """A person in numbers: photos, and the capture dates (camera time) of the first and last of them."""

    id: int
    name: str | None
    birth_date: str | None
    photos: int
    first_captured: str | None
    last_captured: str | None


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """An open question. `face_ids` are those still undecided; of a join, `person_id` is the person to ask about now and
    `other_person_id` the runner-up; of a merge they are the two people."""

    id: int
    kind: QuestionKind
    face_ids: tuple[int, ...]
    person_id: int | None
    other_person_id: int | None
    evidence: float | None
    gain: int
    put_off_until: str | None = None
