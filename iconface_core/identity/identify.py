"""Who is it: one face against the people of a library, open set. Pure: no database, no model.

Evidence adds up in nats. Each pair of faces gives a calibrated log-likelihood ratio; a person's faces are pooled; the
posterior is taken over all people and "somebody else". Facts (rejections, faces of the same photo, birth dates)
exclude people before any evidence is read. A face is *known* only when one person clearly beats both the runner-up
and the stranger; otherwise the caller gets the doubt and its reason. What the rest of the photo suggests
(`hints`) is heard only then, and can tip nothing but a doubt.
"""

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
    """The face to be identified: unit `vector` (dim,), `quality` 0..1 (`Calibration.quality`), where it comes from."""

    vector: F32
    quality: float
    face_id: int | None = None
    photo_id: int | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PeopleGallery:
    """Faces that belong to people, as columns of length N; one row per face, any order.

    `vectors` (N, dim) unit length, one embedder; `qualities` 0..1; `confirmed` bool. `everyone` (dim,) is derived: the
    mean face of the gallery, each person counted once. Build it once and reuse it for many probes.
    Raises ValueError when the columns differ in length.
    """

    vectors: F32
    person_ids: I64
    qualities: F32
    face_ids: I64
    photo_ids: I64
    confirmed: NDArray[np.bool_]
    everyone: F32 = field(init=False)

    def __post_init__(self) -> None:
        columns = (self.person_ids, self.qualities, self.face_ids, self.photo_ids, self.confirmed)
        if self.vectors.ndim != 2 or any(c.shape != (len(self.vectors),) for c in columns):
            raise ValueError(f"gallery columns differ in length: {self.vectors.shape}, {[c.shape for c in columns]}")
        _, person, faces = np.unique(self.person_ids, return_inverse=True, return_counts=True)
        weights = (1.0 / faces[person]).astype(np.float32)
        everyone = weights @ self.vectors / np.float32(max(1, len(faces)))
        object.__setattr__(self, "everyone", everyone)  # frozen: the one derived column

    def __len__(self) -> int:
        return len(self.vectors)


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
    crowd_prior: float = 0.3
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


def identify(
    probe: Probe,
    gallery: PeopleGallery,
    calibration: Calibration,
    *,
    facts: FaceFacts | None = None,
    policy: IdentifyPolicy | None = None,
    hints: Mapping[int, float] | None = None,
) -> Identification:
    """Decide whose face `probe` is. The order of the gallery's rows does not change the answer.

    `hints`: person to nats (0 or more) by what else is known of the photo (`company.hints`). They are looked at only
    when the face alone leaves a doubt, and never for people whom it speaks against. The probe's own row (same face id)
    is never evidence for itself. Raises ValueError when the dimensions differ.
    """
    facts, policy = facts or FaceFacts(), policy or IdentifyPolicy()
    if len(gallery) and gallery.vectors.shape[1] != len(probe.vector):
        raise ValueError(
            f"probe has {len(probe.vector)} dimensions, the gallery {gallery.vectors.shape[1]}: two embedders never mix"
        )
    excluded = _excluded(probe, gallery, facts)
    usable = ~np.isin(gallery.person_ids, list(excluded))
    if probe.face_id is not None:
        usable &= gallery.face_ids != probe.face_id
    usable &= gallery.confirmed | ~np.isin(gallery.face_ids, list(facts.copies))
    rows = np.flatnonzero(usable)
    if not len(rows):
        return Identification(IdentityKind.UNKNOWN, (), 1.0, 0.0, excluded)
    found = _decide(*_weigh(probe, gallery, rows, calibration, policy, {}), policy, excluded)
    if not hints or found.kind is not IdentityKind.UNSURE:
        return found
    helped = _decide(*_weigh(probe, gallery, rows, calibration, policy, hints), policy, excluded)
    return found if helped.kind is IdentityKind.UNKNOWN else helped


def _decide(
    candidates: tuple[PersonEvidence, ...],
    stranger: float,
    policy: IdentifyPolicy,
    excluded: Mapping[int, Exclusion],
) -> Identification:
    best = candidates[0]
    margin = _log_odds(best.posterior, candidates[1].posterior if len(candidates) > 1 else stranger)
    if best.posterior >= policy.known_posterior and margin >= policy.min_margin:
        kind = IdentityKind.KNOWN
    elif best.posterior >= policy.unsure_posterior:
        kind = IdentityKind.UNSURE
    else:
        kind = IdentityKind.UNKNOWN
    return Identification(kind, candidates, stranger, margin, excluded)


