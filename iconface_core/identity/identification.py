"""What identifying takes and gives: a face, the people it is compared with, what is certain, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from iconface_core import reason_codes as codes
from iconface_core.calibration import Calibration
from iconface_core.reasons import Code, Reason
from iconface_core.types import F32, I64


class IdentityKind(StrEnum):
    """`KNOWN`: act on it. `UNSURE`: propose, never act. `UNKNOWN`: nobody in the gallery is likely."""

    KNOWN = "known"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


class Exclusion(StrEnum):
    """Why a person was not considered."""

    REJECTED = "rejected"  # the human said: not them
    SAME_PHOTO = "same_photo"  # another face of this photo is them
    NOT_BORN = "not_born"  # the photo was taken before their birth


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """The face to be identified: unit `vector` (dim,), `quality` 0..1 (`Calibration.quality`), where it comes from.
    `twin_share` 0..1: how much it is compared with the damaged twins of the gallery's faces, and `worn`: by which unit
    vector (twins' dim,); None: `vector`."""

    vector: F32
    quality: float
    face_id: int | None = None
    photo_id: int | None = None
    captured_at: datetime | None = None
    twin_share: float = 0.0
    worn: F32 | None = None

    @property
    def seen_worn(self) -> F32:
        """By which it is compared with twins."""
        return self.vector if self.worn is None else self.worn


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """What an encoder of damaged faces says of some faces of a gallery when they are damaged on purpose: `rows` (M,),
    none twice, and unit `vectors` (M, twins' dim). `calibration`: what likeness to face and twin together means."""

    rows: I64
    vectors: F32
    calibration: Calibration


@dataclass(frozen=True, slots=True, eq=False)
class PeopleGallery:
    """Faces that belong to people, as columns of length N; one row per face, any order.

    `vectors` (N, dim) unit length, one embedder; `qualities` 0..1; `confirmed` bool; `twins`: what damaged faces are
    compared with too. `everyone` (dim,) and `everyone_worn` (twins' dim,) are derived: the mean face of the gallery,
    each person counted once, and the same of the twins. Build it once and reuse it for many probes.
    Raises ValueError when the columns differ in length.
    """

    vectors: F32
    person_ids: I64
    qualities: F32
    face_ids: I64
    photo_ids: I64
    confirmed: NDArray[np.bool_]
    twins: Twins | None = None
    everyone: F32 = field(init=False)
    everyone_worn: F32 | None = field(init=False)

    def __post_init__(self) -> None:
        columns = (self.person_ids, self.qualities, self.face_ids, self.photo_ids, self.confirmed)
        if self.vectors.ndim != 2 or any(c.shape != (len(self.vectors),) for c in columns):
            raise ValueError(f"gallery columns differ in length: {self.vectors.shape}, {[c.shape for c in columns]}")
        worn = None if self.twins is None else _mean_face(self.twins.vectors, self.person_ids[self.twins.rows])
        object.__setattr__(self, "everyone", _mean_face(self.vectors, self.person_ids))  # frozen: the derived columns
        object.__setattr__(self, "everyone_worn", worn)

    def __len__(self) -> int:
        return len(self.vectors)

    def compare(self, probe: Probe, calibration: Calibration, crowding: float = 0.0) -> tuple[F32, F32]:
        """Likeness (N,) of the probe to every face, and its evidence (N,) in nats; `calibration` is that of faces
        without a twin. Likeness to a face with one is the cosine with the face and with its twin, by `twin_share`.

        Some faces are a little like everybody (sharp ones above all), others like nobody (blurred ones). How far the
        probe's likeness to everybody is above or below the gallery's own is evidence for no one: `crowding` 0..1 of it
        is taken off before likeness is weighed.
        """
        likeness: F32 = self.vectors @ probe.vector
        common = np.float32(crowding * _commonness(probe.vector, self.everyone))
        llr = calibration.llr(likeness - common, probe.quality, self.qualities)
        if self.twins is not None and self.everyone_worn is not None and probe.twin_share > 0:
            rows, share = self.twins.rows, np.float32(probe.twin_share)
            likeness[rows] = (1 - share) * likeness[rows] + share * (self.twins.vectors @ probe.seen_worn)
            worn = np.float32(crowding * _commonness(probe.seen_worn, self.everyone_worn))
            common = (1 - share) * common + share * worn
            llr[rows] = self.twins.calibration.llr(likeness[rows] - common, probe.quality, self.qualities[rows])
        return likeness, llr


def _mean_face(vectors: F32, person_ids: I64) -> F32:
    _, person, faces = np.unique(person_ids, return_inverse=True, return_counts=True)
    weights = (1.0 / faces[person]).astype(np.float32)
    mean: F32 = weights @ vectors / np.float32(max(1, len(faces)))
    return mean


def _commonness(vector: F32, everyone: F32) -> float:
    """How much more a face is like everybody than the gallery's own are."""
    return float((vector - everyone) @ everyone)


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """What the human said and the photo proves. The gallery's own rows of the probe's photo are read too.

    `rejected`: people this face is not. `present`: people that other faces of this photo are. `born`: person -> date.
    `copies`: faces that are the probe itself in copies of its photo: whose they were taken for proves nothing, unless a
    human said it.
    """

    rejected: frozenset[int] = frozenset()
    present: frozenset[int] = frozenset()
    born: Mapping[int, date] = field(default_factory=dict)
    copies: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class IdentifyPolicy:
    """Tuned by `benchmarks/identify.py`; the numbers are probabilities and nats, so they hold for every embedder.

    `stranger_prior`: share of faces expected to be nobody in the gallery. `large_gallery`, `crowd_prior`: the prior of
    each of n people falls as 1 / n, but beyond `large_gallery` people only as n ** -`crowd_prior`: those who come near
    a probe in a crowd resemble each other, and count as fewer than they are. `known_posterior`: least posterior to act
    on. `min_margin`: least log odds to the runner-up. `unsure_posterior`: below it nobody is proposed. `top_faces`: at
    most this many of a person's best-matching faces are pooled. `unconfirmed_weight`: weight of a face no human
    confirmed, against 1. `face_correlation` 0..1: how much pooled faces repeat each other; k of them count as
    k / (1 + (k - 1) * face_correlation) witnesses. `crowd_penalty`: nats taken off per unit of ln(faces / pooled
    faces), because the best of many tries proves less. `crowd_people`: number of people at which half of the probe's
    likeness to everybody is taken off its similarities. `max_hint`: the most nats that the rest of the photo may add;
    it is below `min_margin`, so that only a person whom the face itself puts first can be named with its help.
    `hint_people`: up to so many people it adds nothing, then ln(people / hint_people): among few, everybody is with
    everybody, and what a hint brings is paid for with strangers.
    """

    stranger_prior: float = 0.5
    large_gallery: float = 100.0
    crowd_prior: float = 0.2
    known_posterior: float = 0.95
    min_margin: float = 3.0
    unsure_posterior: float = 0.2
    top_faces: int = 3
    unconfirmed_weight: float = 0.7
    face_correlation: float = 0.75
    crowd_penalty: float = 0.5
    crowd_people: float = 50.0
    max_hint: float = 2.0
    hint_people: float = 20.0

    def __post_init__(self) -> None:
        if not 0 <= self.max_hint < self.min_margin:
            raise ValueError("max_hint must be below min_margin: a hint never decides against the face")


@dataclass(frozen=True, slots=True)
class PersonEvidence:
    """One person's case. `posterior` 0..1; `llr`: pooled evidence in nats; `similarity`: of the best pooled face;
    `support`: the pooled face ids, best first; `faces`: how many faces of the person were compared; `hint`: nats by
    which the rest of the photo makes the person likelier than others."""

    person_id: int
    posterior: float
    llr: float
    similarity: float
    support: tuple[int, ...]
    faces: int
    hint: float = 0.0


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer. `candidates` are the likeliest people, best first (at most 3, none for an empty gallery).

    `margin`: log odds (nats) of the best over the runner-up; over "somebody else" when there is no runner-up; 0 when
    there is nobody. `stranger_posterior` 0..1. `excluded`: people who could not be it, with the fact that says so.
    """

    kind: IdentityKind
    candidates: tuple[PersonEvidence, ...]
    stranger_posterior: float
    margin: float
    excluded: Mapping[int, Exclusion]

    @property
    def person_id(self) -> int | None:
        """The person, only when `kind` is KNOWN."""
        return self.candidates[0].person_id if self.kind is IdentityKind.KNOWN else None

    @property
    def best(self) -> PersonEvidence | None:
        """The likeliest person, whatever the verdict."""
        return self.candidates[0] if self.candidates else None

    @property
    def runner_up(self) -> PersonEvidence | None:
        return self.candidates[1] if len(self.candidates) > 1 else None

    def reason(self, names: Mapping[int, str] | None = None) -> Reason:
        """What speaks for the answer, such as "not sure between Ada (61 %) and Eva (35 %)". `names`: of people who have
        one."""
        names = names or {}
        best, second = self.best, self.runner_up
        if best is None:
            return codes.NO_PERSON_TO_COMPARE(excluded=len(self.excluded))

        def likely(who: PersonEvidence, code: Code = codes.LIKELY) -> Reason:
            return code(person=who.person_id, name=names.get(who.person_id), posterior=who.posterior)

        measured = {
            "person": best.person_id,
            "name": names.get(best.person_id),
            "posterior": best.posterior,
            "similarity": best.similarity,
            "faces": best.faces,
        }
        if self.kind is IdentityKind.KNOWN:
            return codes.KNOWN(**measured, next=None if second is None else likely(second, codes.NEXT))
        if self.kind is IdentityKind.UNKNOWN:
            return codes.CLOSEST(**measured)
        if second is not None and second.posterior > self.stranger_posterior:
            return codes.BETWEEN(first=likely(best), second=likely(second))
        return codes.PERHAPS(**measured)
