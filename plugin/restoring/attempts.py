"""Second stage of a restoration: restored crops are put back and judged; what became less like its person is tried
again with less strength."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.damage.visible_change import VisibleChange, visible_change
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.identity.verdict import Verdict, VerdictKind, lost_likeness, refused_for_loss
from iconface_core.pasting.in_front import covered
from iconface_core.pasting.paste import Pasted, paste_back
from iconface_core.protocols import FaceEmbedder, FaceParser
from iconface_core.reasons import Reason
from iconface_core.types import F32, BBox, FaceEmbedding, Patch, RestoredFace, RestoreInput, RestoreOptions, RgbU8

from ..library.photo_faces import PhotoFace
from ..models.cache import ModelSlot
from ..models.restorers import Restorers
from ..reasons import JUDGED_WITHOUT_REFERENCES, NONE_READABLE
from .judging import Judged, judged
from .preparing import PreparedFace
from .result import RestoreRequest

SHARES = (1.0, 0.5, 0.25)
"""Of the strength that was asked for: what makes a face less like its person is tried again with less."""

OnStep = Callable[[int, int], None]
Step = Literal["write", "again", "refuse", "unseen"]


def next_step(*, seen: bool, lost: bool, tried: bool, last: bool, force: bool) -> Step:
    """What comes of a try. `seen`: anybody can see what it changed. `lost`: the face became less like its person.
    `tried`: so it did with more strength. `last`: there is no lower strength. `force`: somebody wants it anyway."""
    if force:
        return "write"
    if not seen:  # after a loss: what can be seen is less like the person, what is like them cannot be seen
        return "refuse" if tried else "unseen"
    if not lost:
        return "write"
    return "refuse" if last else "again"


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """A face restored with these options and put back. `references` is how many the restorer took, `choice` why it is
    this result where several were compared."""

    restorer: str
    weights_sha256: str
    options: RestoreOptions
    references: int
    patch: Patch
    change: VisibleChange
    judged: Judged
    choice: Reason | None = None

    @property
    def lost(self) -> bool:
        """Whether the face became less like its person, by more than chance."""
        return self.judged.verdict.kind is VerdictKind.REFUSED or lost_likeness(self.judged.before, self.judged.after)


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What came of a face. `attempt` is the one that was written, or else the first; `weaker`: not the first was
    written."""

    step: Literal["write", "refuse", "unseen"]
    attempt: Attempt
    weaker: bool = False

    @property
    def verdict(self) -> Verdict | None:
        """None where nobody could see a change: then there is nothing to judge."""
        if self.step == "unseen":
            return None
        verdict = self.attempt.judged.verdict
        refuse = self.step == "refuse" and verdict.kind is not VerdictKind.REFUSED
        return refused_for_loss(verdict) if refuse else verdict


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """What came of the faces of a photo, in their order. `patches` together are what the copy changes; `options` are
    those of the last run of the restorer with these weights, or what was asked for where it did not run."""

    settled: Sequence[Settled]
    patches: Sequence[Patch]
    options: RestoreOptions
    weights_sha256: str = ""


