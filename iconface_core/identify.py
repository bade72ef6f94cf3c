"""Who is it: one face against the people of a library, open set. Pure: no database, no model.

Evidence adds up in nats. Each pair of faces gives a calibrated log-likelihood ratio; a person's faces are pooled; the
posterior is taken over all people and "somebody else". Facts (rejections, faces of the same photo, birth dates)
exclude people before any evidence is read. A face is *known* only when one person clearly beats both the runner-up
and the stranger; otherwise the caller gets the doubt in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration
from .types import F32, I64


class IdentityKind(StrEnum):
    """`KNOWN`: act on it. `UNSURE`: propose, never act. `UNKNOWN`: nobody in the gallery is likely."""

    KNOWN = "known"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


class Exclusion(StrEnum):
    """Why a person was not considered."""

    REJECTED = "you said it is not them"
    SAME_PHOTO = "another face of this photo is them"
    NOT_BORN = "the photo was taken before their birth"


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """The face to be identified: unit `vector` (dim,), `quality` 0..1 (`Calibration.quality`), where it comes from."""

    vector: F32
    quality: float
    face_id: int | None = None
    photo_id: int | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PeopleGallery:
    """Faces that belong to people, as columns of length N; one row per face, any order.

    `vectors` (N, dim) unit length, one embedder; `qualities` 0..1; `confirmed` bool. Build it once and reuse it for
    many probes. Raises ValueError when the columns differ in length.
    """

    vectors: F32
    person_ids: I64
    qualities: F32
    face_ids: I64
    photo_ids: I64
    confirmed: NDArray[np.bool_]

    def __post_init__(self) -> None:
        columns = (self.person_ids, self.qualities, self.face_ids, self.photo_ids, self.confirmed)
        if self.vectors.ndim != 2 or any(c.shape != (len(self.vectors),) for c in columns):
            raise ValueError(f"gallery columns differ in length: {self.vectors.shape}, {[c.shape for c in columns]}")

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the human said and the photo proves. The gallery's own rows of the probe's photo are read too.

    `rejected`: people this face is not. `present`: people that other faces of this photo are. `born`: person -> date.
    """

    rejected: frozenset[int] = frozenset()
    present: frozenset[int] = frozenset()
    born: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentifyPolicy:
    """Tuned by `benchmarks/identify.py`; the numbers are probabilities and nats, so they hold for every embedder.

    `stranger_prior`: share of faces expected to be nobody in the gallery. `known_posterior`: least posterior to act
    on. `min_margin`: least log odds to the runner-up. `unsure_posterior`: below it nobody is proposed. `top_faces`: at
    most this many of a person's best-matching faces are pooled. `unconfirmed_weight`: weight of a face no human
    confirmed, against 1. `crowd_penalty`: nats taken off per unit of ln(faces / pooled faces), because the best
    of many tries proves less.
    """

    stranger_prior: float = 0.5
    known_posterior: float = 0.99
    min_margin: float = 3.0
    unsure_posterior: float = 0.05
    top_faces: int = 3
    unconfirmed_weight: float = 0.7
    crowd_penalty: float = 0.5


@dataclass(frozen=True, slots=True)
class PersonEvidence:
    """One person's case. `posterior` 0..1; `llr`: pooled evidence in nats; `similarity`: of the best pooled face;
    `support`: the pooled face ids, best first; `faces`: how many faces of the person were compared."""

    person_id: int
    posterior: float
    llr: float
    similarity: float
    support: tuple[int, ...]
    faces: int


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer. `candidates` are the likeliest people, best first (at most 3, none for an empty gallery).

    `margin`: log odds (nats) of the best over the runner-up, or over "somebody else" when that is closer; 0 when there
    is nobody. `stranger_posterior` 0..1. `excluded`: people who could not be it, with the fact that says so.
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

    def reason(self, names: Mapping[int, str] | None = None) -> str:
        """One sentence for people, such as "not sure between Ada (61 %) and Eva (35 %)". Unnamed people get their id."""
        raise NotImplementedError


def identify(
    probe: Probe,
    gallery: PeopleGallery,
    calibration: Calibration,
    *,
    facts: Facts | None = None,
    policy: IdentifyPolicy | None = None,
) -> Identification:
    """Decide whose face `probe` is. The order of the gallery's rows does not change the answer.

    The probe's own row (same face id) is never evidence for itself. Raises ValueError when the dimensions differ.
    """
    raise NotImplementedError
