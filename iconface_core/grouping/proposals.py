"""Doubt: faces two people claim, and the questions worth asking."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import I64

from .constraints import Constraints
from .evidence import MeanLinkage
from .graph import row_lookup, rows_of
from .linkage import Merged
from .types import NOBODY, Cluster, FaceTable, GroupingFacts, Proposal


def doubtful_faces(
    linkage: MeanLinkage, constraints: Constraints, roots: I64, faces: FaceTable, pairs: tuple[I64, I64], margin: float
) -> I64:
    """Faces whose own cluster has less than `margin` more evidence than another that is certainly someone else.

    Certainly someone else: a photo shows both, or humans named them apart. Twins need this: the faces they share no
    photo of fit both. Where they do share the photo, the two faces are weighed together, as they are or swapped.
    Returns the rival's root for each face, (N,); -1: no doubt.
    """
    n = len(roots)
    rival = np.full(n, NOBODY, np.int64)
    face = np.concatenate(pairs)
    other = roots[np.concatenate(pairs[::-1])]
    sizes = np.bincount(roots, minlength=n)
    kept = (roots[face] != other) & (sizes[roots[face]] > 1)
    key = np.unique(face[kept] * n + other[kept])
    face, other = key // n, key % n
    gain = _gain(linkage, faces, roots, face, other)
    close = gain > -margin
    face, other, gain = face[close], other[close], gain[close]
    partner = _same_photo(faces, roots, face, other)
    shared = partner >= 0
    gain[shared] += _gain(linkage, faces, roots, partner[shared], roots[face[shared]])
    apart = [not constraints.allowed(a, b) for a, b in zip(roots[face].tolist(), other.tolist(), strict=True)]
    certain = (gain > -margin) & np.array(apart, bool)
    face, other, gain = face[certain], other[certain], gain[certain]
    order = np.lexsort((other, gain))  # the strongest rival is written last
    rival[face[order]] = other[order]
    return rival


def _gain(linkage: MeanLinkage, faces: FaceTable, roots: I64, face: I64, other: I64) -> NDArray[np.float64]:
    """How much more evidence there is for another cluster than for the face's own."""
    home = linkage.face_evidence(face, faces.vectors, roots[face], inside=True)
    return linkage.face_evidence(face, faces.vectors, other, inside=False) - home


def _same_photo(faces: FaceTable, roots: I64, face: I64, other: I64) -> I64:
    """The row of cluster `other` in the photo of `face`, or -1."""
    _, photo = np.unique(faces.photo_ids, return_inverse=True)
    return rows_of(row_lookup(photo * len(roots) + roots), photo[face] * len(roots) + other)


def rivalries(
    linkage: MeanLinkage,
    faces: FaceTable,
    roots: I64,
    rival: I64,
    label_of: Mapping[int, int],
    clusters: Sequence[Cluster],
) -> list[Proposal]:
    """One question for each doubtful face: the person it looks most like, and the rival. `label_of` maps roots to
    `clusters`."""
    rows = np.flatnonzero(rival >= 0)
    home = linkage.face_evidence(rows, faces.vectors, roots[rows], inside=True)
    away = linkage.face_evidence(rows, faces.vectors, rival[rows], inside=False)
    out: list[Proposal] = []
    for i, row in enumerate(rows.tolist()):
        claims = [(float(home[i]), label_of.get(int(roots[row]))), (float(away[i]), label_of.get(int(rival[row])))]
        known = sorted(((e, label) for e, label in claims if label is not None), reverse=True)
        if not known:
            continue
        (evidence, label), (other_evidence, other) = [*known, (float("-inf"), NOBODY)][:2]
        person, other_person = clusters[label].person_id, clusters[other].person_id if other >= 0 else NOBODY
        face = (int(faces.face_ids[row]),)
        out.append(Proposal("join", face, person, evidence, other_person, other_evidence, label, other))
    return out


def contradictions(
    linkage: MeanLinkage,
    faces: FaceTable,
    roots: I64,
    rival: I64,
    label_of: Mapping[int, int],
    clusters: Sequence[Cluster],
    surer: tuple[float, float],
) -> list[Proposal]:
    """One question for each settled face that somebody else claims with `surer[0]` more evidence than the person it
    shows, and at least `surer[1]`: is it the rival? The runner-up is whom it shows, and goes on to show meanwhile."""
    margin, least = surer
    rows = np.flatnonzero(rival >= 0)
    home = linkage.face_evidence(rows, faces.vectors, roots[rows], inside=True)
    away = linkage.face_evidence(rows, faces.vectors, rival[rows], inside=False)
    out: list[Proposal] = []
    for i, row in enumerate(rows.tolist()):
        label, other = label_of.get(int(rival[row])), label_of.get(int(roots[row]))
        if label is None or other is None or away[i] < max(least, home[i] + margin):
            continue
        people = clusters[label].person_id, clusters[other].person_id
        if NOBODY in people or people[0] == people[1]:
            continue
        face = (int(faces.face_ids[row]),)
        out.append(Proposal("join", face, people[0], float(away[i]), people[1], float(home[i]), label, other))
    return out


def questions(
    faces: FaceTable,
    facts: GroupingFacts,
    merged: Merged,
    labels: I64,
    clusters: Sequence[Cluster],
) -> list[Proposal]:
    """Turn near misses of whole clusters into proposals, each small cluster asked about once."""
    different = {frozenset(pair) for pair in facts.different_people}
    joins: dict[int, list[tuple[float, int]]] = {}
    merges: list[Proposal] = []
    rows_of: dict[int, list[int]] = {}
    wanted = np.isin(merged.roots, np.concatenate([merged.a, merged.b]))
    for row in np.flatnonzero(wanted).tolist():
        rows_of.setdefault(int(merged.roots[row]), []).append(row)
    order = np.lexsort((merged.b, merged.a, -merged.evidence))
    for i in order.tolist():
        a, b, evidence = int(merged.a[i]), int(merged.b[i]), float(merged.evidence[i])
        label_a, label_b = int(labels[rows_of[a]].max()), int(labels[rows_of[b]].max())
        if label_a >= 0 and label_b >= 0:
            first, second = sorted((label_a, label_b), key=lambda c: (-len(clusters[c].face_ids), c))
            p, q = clusters[first].person_id, clusters[second].person_id
            if (p == q and p != NOBODY) or frozenset((p, q)) in different:
                continue
            merges.append(
                Proposal(
                    "merge", clusters[second].face_ids, p, evidence, q, evidence, cluster=first, other_cluster=second
                )
            )
        elif label_a >= 0 or label_b >= 0:
            small, label = (b, label_a) if label_a >= 0 else (a, label_b)
            joins.setdefault(small, []).append((evidence, label))
    out = merges
    for small, options in joins.items():
        evidence, label = options[0]
        person = clusters[label].person_id
        runner = next(((e, c) for e, c in options[1:] if clusters[c].person_id != person or person == NOBODY), None)
        members = tuple(sorted(faces.face_ids[rows_of[small]].tolist()))
        if runner is None:
            out.append(Proposal("join", members, person, evidence, cluster=label))
        else:
            other = clusters[runner[1]].person_id
            out.append(
                Proposal("join", members, person, evidence, other, runner[0], cluster=label, other_cluster=runner[1])
            )
    return out


def strongest(proposals: Sequence[Proposal], most: int) -> tuple[Proposal, ...]:
    """The best questions first; ties in the order of the faces."""
    return tuple(sorted(proposals, key=lambda p: (-p.evidence, p.face_ids))[:most])
