"""Which cluster continues which: ids that survive a full pass, and the preview of what it would change."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from iconface_core.types import I64

from .constraints import Constraints
from .types import NOBODY, Cluster, FaceTable, GroupingChange, GroupingFacts


def continue_ids(
    groups: Sequence[I64], roots: Sequence[int], faces: FaceTable, facts: GroupingFacts, constraints: Constraints
) -> list[Cluster]:
    """Name the groups (rows of `faces`, one root each) after the clusters and people their faces come from.

    An old cluster id goes to the group that holds most of it. A fixed person keeps the group; otherwise a machine-made
    person goes to the group that holds most of its faces, and a human-made one to every group that is mostly theirs.
    """
    previous = [faces.cluster_ids[rows] for rows in groups]
    cluster_ids = _by_overlap(previous)
    touched = facts.protected | {p for _, p in facts.rejections} | set(facts.birth_days)
    touched |= set(faces.person_ids[faces.confirmed].tolist())
    people = [constraints.person(root) for root in roots]
    for i, (rows, root) in enumerate(zip(groups, roots, strict=True)):
        if people[i] == NOBODY:
            person, count = Counter(faces.person_ids[rows].tolist()).most_common(1)[0]
            if person in touched and 2 * count > len(rows) and constraints.may_be(root, person):
                constraints.name(root, person)
                people[i] = person
    free = [i for i, person in enumerate(people) if person == NOBODY]
    taken = touched | {p for p in people if p != NOBODY}
    machine = [
        np.where(np.isin(faces.person_ids[groups[i]], list(taken)), NOBODY, faces.person_ids[groups[i]]) for i in free
    ]
    for i, person in zip(free, _by_overlap(machine), strict=True):
        people[i] = person
    return [
        Cluster(tuple(np.sort(faces.face_ids[rows]).tolist()), cluster, person)
        for rows, cluster, person in zip(groups, cluster_ids, people, strict=True)
    ]


def _by_overlap(previous: Sequence[I64]) -> list[int]:
    """For each group, given the old ids of its members: the old id it continues, or -1. Largest overlap first."""
    overlaps: list[tuple[int, int, int]] = []
    for i, ids in enumerate(previous):
        names, counts = np.unique(ids[ids >= 0], return_counts=True)
        overlaps += [(-count, name, i) for name, count in zip(names.tolist(), counts.tolist(), strict=True)]
    out = [NOBODY] * len(previous)
    used: set[Hashable] = set()
    for _, name, i in sorted(overlaps):
        if out[i] == NOBODY and name not in used:
            out[i] = name
            used.add(name)
    return out


def preview(faces: FaceTable, labels: I64, clusters: Sequence[Cluster]) -> tuple[GroupingChange, ...]:
    """What applying the clusters would do to faces, in the order of `faces`."""
    changes: list[GroupingChange] = []
    rows = zip(faces.face_ids.tolist(), faces.person_ids.tolist(), labels.tolist(), strict=True)
    for face, old, label in rows:
        new = clusters[label].person_id if label >= 0 else NOBODY
        if old == NOBODY and label >= 0:
            changes.append(GroupingChange(face, "new", old, new, label))
        elif old != NOBODY and label < 0:
            changes.append(GroupingChange(face, "left", old, NOBODY, NOBODY))
        elif old != new:
            changes.append(GroupingChange(face, "moved", old, new, label))
    return tuple(changes)