class FaceAttempts:
    """Restores prepared faces. All go to the restorer together, then one by one into one growing copy."""

    def __init__(
        self,
        restorers: Restorers,
        embedder: ModelSlot[FaceEmbedder],
        calibration: Calibration,
        parser: ModelSlot[FaceParser] | None = None,
    ) -> None:
        self._restorers, self._embedder, self._calibration = restorers, embedder, calibration
        self._parser = parser

    def let_go(self, restorer: str) -> None:
        """Drop the models that are loaded again in a moment, for the memory that they take."""
        self._restorers.let_go(restorer)
        self._embedder.unload_if_idle(0)

    def run(
        self,
        photo: RgbU8,
        everybody: Sequence[PhotoFace],
        faces: Sequence[PreparedFace],
        request: RestoreRequest,
        on_step: OnStep | None,
    ) -> Attempts:
        """Restore `faces` of `photo` (H, W, 3); not a pixel of `everybody` else in it changes.

        Raises BackendUnavailableError, and what the restorer raises.
        """
        firsts: dict[int, Attempt] = {}
        settled: dict[int, Settled] = {}
        patches: list[Patch] = []
        options, weights = RestoreOptions(seed=request.seed, steps=request.steps), ""
        for share in SHARES:
            waiting = [i for i in range(len(faces)) if i not in settled]
            if not waiting:
                break
            run = self._restored([faces[i] for i in waiting], request, share, on_step)
            options, weights = run.options, run.weights_sha256
            for i, restored, used in zip(waiting, run.faces, run.references, strict=True):
                face = faces[i]
                pasted = paste_back(
                    photo,
                    face.crop,
                    restored.pixels,
                    face.subject.face.landmarks,
                    others=[other.face for other in everybody if other is not face.subject],
                    in_front=self._in_front(face.crop.pixels, restored.pixels),
                    onto=patches,
                    seed=options.seed,
                )
                change = visible_change(pasted, face.subject.face.landmarks)
                found = self._judged(face, pasted)
                attempt = Attempt(run.restorer, weights, options, used, pasted.patch, change, found, restored.choice)
                step = next_step(
                    seen=change.seen,
                    lost=attempt.lost,
                    tried=i in firsts,
                    last=share == SHARES[-1],
                    force=request.force,
                )
                if step == "again":
                    firsts.setdefault(i, attempt)
                elif step == "write":
                    settled[i] = Settled("write", attempt, weaker=share < 1)
                    patches.append(attempt.patch)
                else:
                    settled[i] = Settled(step, firsts.get(i, attempt))
        return Attempts([settled[i] for i in range(len(faces))], patches, options, weights)

    def harmed(self, faces: Sequence[PhotoFace], before: RgbU8, after: RgbU8) -> list[BBox]:
        """The boxes of those `faces` of a photo (H, W, 3) that are no longer who they were in a changed one."""
        changed = [f for f in faces if _within(f.face.bbox, before, after)]
        if not changed:
            return []
        with self._embedder.use() as embedder:
            now = embedder.embed([align_face(after, f.face.landmarks, ARCFACE_112) for f in changed])
        verdicts = [judged(self._calibration, f.embedding, e, ()).verdict for f, e in zip(changed, now, strict=True)]
        return [f.face.bbox for f, v in zip(changed, verdicts, strict=True) if v.kind is VerdictKind.REFUSED]

    def _restored(
        self, faces: Sequence[PreparedFace], request: RestoreRequest, share: float, on_step: OnStep | None
    ) -> "_Restored":
        """The restored crops, at this share of the strength."""
        backend, wanted = self._restorers.backend(request.restorer), request.strength
        steps = request.steps or (None if request.quality is None else backend.quality_steps.get(request.quality))
        with self._restorers.slot(request.restorer).use() as restorer:
            strength = (restorer.default_strength if wanted is None else wanted) * share
            options = RestoreOptions(strength, request.seed, steps)
            inputs = []
            for face in faces:
                used = face.references.faces[: restorer.max_references]
                crops, identity = tuple(a for a, _ in used), tuple(e for _, e in used)
                inputs.append(RestoreInput(face.crop, crops, identity, face.answer.age))
            faces_out = restorer.restore_many(inputs, options, on_step=on_step)
            counts = [_used(out, len(i.references)) for out, i in zip(faces_out, inputs, strict=True)]
            return _Restored(restorer.id, restorer.weights_sha256, options, faces_out, counts)

    def _in_front(self, degraded: RgbU8, restored: RgbU8) -> F32 | None:
        """What restoring took away from before the face; None where nobody knows."""
        if self._parser is None:
            return None
        with self._parser.use() as parser:
            return covered(parser.parse(degraded), parser.parse(restored))

    def _judged(self, face: PreparedFace, pasted: Pasted) -> Judged:
        found = judged(self._calibration, face.subject.embedding, self._embed(pasted, face.subject), face.gallery)
        note = face.references.note
        if note is not None and note.code == NONE_READABLE:
            verdict = replace(found.verdict, reason=JUDGED_WITHOUT_REFERENCES(verdict=found.verdict.reason))
            found = replace(found, verdict=verdict)
        return found

    def _embed(self, pasted: Pasted, subject: PhotoFace) -> FaceEmbedding:
        """The face of `subject` as it was pasted."""
        pixels, corner = pasted.surroundings()
        landmarks = subject.face.landmarks - np.array(corner, np.float32)
        with self._embedder.use() as embedder:
            return embedder.embed([align_face(pixels, landmarks, ARCFACE_112)])[0]


def _used(face: RestoredFace, given: int) -> int:
    """How many references a result was made with: of several results the chosen one may have had none."""
    if face.choice is None:
        return given
    made_by: Any = face.choice.params["made_by"]
    return max(int(made.params["references"]) for made in made_by)


def _within(box: BBox, before: RgbU8, after: RgbU8) -> bool:
    """Whether two pictures differ in a box."""
    part = slice(max(0, int(box.y1)), int(box.y2) + 1), slice(max(0, int(box.x1)), int(box.x2) + 1)
    return bool((before[part] != after[part]).any())


@dataclass(frozen=True, slots=True, eq=False)
class _Restored:
    """One run of a restorer: its faces, and how many references each had."""

    restorer: str
    weights_sha256: str
    options: RestoreOptions
    faces: Sequence[RestoredFace]
    references: Sequence[int]
