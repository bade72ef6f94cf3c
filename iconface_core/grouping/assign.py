"""The quick pass: a few new faces against the index, in milliseconds. `regroup` has the last word."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iconface_core.calibration import Calibration
from iconface_core.protocols import AgeReader
from iconface_core.types import F32, I64

from .background import BURST_SIMILARITY, COPY_SIMILARITY, Background, burst_weights
from .childhood import leave_out_childhood
from .constraints import Constraints
from .evidence import MeanLinkage
from .graph import similar_pairs
from .linkage import Merged, agglomerate
from .proposals import doubtful_faces
from .search import exact_search
from .types import (
    NOBODY,
    Decision,
    FaceTable,
    GroupingFacts,
    GroupingPolicy,
    Proposal,
    SamePicture,
    Search,
    unlike,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the library knows already. `search` runs over the embedder's index (the new faces may be in it);
    `lookup(face_ids)` returns the rows of the given faces, in any order, unknown ids left out; `background` is that of
    the last `Grouping`."""

    search: Search
    lookup: Callable[[I64], FaceTable]
    background: Background | None = None


def assign(
    new: FaceTable,
    facts: GroupingFacts,
    calibration: Calibration,
    policy: GroupingPolicy | None = None,
    *,
    known: Known,
    same_picture: SamePicture = unlike,
    ages: AgeReader | None = None,
) -> list[Decision]:
    """Decide each new face: join a person, found one with other undecided faces, or wait.

    `new` are all faces of the new photos: those that have a person already are only context (two faces of one photo
    are never joined) and get no decision. `same_picture` and `ages` are as in `regroup`. Of the `facts` only rejections
    and birth days matter, because people are never joined here. The result has one decision per undecided new face, in
    input order, followed by one for each older undecided face that now founds a person with them.

    Only the nearest faces of a person are seen here, which flatters them; so joining asks for `policy.margin` more
    evidence than a full pass does.
    """
    policy = policy or GroupingPolicy()
    if not len(new):
        return []
    background = known.background or Background.unknown(new.vectors.shape[1])
    pool = _with_neighbours(new, policy.neighbours, known)
    n = len(pool)
    ask, join = policy.propose_evidence, policy.join_evidence + policy.margin
    near = exact_search(pool.face_ids, pool.vectors)
    floor = calibration.similarity_at(ask, 0.0)
    a, b, similarity = similar_pairs(pool.face_ids, pool.vectors, near, policy.neighbours, floor)
    if ages is not None:
        leave_out_childhood(pool.vectors, ages)
    copies = same_picture(pool.photo_ids[a], pool.photo_ids[b])
    weights = burst_weights(n, a, b, copies | (similarity >= BURST_SIMILARITY))
    linkage = MeanLinkage(pool.vectors, weights, pool.qualities, background, calibration)
    constraints = Constraints(pool, facts, pool.person_ids)
    home = _gather_known(pool, linkage, constraints)
    merged = agglomerate(linkage, constraints, n, home[a], home[b], join=join, ask=ask)
    merged.roots = merged.roots[home]
    rival = doubtful_faces(linkage, constraints, merged.roots, pool, (a, b), policy.margin)
    once = burst_weights(n, a, b, copies | (similarity >= COPY_SIMILARITY))
    return _decisions(pool, len(new), merged, rival >= 0, once, linkage, constraints, policy)


def _with_neighbours(new: FaceTable, k: int, known: Known) -> FaceTable:
    """The new faces and, after them, what the index finds near them."""
    ids, _ = known.search(new.vectors, k + len(new))
    wanted = np.setdiff1d(ids[ids >= 0], new.face_ids)
    found = known.lookup(wanted)
    order = np.lexsort(found.vectors[:, :8].T)  # not by id: the same library in another order decides alike
    found = found.take(order.astype(np.int64))
    columns = (np.concatenate([getattr(new, name), getattr(found, name)]) for name in FaceTable.__slots__)
    return FaceTable(*columns)


def _gather_known(pool: FaceTable, linkage: MeanLinkage, constraints: Constraints) -> I64:
    """Put together what is together already; each row's representative row, shape (N,)."""
    home = np.arange(len(pool))
    first: dict[tuple[int, int], int] = {}
    for row, key in enumerate(zip(pool.person_ids.tolist(), pool.cluster_ids.tolist(), strict=True)):
        if key[0] == NOBODY:
            continue
        home[row] = first.setdefault(key, row)
        if home[row] != row:
            linkage.absorb(home[[row]], np.array([row]))
            constraints.absorb(int(home[row]), row)
    return home


def _decisions(
    pool: FaceTable,
    new: int,
    merged: Merged,
    doubtful: NDArray[np.bool_],
    once: F32,
    linkage: MeanLinkage,
    constraints: Constraints,
    policy: GroupingPolicy,
) -> list[Decision]:
    roots = merged.roots
    people = {int(r): constraints.person(int(r)) for r in np.unique(roots)}
    undecided = (pool.person_ids == NOBODY) & ~doubtful
    groups: dict[int, int] = {}
    for root in roots[:new][undecided[:new]].tolist():
        if people[root] == NOBODY and once[undecided & (roots == root)].sum() > policy.min_faces - 0.5:
            groups.setdefault(root, len(groups))
    out: list[Decision] = []
    for row, root in enumerate(roots.tolist()):
        older = row >= new
        if pool.person_ids[row] != NOBODY or (older and (root not in groups or doubtful[row])):
            continue
        face = int(pool.face_ids[row])
        if doubtful[row] or (people[root] == NOBODY and root not in groups):
            out.append(
                Decision(face, "defer", proposal=_question(row, pool, merged, people, linkage, constraints, policy))
            )
        elif people[root] != NOBODY:
            out.append(
                Decision(
                    face,
                    "join",
                    people[root],
                    _cluster_of(pool, roots == root),
                    evidence=_own(row, pool, roots, linkage),
                )
            )
        else:
            out.append(Decision(face, "new_person", group=groups[root], evidence=_own(row, pool, roots, linkage)))
    return out


def _own(row: int, pool: FaceTable, roots: I64, linkage: MeanLinkage) -> float:
    at = np.array([row])
    return float(linkage.face_evidence(at, pool.vectors, roots[at], inside=True)[0])


def _cluster_of(pool: FaceTable, member: NDArray[np.bool_]) -> int:
    """The known cluster most of the members are in."""
    clusters = pool.cluster_ids[member & (pool.cluster_ids != NOBODY)].tolist()
    return Counter(sorted(clusters)).most_common(1)[0][0] if clusters else NOBODY


def _question(
    row: int,
    pool: FaceTable,
    merged: Merged,
    people: dict[int, int],
    linkage: MeanLinkage,
    constraints: Constraints,
    policy: GroupingPolicy,
) -> Proposal | None:
    """The likeliest person for a face that has to wait, and the runner-up, if worth asking."""
    root = int(merged.roots[row])
    named = [r for r, person in people.items() if person != NOBODY and (r == root or constraints.conceivable(root, r))]
    best: dict[int, float] = {}
    at = np.array([row])
    for r in named:
        ratio = linkage.face_evidence(at, pool.vectors, np.array([r]), inside=r == root)
        best[people[r]] = max(float(ratio[0]), best.get(people[r], -np.inf))
    ranked = sorted(((e, p) for p, e in best.items()), reverse=True)
    ranked += [(float("-inf"), NOBODY)] * 2
    (evidence, person), (other_evidence, other) = ranked[:2]
    if evidence < policy.propose_evidence:
        return None
    return Proposal("join", (int(pool.face_ids[row]),), person, evidence, other, other_evidence)
