"""What may never be together: the facts of a library, kept up to date while clusters merge."""

from collections import defaultdict

import numpy as np

from iconface_core.types import I64

from .types import NOBODY, FaceTable, GroupingFacts

_NEVER = np.iinfo(np.int64).max


def fixed_people(faces: FaceTable, facts: GroupingFacts) -> I64:
    """The person each face stands for whatever the evidence says, or -1, shape (N,).

    These are the confirmed faces, and all faces of a person a human touched that no fact excludes: a rejection, a birth
    date, or somebody in the same photo who was confirmed as that person. What somebody has named or looked at does not
    change because a face or two say otherwise: that is asked (`proposals.contradictions`).
    """
    touched = facts.protected | {person for _, person in facts.rejections} | set(facts.birth_days)
    touched |= set(faces.person_ids[faces.confirmed].tolist())
    shown = set(zip(faces.photo_ids[faces.confirmed].tolist(), faces.person_ids[faces.confirmed].tolist(), strict=True))
    fixed = faces.confirmed.copy()
    for row in np.flatnonzero(np.isin(faces.person_ids, np.array(sorted(touched), np.int64)) & ~fixed).tolist():
        face, person, day = int(faces.face_ids[row]), int(faces.person_ids[row]), int(faces.captured_day[row])
        too_early = 0 <= day < facts.birth_days.get(person, -1)
        twice = (int(faces.photo_ids[row]), person) in shown
        fixed[row] = (face, person) not in facts.rejections and not too_early and not twice
    return np.where(fixed, faces.person_ids, NOBODY)


class Constraints:
    """Nodes are the rows of `faces`. An owner is a cluster (its root, >= 0) or a fixed person (-2 - person id), so one
    photo never puts two faces into two clusters of the same person either."""

    def __init__(self, faces: FaceTable, facts: GroupingFacts, fixed: I64) -> None:
        self._person = fixed.copy()
        self._birth = dict(facts.birth_days)
        self._first_day = np.where(faces.captured_day >= 0, faces.captured_day, _NEVER)
        self._refused: defaultdict[int, set[int]] = defaultdict(set)
        row_of = {face: row for row, face in enumerate(faces.face_ids.tolist())} if facts.rejections else {}
        for face, person in facts.rejections:
            if face in row_of:
                self._refused[row_of[face]].add(person)
        self._photos: defaultdict[int, set[int]] = defaultdict(set)
        _, inverse, counts = np.unique(faces.photo_ids, return_inverse=True, return_counts=True)
        for row in np.flatnonzero(counts[inverse] > 1).tolist():  # a photo with one face forbids nothing
            self._photos[self.owner(row)].add(int(faces.photo_ids[row]))

    def owner(self, node: int) -> int:
        person = int(self._person[node])
        return node if person == NOBODY else -2 - person

    def person(self, node: int) -> int:
        """The fixed person of the cluster, or -1."""
        return int(self._person[node])

    def excludes(self, node: int, person: int) -> bool:
        """Whether a rejection or a birth date keeps the cluster from the person."""
        if person in self._refused.get(node, ()):
            return True
        return bool(self._first_day[node] < self._birth.get(person, -1))

    def allowed(self, a: int, b: int) -> bool:
        """Whether two clusters may become one."""
        person_a, person_b = self.person(a), self.person(b)
        if person_a != NOBODY and person_b != NOBODY:
            return person_a == person_b
        return self.conceivable(a, b)

    def conceivable(self, a: int, b: int) -> bool:
        """Whether no fact says that two clusters are different people; those named apart may still be asked about."""
        person_a, person_b = self.person(a), self.person(b)
        if person_b != NOBODY and self.excludes(a, person_b):
            return False
        if person_a != NOBODY and self.excludes(b, person_a):
            return False
        photos_a, photos_b = self._photos.get(self.owner(a)), self._photos.get(self.owner(b))
        return not photos_a or not photos_b or photos_a.isdisjoint(photos_b)

    def may_be(self, node: int, person: int) -> bool:
        """Whether a cluster without a person may become one more cluster of `person`."""
        photos, theirs = self._photos.get(node), self._photos.get(-2 - person)
        return not self.excludes(node, person) and (not photos or not theirs or photos.isdisjoint(theirs))

    def name(self, node: int, person: int) -> None:
        """Make the cluster `node`, which has no person, one of `person`'s."""
        photos = self._photos.pop(node, set())
        self._person[node] = person
        self._photos[self.owner(node)] |= photos

    def absorb(self, a: int, b: int) -> None:
        """Cluster `b` becomes part of `a`."""
        owner_a, owner_b = self.owner(a), self.owner(b)
        if self._person[a] == NOBODY:
            self._person[a] = self._person[b]
        owner = self.owner(a)
        if owner_a != owner_b:
            photos = [self._photos.pop(o) for o in (owner_a, owner_b) if o in self._photos]
            if photos:
                photos.sort(key=len)
                photos[-1].update(*photos[:-1])
                self._photos[owner] = photos[-1]
        if refused := self._refused.pop(b, None):
            self._refused[a] |= refused
        self._first_day[a] = min(self._first_day[a], self._first_day[b])
