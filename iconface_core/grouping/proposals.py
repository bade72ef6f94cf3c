"""Doubt: faces two people claim, and the questions worth asking."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, I64

from .constraints import Constraints
from .evidence import MeanLinkage
from .linkage import Merged
from .types import NOBODY, Cluster, Faces, Facts, GroupingPolicy, Proposal


def doubtful_faces(
    linkage: MeanLinkage, constraints: Constraints, roots: I64, vectors: F32, pairs: tuple[I64, I64], margin: float
) -> tuple[NDArray[np.bool_], I64]:
    """Faces whose own cluster has less than `margin` more evidence than another that is certainly someone else.

    Certainly someone else: a photo shows both, or humans named them apart. Twins need this: the faces they share no
    photo of fit both. Returns the mask (N,) and the rival's root (-1: none).
    """
    rival = np.full(len(roots), NOBODY, np.int64)
    face = np.concatenate(pairs)
    other = roots[np.concatenate(pairs[::-1])]
    own = roots[face]
    sizes = np.bincount(roots, minlength=len(roots))
    kept = (own != other) & (sizes[own] > 1)
    key = np.unique(face[kept] * len(roots) + other[kept])
    face, other = key // len(roots), key % len(roots)
    home = linkage.face_evidence(face, vectors, roots[face], inside=True)
    away = linkage.face_evidence(face, vectors, other, inside=False)
    close = away > home - margin
    face, other, away = face[close], other[close], away[close]
    apart = [not constraints.allowed(a, b) for a, b in zip(roots[face].tolist(), other.tolist(), strict=True)]
    certain = np.array(apart, bool)
    face, other, away = face[certain], other[certain], away[certain]
    order = np.lexsort((other, away))  # the strongest rival is written last
    rival[face[order]] = other[order]
    return rival >= 0, rival


def questions(
    faces: Faces,
    facts: Facts,
    merged: Merged,
    labels: I64,
    clusters: Sequence[Cluster],
    policy: GroupingPolicy,
) -> tuple[Proposal, ...]:
    """Turn near misses into proposals, strongest first, each small cluster asked about once."""
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
    out.sort(key=lambda p: (-p.evidence, p.face_ids))
    return tuple(out[: policy.max_proposals])
