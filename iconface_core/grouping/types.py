"""What grouping takes and gives: columns in, decisions and proposals out. numpy only, no ids are ever invented here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, I64

from .background import Background

NOBODY = -1  # in id columns: no person, no cluster, unknown capture day

Search = Callable[[F32, int], tuple[I64, F32]]
"""`search(queries (n, d), k) -> (face_ids (n, k), similarities (n, k))`, best first, padded with face id -1.

The searched faces may include the queries themselves; grouping drops those by id.
"""

SamePicture = Callable[[I64, I64], NDArray[np.bool_]]
"""`same_picture(photo_ids (n,), photo_ids (n,)) -> (n,)`: whether two photos are copies of one picture."""


def unlike(a: I64, b: I64) -> NDArray[np.bool_]:
    """No photo is known to be a copy of another."""
    return np.zeros(len(a), bool)


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """Faces of one embedder as columns of length N.

    `vectors` (N, d) unit length; `qualities` 0..1 (`Calibration.quality` of the norms); `captured_day` is
    `date.toordinal()` or -1; `person_ids` is the person the face shows today (by confirmation or through its
    cluster) or -1; `confirmed` faces never move; `cluster_ids` is the machine's cluster or -1.
    """

    face_ids: I64
    photo_ids: I64
    vectors: F32
    qualities: F32
    captured_day: I64
    person_ids: I64
    confirmed: NDArray[np.bool_]
    cluster_ids: I64

    def __post_init__(self) -> None:
        n = len(self.face_ids)
        columns = ("photo_ids", "vectors", "qualities", "captured_day", "person_ids", "confirmed", "cluster_ids")
        for name in columns:
            if len(getattr(self, name)) != n:
                raise ValueError(f"Faces.{name} has {len(getattr(self, name))} rows, face_ids has {n}")
        if self.vectors.ndim != 2:
            raise ValueError(f"Faces.vectors must be (N, d), not {self.vectors.shape}")
        if bool(np.any(self.confirmed & (self.person_ids < 0))):
            raise ValueError("a confirmed face needs a person: set person_ids where confirmed is true")

    def __len__(self) -> int:
        return len(self.face_ids)

    def take(self, rows: I64 | NDArray[np.bool_]) -> "FaceTable":
        """The same columns for some rows (indices or mask)."""
        return FaceTable(
            self.face_ids[rows],
            self.photo_ids[rows],
            self.vectors[rows],
            self.qualities[rows],
            self.captured_day[rows],
            self.person_ids[rows],
            self.confirmed[rows],
            self.cluster_ids[rows],
        )


@dataclass(frozen=True, slots=True)
class GroupingFacts:
    """What people said; grouping obeys it and never weighs it.

    `rejections`: (face_id, person_id), for ever. `birth_days`: person_id -> `date.toordinal()`; photos captured before
    are excluded. `protected`: people a human named or touched; nobody absorbs them (a person with a rejection or a
    confirmed face counts as touched anyway). `different_people`: (person_id, person_id) pairs declared not the same
    (any order), so their merge is not proposed again.
    """

    rejections: frozenset[tuple[int, int]] = frozenset()
    birth_days: Mapping[int, int] = field(default_factory=dict)
    protected: frozenset[int] = frozenset()
    different_people: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupingPolicy:
    """How much evidence is enough. Evidence is a natural-log likelihood ratio plus the prior log-odds, which fall as
    the library has more people, so the numbers hold for any embedder and any size.

    `min_faces`: a person needs that many faces; fewer stay undecided.
    `join_evidence`: enough to put faces together without asking; measured, see the ADR.
    `propose_evidence`: from here to `join_evidence`, ask.
    `margin`: a face that two different people claim with less than this between them is only proposed.
    `neighbours`: searched per face. `max_proposals`: the strongest are kept.
    """

    min_faces: int = 2
    join_evidence: float = 1.8
    propose_evidence: float = -0.6
    margin: float = 1.0
    neighbours: int = 32
    max_proposals: int = 500

    def __post_init__(self) -> None:
        if self.min_faces < 1 or self.neighbours < 1 or self.propose_evidence > self.join_evidence:
            raise ValueError(f"need min_faces >= 1, neighbours >= 1, propose_evidence <= join_evidence: {self}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question for the human, strongest evidence first.

    kind `join`: may `face_ids` (undecided) be `person_id`? `other_person_id` is the runner-up or -1. kind `merge`: may
    `person_id` and `other_person_id` be one person; `face_ids` are the latter's. Evidence is a log-likelihood ratio
    with the prior in it; `other_evidence` is the runner-up's (-inf: none). In a `Grouping`, `cluster` and
    `other_cluster` index its clusters, because a person founded there has no id yet (-1).
    """

    kind: Literal["join", "merge"]
    face_ids: tuple[int, ...]
    person_id: int
    evidence: float
    other_person_id: int = NOBODY
    other_evidence: float = float("-inf")
    cluster: int = NOBODY
    other_cluster: int = NOBODY


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one face now. `join`: it is `person_id` (in its cluster `cluster_id`). `new_person`: all faces of
    this call with the same `group` found one new person.
    `defer`: wait; `proposal` says whom to ask about, if anybody."""

    face_id: int
    kind: Literal["join", "new_person", "defer"]
    person_id: int = NOBODY
    cluster_id: int = NOBODY
    group: int = NOBODY
    evidence: float = float("-inf")
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster of a full pass. `cluster_id` or `person_id` -1 means: new, allocate one. `person_id` is set when the
    cluster holds a human-made person's faces or continues a machine-made one. Several clusters may share a person
    (the child and the adult); `face_ids` ascend."""

    face_ids: tuple[int, ...]
    cluster_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class GroupingChange:
    """One line of the preview. `new`: had no person, gets one; `moved`: changes person; `left`: loses its person.
    `cluster` indexes `Grouping.clusters` (-1 for `left`)."""

    face_id: int
    kind: Literal["new", "moved", "left"]
    from_person_id: int
    to_person_id: int
    cluster: int


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The result of a full pass. `labels` (N,) indexes `clusters` for each input face, in input order; -1 is undecided.
    Nothing is applied: `changes` is the preview, `proposals` the questions. `background` is what `assign` should know
    about the library until the next full pass."""

    labels: I64
    clusters: tuple[Cluster, ...]
    changes: tuple[GroupingChange, ...]
    proposals: tuple[Proposal, ...]
    background: Background