def _excluded(probe: Probe, gallery: PeopleGallery, facts: FaceFacts) -> dict[int, Exclusion]:
    """People who cannot be it. A rejection is named before the rest: it is what the human remembers saying."""
    excluded: dict[int, Exclusion] = {}
    if probe.captured_at is not None:
        day = probe.captured_at.date()
        excluded |= {person: Exclusion.NOT_BORN for person, born in facts.born.items() if born > day}
    present = set(facts.present)
    if probe.photo_id is not None:
        beside = gallery.photo_ids == probe.photo_id
        if probe.face_id is not None:
            beside &= gallery.face_ids != probe.face_id
        present |= {int(p) for p in gallery.person_ids[beside]}
    excluded |= dict.fromkeys(present, Exclusion.SAME_PHOTO)
    excluded |= dict.fromkeys(facts.rejected, Exclusion.REJECTED)
    return dict(sorted(excluded.items()))


def _weigh(
    probe: Probe,
    gallery: PeopleGallery,
    rows: I64,
    calibration: Calibration,
    policy: IdentifyPolicy,
    hints: Mapping[int, float],
) -> tuple[tuple[PersonEvidence, ...], float]:
    """The three likeliest people among `rows` (not empty), and the posterior of "somebody else".

    A person's evidence is the mean over their few best-matching faces, weighted by quality: it follows them through
    ages and poses, as a centroid does not, and one wrongly assigned face does not turn it, as it turns a maximum.

    Some faces are a little like everybody (sharp ones above all), others like nobody (blurred ones). How far the
    probe's likeness to everybody is above or below the gallery's own is evidence for no one, and is taken off.
    """
    similarity = gallery.vectors[rows] @ probe.vector
    crowd = len(np.unique(gallery.person_ids))
    everybody = float((probe.vector - gallery.everyone) @ gallery.everyone) * crowd / (crowd + policy.crowd_people)
    quality, people, face_ids = gallery.qualities[rows], gallery.person_ids[rows], gallery.face_ids[rows]
    llr = calibration.llr(similarity - everybody, probe.quality, quality).astype(np.float64)
    order = np.lexsort((face_ids, -llr, people))
    person_ids, first, count = np.unique(people[order], return_index=True, return_counts=True)
    pooled_count = np.minimum(count, policy.top_faces)
    rank = np.arange(len(rows)) - np.repeat(first, count)
    trust = np.where(gallery.confirmed[rows], 1.0, policy.unconfirmed_weight) * np.maximum(quality, 0.05)
    weight = np.where(rank < policy.top_faces, trust[order], 0.0)
    evidence = np.add.reduceat(weight * llr[order], first) / np.add.reduceat(weight, first)
    evidence *= pooled_count / (1 + (pooled_count - 1) * policy.face_correlation)
    evidence -= policy.crowd_penalty * np.log(count / pooled_count)

    hint = np.zeros(len(person_ids))
    if hints:
        most = min(policy.max_hint, max(0.0, np.log(len(person_ids) / policy.hint_people)))
        hint = np.clip([hints.get(int(p), 0.0) for p in person_ids], 0.0, most)
    # It says which of the people are likelier, not that it is one of them: together they weigh what they weighed.
    shift = np.where(evidence > 0, hint, 0.0) - np.log(np.exp(hint).mean())
    log_weight = np.append(
        evidence + shift + np.log((1 - policy.stranger_prior) / _counted(len(person_ids), policy)),
        np.log(policy.stranger_prior),
    )
    posterior = np.exp(log_weight - log_weight.max())
    posterior /= posterior.sum()
    candidates = []
    for i in np.lexsort((person_ids, -evidence - shift))[:3]:
        top = order[first[i] : first[i] + pooled_count[i]]
        candidates.append(
            PersonEvidence(
                person_id=int(person_ids[i]),
                posterior=float(posterior[i]),
                llr=float(evidence[i]),
                similarity=float(similarity[top].max()),
                support=tuple(int(f) for f in face_ids[top]),
                faces=int(count[i]),
                hint=float(hint[i]) if evidence[i] > 0 else 0.0,
            )
        )
    return tuple(candidates), float(posterior[-1])


def _counted(people: int, policy: IdentifyPolicy) -> float:
    """How many people a gallery of so many counts as: see `IdentifyPolicy.large_gallery`."""
    crowd = max(1.0, people / policy.large_gallery)
    return float(people / crowd ** (1 - policy.crowd_prior))


def _log_odds(a: float, b: float) -> float:
    """ln(a / b), finite for probabilities that underflow."""
    return float(np.log(max(a, 1e-300)) - np.log(max(b, 1e-300)))
