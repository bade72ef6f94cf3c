"""Who is it: one face against the people of a library, open set. Pure: no database, no model.

Evidence adds up in nats. Each pair of faces gives a calibrated log-likelihood ratio; a person's faces are pooled; the
posterior is taken over all people and "somebody else". Facts (rejections, faces of the same photo, birth dates)
exclude people before any evidence is read. A face is *known* only when one person clearly beats both the runner-up
and the stranger; otherwise the caller gets the doubt and its reason. What the rest of the photo suggests
(`hints`) is heard only then, and can tip nothing but a doubt.
"""

from collections.abc import Mapping

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.types import I64

from .identification import (
    Exclusion,
    FaceFacts,
    Identification,
    IdentifyPolicy,
    IdentityKind,
    PeopleGallery,
    PersonEvidence,
    Probe,
)


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

    `calibration`: of the probe and faces as they are; twins of the gallery bring their own.
    `hints`: person to nats (0 or more) by what else is known of the photo (`company.hints`). They are looked at only
    when the face alone leaves a doubt, and never for people whom it speaks against. The probe's own row (same face id)
    is never evidence for itself. Raises ValueError when the dimensions differ.
    """
    facts, policy = facts or FaceFacts(), policy or IdentifyPolicy()
    if len(gallery) and gallery.vectors.shape[1] != len(probe.vector):
        raise ValueError(
            f"probe has {len(probe.vector)} dimensions, the gallery {gallery.vectors.shape[1]}: two embedders never mix"
        )
    twins = gallery.twins
    if twins is not None and probe.twin_share > 0 and twins.vectors.shape[1] != len(probe.seen_worn):
        raise ValueError(
            f"probe has {len(probe.seen_worn)} dimensions where it meets twins, these {twins.vectors.shape[1]}: "
            "other weights made them"
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
    """
    crowd = len(np.unique(gallery.person_ids))
    likeness, nats = gallery.compare(probe, calibration, crowd / (crowd + policy.crowd_people))
    similarity, llr = likeness[rows], nats[rows].astype(np.float64)
    quality, people, face_ids = gallery.qualities[rows], gallery.person_ids[rows], gallery.face_ids[rows]
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
