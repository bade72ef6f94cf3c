"""Bring grouping and storage together: columns out, decisions in. The rules live in `iconface_core.grouping`."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceState, GroupingChanges
from gallery_db.vectors import Nearest, all_neighbours
from iconface_core.calibration import EmbedderFacts
from iconface_core.grouping import (
    Background,
    Decision,
    FaceTable,
    Grouping,
    GroupingFacts,
    GroupingPolicy,
    Known,
    assign,
    regroup,
)
from iconface_core.grouping.lifeline import life_lines
from iconface_core.grouping.proposals import strongest
from iconface_core.protocols import AgeReader
from iconface_core.types import I64

from .questions import asked

FULL_PASS_UP_TO = 50_000
"""Up to this many faces the full pass takes seconds, so every scan ends with the canonical result."""


class Grouper:
    """Groups the faces of one embedder."""

    def __init__(
        self,
        gallery: Gallery,
        embedder: EmbedderFacts,
        policy: GroupingPolicy | None = None,
        ages: AgeReader | None = None,
    ) -> None:
        """`ages` tells how old its faces look; None: small children are grouped like anybody, and nobody is asked about
        whether they are one at different ages."""
        self._gallery, self._embedder, self._ages = gallery, embedder, ages
        self._policy = policy or GroupingPolicy()
        self._nearest = Nearest(gallery.vectors_dir, embedder.id, embedder.dim)

    def full(self, *, dry_run: bool = False) -> tuple[GroupingChanges, Grouping]:
        """Group all undecided faces again and write it with the questions left, or only say what would change."""
        with self._gallery.begin(write=False) as tx:
            faces, facts, pictures = read_faces(tx, self._embedder), read_facts(tx), tx.photos.pictures()
        calibration, policy = self._embedder.calibration, self._policy
        search = all_neighbours(faces.face_ids, faces.vectors)
        grouping = regroup(
            faces, facts, calibration, policy, search=search, same_picture=pictures.same, ages=self._ages
        )
        del search  # a second copy of all vectors
        if self._ages is not None:
            also = life_lines(faces, grouping, facts, self._ages)
            grouping = replace(grouping, proposals=strongest((*grouping.proposals, *also), policy.max_proposals))
        with self._gallery.begin(write=not dry_run) as tx:
            changes = tx.faces.apply_grouping(faces.face_ids, grouping, dry_run=dry_run)
            if not dry_run:
                tx.meta.set(self._background_key, _to_text(grouping.background))
                tx.questions.keep(asked(tx, grouping.proposals, grouping.clusters))
            return changes, grouping

    def quick(self, face_ids: I64) -> tuple[GroupingChanges, list[Decision]]:
        """Place a few new faces against the index, with what the last full pass learned about the library. Questions
        about them are added to those there are.

        The other faces of their photos come along: nobody is twice in one photo.
        """
        decisions = self.decide(face_ids)
        return self.write(decisions), decisions

    def decide(self, face_ids: I64) -> list[Decision]:
        """What `quick` writes. Reads no more than is near the faces, however large the library is."""
        with self._gallery.begin(write=False) as tx:
            return assign(
                read_faces(tx, self._embedder, tx.faces.in_photos_of(face_ids)),
                GroupingFacts(frozenset(tx.faces.rejections()), tx.people.birth_days()),
                self._embedder.calibration,
                self._policy,
                known=Known(
                    self._nearest.among(tx),
                    lambda ids: read_faces(tx, self._embedder, ids),
                    _from_text(tx.meta.get(self._background_key)),
                ),
                same_picture=lambda a, b: tx.photos.pictures([*a.tolist(), *b.tolist()]).same(a, b),
                ages=self._ages,
            )

    def write(self, decisions: Sequence[Decision]) -> GroupingChanges:
        """Write what `decide` said, with the questions left."""
        with self._gallery.begin() as tx:
            changes = tx.faces.apply_decisions(decisions)
            questions = asked(tx, [d.proposal for d in decisions if d.proposal is not None])
            tx.questions.keep(questions, about=[d.face_id for d in decisions])
            return changes

    @property
    def _background_key(self) -> str:
        return f"background:{self._embedder.id}"


def read_faces(
    tx: Tx, embedder: EmbedderFacts, face_ids: I64 | None = None, *, states: Sequence[FaceState] = ("ok", "doubtful")
) -> FaceTable:
    """Faces (all, or the given ones) in these states that have a vector of `embedder`, in order of id."""
    columns = tx.faces.columns(face_ids)
    matrix = tx.faces.matrix(embedder.id, face_ids)
    _, rows, at = np.intersect1d(columns.face_id, matrix.face_ids, assume_unique=True, return_indices=True)
    usable = np.isin(columns.state[rows], states)
    rows, at = rows[usable], at[usable]
    return FaceTable(
        face_ids=columns.face_id[rows],
        photo_ids=columns.photo_id[rows],
        vectors=matrix.vectors[at],
        qualities=embedder.calibration.quality(matrix.norms[at]),
        captured_day=columns.captured_day[rows],
        person_ids=columns.person_id[rows],
        confirmed=columns.confirmed[rows],
        cluster_ids=columns.cluster_id[rows],
    )


def read_facts(tx: Tx) -> GroupingFacts:
    """Everything people said that grouping must obey."""
    people = tx.people.constraints()
    return GroupingFacts(
        rejections=frozenset(tx.faces.rejections()),
        birth_days={p.person_id: p.birth_day for p in people if p.birth_day >= 0},
        protected=frozenset(p.person_id for p in people if p.named or p.decided),
        different_people=frozenset(tx.people.different()),
    )


def _to_text(background: Background) -> str:
    return json.dumps({"people": background.people, "mean": background.mean.astype(float).round(6).tolist()})


def _from_text(text: str | None) -> Background | None:
    if text is None:
        return None
    stored = json.loads(text)
    return Background(np.array(stored["mean"], np.float32), stored["people"])
