"""BestRestorer: several restorers behind the protocol of one, whose results are compared."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from iconface_core import reason_codes as codes
from iconface_core.calibration import Calibration
from iconface_core.errors import UnusableOutputError
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.protocols import FaceEmbedder, FaceRestorer
from iconface_core.reasons import Reason
from iconface_core.types import FaceEmbedding, RestoredFace, RestoreInput, RestoreOptions, RgbU8

from . import BEST
from .consistency import blended, consistency, sharpness
from .score import ASSUMED_USUAL, LEAST_USUAL, Measured, advantages, ranked

SHARES = (1.0, 0.5)
"""Of a restorer's own strength: each makes a candidate."""

OnStep = Callable[[int, int], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """One of the restorers. `use` lends it: a large one may be dropped afterwards. `expected(quality, references)` is
    what is known of it: by how much it brings a face of this quality (0..1) nearer to the truth, a cosine."""

    use: Callable[[], AbstractContextManager[FaceRestorer]]
    expected: Callable[[float, int], float]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A result: `made_by` are `MADE_BY` reasons, one for each restorer of a blend; `expected` as in `Member`, for a
    face of any quality."""

    pixels: RgbU8
    made_by: tuple[Reason, ...]
    expected: Callable[[float], float]

    @property
    def name(self) -> str:
        """Which it is among those of its face."""
        return " + ".join(" ".join(map(str, _short(made))) for made in self.made_by)

    def with_other(self, other: Candidate) -> Candidate:
        """Half of each."""
        return Candidate(
            blended([self.pixels, other.pixels]),
            (*self.made_by, *other.made_by),
            lambda quality: (self.expected(quality) + other.expected(quality)) / 2,
        )


class BestRestorer:
    """Has every member restore a face, with and without references and at several strengths, and gives the best result
    or blend of two (`score`); `RestoredFace.choice` says which and why.

    `embedder` lends what knows the person in the references: one that no member was trained with, where there is one.
    `RestoreOptions.strength` is a share of each member's own. A member
    whose result is no picture is left out. Raises what a member raises.
    """

    id = BEST
    default_strength = 1.0

    def __init__(self, members: Sequence[Member], embedder: Callable[[], AbstractContextManager[FaceEmbedder]]) -> None:
        if not members:
            raise ValueError("there is no restorer to choose from")
        self._members, self._embedder = members, embedder
        self._facts: tuple[int, str] | None = None

    @property
    def max_references(self) -> int:
        """The most that any member takes."""
        return self._known()[0]

    @property
    def weights_sha256(self) -> str:
        """Of those of all members."""
        return self._known()[1]

    def restore(self, face: RestoreInput, options: RestoreOptions, *, on_step: OnStep | None = None) -> RestoredFace:
        """See FaceRestorer."""
        return self.restore_many([face], options, on_step=on_step)[0]

    def restore_many(
        self, faces: Sequence[RestoreInput], options: RestoreOptions, *, on_step: OnStep | None = None
    ) -> list[RestoredFace]:
        """Restore several faces, in order; each member has all of them before the next is loaded."""
        if not faces:
            return []
        found: list[list[Candidate]] = [[] for _ in faces]
        unusable: UnusableOutputError | None = None
        for done, member in enumerate(self._members):
            try:
                with member.use() as restorer:
                    _add_results(found, faces, member, restorer, options)
            except UnusableOutputError as e:  # the others may do better
                log.warning("left out: %s", e)
                unusable = e
            if on_step is not None:
                on_step(done + 1, len(self._members))
        if unusable is not None and not all(found):
            raise unusable
        with self._embedder() as embedder:
            return [
                replace(best(face, mine, embedder), options=options) for face, mine in zip(faces, found, strict=True)
            ]

    def _known(self) -> tuple[int, str]:
        if self._facts is None:
            most, digest = 0, hashlib.sha256()
            for member in self._members:
                with member.use() as restorer:
                    most = max(most, restorer.max_references)
                    digest.update(f"{restorer.id} {restorer.weights_sha256}\n".encode())
            self._facts = most, digest.hexdigest()
        return self._facts


def best(face: RestoreInput, candidates: Sequence[Candidate], embedder: FaceEmbedder) -> RestoredFace:
    """The best of the candidates of a face, or of the blends of what each restorer does best; its `options` are not
    those it was asked with. Raises ValueError without a candidate."""
    comparison = Comparison(face, embedder)
    measured = comparison.measured(candidates)
    first: dict[str, Candidate] = {}
    for name in ranked(measured, comparison.usual):
        found = next(c for c in candidates if c.name == name)
        first.setdefault(str(found.made_by[0].params["restorer"]), found)
    everything = [*candidates, *(a.with_other(b) for a, b in combinations(first.values(), 2))]
    measured |= comparison.measured(everything[len(candidates) :])
    chosen = next(c for c in everything if c.name == ranked(measured, comparison.usual)[0])
    others = [m for name, m in measured.items() if name != chosen.name]
    because = advantages(measured[chosen.name], others, comparison.usual)
    reasons = tuple(comparison.reason(part, measured[chosen.name], chosen) for part in because)
    choice = codes.CHOSEN(made_by=chosen.made_by, candidates=len(everything), because=reasons)
    return RestoredFace(chosen.pixels, BEST, RestoreOptions(), choice)


class Comparison:
    """What is measured of the candidates of one face. `usual` is the natural-log evidence of two photos of the person,
    `quality` (0..1) the degraded face's."""

    def __init__(self, face: RestoreInput, embedder: FaceEmbedder) -> None:
        self._embedder, self._calibration = embedder, embedder.calibration
        self._degraded = face.degraded.pixels
        crops = [face.degraded.pixels, *(r.pixels for r in face.references)]
        own, *self._person = _embedded(embedder, crops)
        self.quality = float(self._calibration.quality(own.norm))
        self.usual = usual_evidence(self._person, self._calibration, self.quality)

    def measured(self, candidates: Sequence[Candidate]) -> dict[str, Measured]:
        """By name."""
        faces = _embedded(self._embedder, [c.pixels for c in candidates])
        return {
            c.name: Measured(
                c.expected(self.quality),
                self._evidence(e),
                consistency(c.pixels, self._degraded),
                sharpness(c.pixels),
                blend=len(c.made_by) > 1,
            )
            for c, e in zip(candidates, faces, strict=True)
        }

    def reason(self, part: str, measured: Measured, candidate: Candidate) -> Reason:
        """Why it was chosen, for one part of its score."""
        if part == "likeness":
            share = 0.0 if measured.evidence is None else measured.evidence / max(self.usual, LEAST_USUAL)
            return codes.MORE_LIKE_THEM(share=float(np.clip(share, -1, 1)))
        if part == "consistency":
            return codes.EXPLAINS_PHOTO(share=measured.consistency)
        if part == "sharpness":
            return codes.CLEARER(share=measured.sharpness)
        return codes.STEADIER() if len(candidate.made_by) > 1 else codes.BEST_ON_SUCH()

    def _evidence(self, face: FaceEmbedding) -> float | None:
        """To the person. The quality of the degraded face: looking sharp must not earn evidence."""
        if not self._person:
            return None
        mean = float(np.mean([e.vector @ face.vector for e in self._person]))
        return float(self._calibration.uncapped(mean, self.quality, 1.0))


def usual_evidence(person: Sequence[FaceEmbedding], calibration: Calibration, quality: float) -> float:
    """The natural-log evidence that photos of a person have for each other, for a face of this quality; with fewer
    than two photos what is assumed."""
    if len(person) < 2:
        return min(ASSUMED_USUAL, calibration.max_llr)
    pairs = [float(a.vector @ b.vector) for a, b in combinations(person, 2)]
    return max(float(calibration.uncapped(float(np.mean(pairs)), quality, 1.0)), LEAST_USUAL)


def _short(made_by: Reason) -> tuple[object, ...]:
    return tuple(made_by.params[key] for key in ("restorer", "references", "strength"))


def _embedded(embedder: FaceEmbedder, crops: Sequence[RgbU8]) -> list[FaceEmbedding]:
    """FFHQ_512 crops as the embedder sees them."""
    return embedder.embed([align_face(crop, FFHQ_512.points, ARCFACE_112) for crop in crops])


def _add_results(
    found: Sequence[list[Candidate]],
    faces: Sequence[RestoreInput],
    member: Member,
    restorer: FaceRestorer,
    options: RestoreOptions,
) -> None:
    """Add one member's candidates to those of each face."""
    most = restorer.max_references
    counts = [(min(most, len(face.references)), 0) for face in faces]
    for turn in (0, 1):
        asked = [i for i, count in enumerate(counts) if turn == 0 or count[0] > 0]
        inputs = [_with_references(faces[i], counts[i][turn]) for i in asked]
        for share in SHARES:
            strength = restorer.default_strength * share * options.strength
            results = restorer.restore_many(inputs, replace(options, strength=strength))
            for i, result in zip(asked, results, strict=True):
                found[i].append(_candidate(member, restorer, result.pixels, strength, counts[i][turn]))


def _candidate(member: Member, restorer: FaceRestorer, pixels: RgbU8, strength: float, references: int) -> Candidate:
    made = codes.MADE_BY(
        restorer=restorer.id, weights_sha256=restorer.weights_sha256, strength=strength, references=references
    )
    return Candidate(pixels, (made,), lambda quality: strength * member.expected(quality, references))


def _with_references(face: RestoreInput, count: int) -> RestoreInput:
    return replace(face, references=face.references[:count], identity=face.identity[:count])
