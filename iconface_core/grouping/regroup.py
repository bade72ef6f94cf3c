"""The full pass: a deterministic function of the set of faces and facts, whatever order they arrived in."""

import numpy as np
from numpy.typing import NDArray

from iconface_core.calibration import Calibration
from iconface_core.protocols import AgeReader
from iconface_core.types import F32, I64

from .background import BURST_SIMILARITY, COPY_SIMILARITY, Background, burst_weights, measure_background, rough_groups
from .childhood import leave_out_childhood
from .constraints import Constraints, fixed_people
from .evidence import MeanLinkage
from .graph import similar_pairs
from .identity import continue_ids, preview
from .linkage import Merged, agglomerate
from .proposals import contradictions, doubtful_faces, questions, rivalries, strongest
from .search import cell_search, exact_search
from .timeline import join_over_time
from .types import NOBODY, FaceTable, Grouping, GroupingFacts, GroupingPolicy, SamePicture, Search, unlike

_EXACT_UP_TO = 40_000  # faces: beyond, comparing all with all in numpy takes minutes
_RIVALS = 4.0  # evidence below the asking point at which a single face still hints at a rival cluster


def regroup(
    faces: FaceTable,
    facts: GroupingFacts,
    calibration: Calibration,
    policy: GroupingPolicy | None = None,
    *,
    search: Search | None = None,
    same_picture: SamePicture = unlike,
    ages: AgeReader | None = None,
) -> Grouping:
    """Group all undecided faces again; confirmed faces stay, cluster and person ids survive by overlap.

    `faces` are all faces of one embedder, with the person and cluster they have today. `search` finds neighbours among
    them (default: numpy, exact up to 40,000 faces, by cells beyond). Every missed neighbour costs precision, because a
    face whose best match is missing joins its second best: give an exact index where there is one. A face in photos
    that are the `same_picture` counts once, and founds nobody by itself. Nothing is written anywhere: apply
    `Grouping.clusters`, or show `Grouping.changes` first.
    """
    policy = policy or GroupingPolicy()
    n = len(faces)
    if not n:
        return Grouping(np.empty(0, np.int64), (), (), (), Background.unknown(faces.vectors.shape[1]))
    given, order = faces, _by_content(faces)
    faces = faces.take(order)
    search = search or (exact_search if n <= _EXACT_UP_TO else cell_search)(faces.face_ids, faces.vectors)
    asked = policy.propose_evidence
    floor = calibration.similarity_at(asked, 0.0)  # nobody is asked about less, not even in a library of one person
    a, b, similarity = similar_pairs(faces.face_ids, faces.vectors, search, policy.neighbours, floor)
    if ages is not None:
        leave_out_childhood(faces.vectors, ages)  # a copy, since `take`; neighbours are those of the stored vectors
    background = measure_background(faces.vectors, rough_groups(n, a, b, similarity, calibration))
    copies = same_picture(faces.photo_ids[a], faces.photo_ids[b])
    weights = burst_weights(n, a, b, copies | (similarity >= BURST_SIMILARITY))
    once = burst_weights(n, a, b, copies | (similarity >= COPY_SIMILARITY))
    linkage = MeanLinkage(faces.vectors, weights, faces.qualities, background, calibration)
    candidates = linkage.evidence(a, b) >= asked - _RIVALS
    a, b = a[candidates], b[candidates]
    fixed = fixed_people(faces, facts)
    constraints = Constraints(faces, facts, fixed)
    merged = agglomerate(linkage, constraints, n, a, b, join=policy.join_evidence, ask=asked)
    if (faces.captured_day >= 0).any():
        fresh = MeanLinkage(faces.vectors, weights, faces.qualities, background, calibration)
        surer = policy.join_evidence + policy.margin
        joined = join_over_time(faces, merged.roots, fresh, constraints, join=surer, floor=floor)
        merged = _follow(merged, joined, linkage)

    rival = doubtful_faces(linkage, constraints, merged.roots, faces, (a, b), policy.margin)
    settled = (fixed != NOBODY) & ~faces.confirmed
    contradicted = np.where(settled, rival, NOBODY)
    rival[fixed != NOBODY] = NOBODY
    groups, roots = _kept(merged, rival >= 0, constraints, once, policy.min_faces)
    clusters = continue_ids(groups, roots, faces, facts, constraints)
    labels = np.full(n, NOBODY, np.int64)
    for label, rows in enumerate(groups):
        labels[rows] = label
    label_of = {root: label for label, root in enumerate(roots)}
    asked_about = questions(faces, facts, merged, labels, clusters)
    asked_about += rivalries(linkage, faces, merged.roots, rival, label_of, clusters)
    asked_about += contradictions(
        linkage, faces, merged.roots, contradicted, label_of, clusters, (policy.margin, policy.join_evidence)
    )
    proposals = strongest(asked_about, policy.max_proposals)
    restored = np.empty(n, np.int64)
    restored[order] = labels
    return Grouping(restored, tuple(clusters), preview(given, restored, clusters), proposals, background)


def _follow(merged: Merged, roots: I64, linkage: MeanLinkage) -> Merged:
    """Bring the linkage and the open pairs up to date with clusters that were joined over time."""
    before = np.unique(merged.roots)
    target = np.arange(len(roots))
    target[merged.roots] = roots
    for x in before[target[before] != before].tolist():
        linkage.absorb(target[[x]], np.array([x]))
    a, b = target[merged.a], target[merged.b]
    kept = a != b
    return Merged(roots, a[kept], b[kept], merged.evidence[kept])


def _by_content(faces: FaceTable) -> I64:
    """An order of the faces that does not depend on their ids: ties are broken alike whatever arrived first."""
    keys = (faces.face_ids, faces.captured_day, faces.qualities, *faces.vectors[:, :8].T)
    return np.lexsort(keys).astype(np.int64)


def _kept(
    merged: Merged, doubtful: NDArray[np.bool_], constraints: Constraints, once: F32, min_faces: int
) -> tuple[list[I64], list[int]]:
    """The clusters that are somebody: large enough without their doubtful faces, or a fixed person's. `once` (N,) are
    weights by which copies of one picture count as one face."""
    rows = np.flatnonzero(~doubtful)
    rows = rows[np.argsort(merged.roots[rows], kind="stable")]
    names, starts = np.unique(merged.roots[rows], return_index=True)
    groups: list[I64] = []
    roots: list[int] = []
    for root, members in zip(names.tolist(), np.split(rows, starts)[1:], strict=True):
        if once[members].sum() > min_faces - 0.5 or constraints.person(root) != NOBODY:
            groups.append(members)
            roots.append(root)
    return groups, roots
