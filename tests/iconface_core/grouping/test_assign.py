"""The quick pass: a few new faces against what is known."""

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.grouping import (
    Background,
    Decision,
    FaceTable,
    GroupingFacts,
    GroupingPolicy,
    Known,
    assign,
    exact_search,
)
from iconface_core.grouping.types import SamePicture, unlike
from iconface_core.types import EmbedderId

CALIBRATION = Calibration(EmbedderId("test"), 8.0, 13.0, bias=-6.8, slope=32.3, quality_bias=-5.9)
POLICY = GroupingPolicy()
DIM = 64


class Library:
    """Faces of people 0..; everything `assign` asks for."""

    def __init__(self, people: list[int], known: dict[int, int], photos: list[int] | None = None, spread: float = 0.5):
        rng = np.random.default_rng(0)
        identity = rng.standard_normal((max(people) + 1, DIM))
        identity /= np.linalg.norm(identity, axis=1, keepdims=True)
        noise = rng.standard_normal((len(people), DIM))
        vectors = identity[people] + spread * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        n = len(people)
        shown = np.array([known.get(i, -1) for i in range(n)])
        self.faces = FaceTable(
            np.arange(n),
            np.array(photos or range(n)),
            (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
            np.ones(n, np.float32),
            np.full(n, -1),
            shown,
            np.zeros(n, bool),
            np.where(shown >= 0, shown + 1000, -1),
        )

    def assign(
        self,
        new: list[int],
        facts: GroupingFacts | None = None,
        policy: GroupingPolicy = POLICY,
        same_picture: SamePicture = unlike,
    ) -> list[Decision]:
        indexed = exact_search(self.faces.face_ids, self.faces.vectors)
        return assign(
            self.faces.take(np.array(new, np.int64)),
            facts or GroupingFacts(),
            CALIBRATION,
            policy,
            known=Known(indexed, lambda ids: self.faces.take(ids[::-1]), Background.unknown(DIM, 100.0)),
            same_picture=same_picture,
        )


def test_joins_the_person_it_looks_like() -> None:
    library = Library([0] * 5 + [1] * 5 + [0], {i: 7 + i // 5 for i in range(10)})
    (decision,) = library.assign([10])
    assert (decision.kind, decision.person_id, decision.cluster_id) == ("join", 7, 1007)
    assert decision.evidence > 0


def test_founds_a_person_with_an_older_undecided_face() -> None:
    library = Library([0, 0, 1, 1, 2], {0: 7, 1: 7})
    decisions = library.assign([3])
    assert [(d.face_id, d.kind, d.group) for d in decisions] == [(3, "new_person", 0), (2, "new_person", 0)]


def test_copies_of_one_picture_found_nobody() -> None:
    library = Library([0, 0, 0, 1, 1, 2], {3: 7, 4: 7})
    decisions = library.assign([0, 1, 2], same_picture=lambda a, b: (a < 3) & (b < 3))
    assert [d.kind for d in decisions] == ["defer"] * 3
    decisions = library.assign([0, 1, 2], same_picture=lambda a, b: (a < 2) & (b < 2))
    assert [d.kind for d in decisions] == ["new_person"] * 3


def test_a_stranger_waits_without_a_question() -> None:
    (decision,) = Library([0, 0, 1], {0: 7, 1: 7}).assign([2])
    assert (decision.kind, decision.proposal) == ("defer", None)


def test_two_faces_of_one_photo_never_join_one_person() -> None:
    people, photos = [0, 0, 0, 0, 0], [0, 1, 2, 3, 3]
    new = Library(people, {0: 7, 1: 7, 2: 7}, photos).assign([3, 4])
    assert [d.kind for d in new].count("join") <= 1
    context = Library(people, {0: 7, 1: 7, 2: 7, 3: 7}, photos).assign([3, 4])
    assert [d.face_id for d in context] == [4]
    assert context[0].kind != "join"


def test_rejection_and_birth_date_exclude() -> None:
    library = Library([0] * 4, {0: 7, 1: 7, 2: 7})
    (decision,) = library.assign([3], GroupingFacts(rejections=frozenset({(3, 7)})))
    assert (decision.kind, decision.proposal) == ("defer", None)
    early = library.faces.captured_day
    early[3] = 700_000
    (decision,) = library.assign([3], GroupingFacts(birth_days={7: 700_001}))
    assert (decision.kind, decision.proposal) == ("defer", None)
    (decision,) = library.assign([3], GroupingFacts(birth_days={7: 700_000}))
    assert decision.kind == "join"


def test_between_two_people_is_a_question_with_both_names() -> None:
    library = Library([0] * 5 + [0] * 5 + [0], {i: 7 + i // 5 for i in range(10)})
    (decision,) = library.assign([10], policy=GroupingPolicy(margin=3.0))
    assert decision.kind == "defer"
    assert decision.proposal is not None
    assert {decision.proposal.person_id, decision.proposal.other_person_id} == {7, 8}
    assert decision.proposal.evidence >= decision.proposal.other_evidence


def test_doubtful_evidence_is_a_question() -> None:
    library = Library([0] * 4, {0: 7, 1: 7, 2: 7})
    strict = GroupingPolicy(join_evidence=30.0, propose_evidence=-6.0)
    (decision,) = library.assign([3], policy=strict)
    assert decision.kind == "defer"
    assert decision.proposal is not None
    assert (decision.proposal.person_id, decision.proposal.face_ids) == (7, (3,))


def test_the_order_of_a_batch_does_not_matter() -> None:
    library = Library([0] * 4 + [1] * 4 + [2] * 3, {0: 7, 1: 7})
    forward, backward = library.assign(list(range(2, 11))), library.assign(list(range(10, 1, -1)))

    def outcome(decisions: list[Decision]) -> tuple[dict[int, tuple[str, int]], set[frozenset[int]]]:
        groups: dict[int, set[int]] = {}
        for d in decisions:
            if d.kind == "new_person":
                groups.setdefault(d.group, set()).add(d.face_id)
        return {d.face_id: (d.kind, d.person_id) for d in decisions}, {frozenset(g) for g in groups.values()}

    assert outcome(forward) == outcome(backward)
    assert len(outcome(forward)[1]) == 2


def test_nothing_new() -> None:
    library = Library([0, 0], {0: 7, 1: 7})
    assert library.assign([]) == []
    assert library.assign([1]) == []
