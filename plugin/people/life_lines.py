"""How old people look: what that says of a question about them, and of one of them over the years. Read when it is
shown, and never stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from gallery_db.gallery import Tx
from gallery_db.records import QuestionRecord
from iconface_core.ages import FIRST_BORN, ApparentAge, birth_years
from iconface_core.grouping.childhood import SMALL_CHILD
from iconface_core.grouping.lifeline import LEAST_YEARS
from iconface_core.protocols import AgeReader
from iconface_core.reasons import Reason
from iconface_core.types import EmbedderId

from ..reasons import SMALL_CHILDREN, YEARS_BETWEEN

MOST = 200
"""Of a person with more faces only so many, the clearest, are looked at."""


@dataclass(frozen=True, slots=True)
class Lives:
    """Tells how old people look, from the vectors of one embedder."""

    embedder: EmbedderId
    ages: AgeReader

    def doubts(self, tx: Tx, questions: Sequence[QuestionRecord]) -> list[Reason | None]:
        """For each question whether two people are one, or whose faces these are, why they may be relatives: years seem
        to lie between two people, or all are small children. None where nothing is to be said."""
        looks = cache(lambda person_id: self._looks(tx, person_id))  # one person may be asked about many times
        out: list[Reason | None] = []
        for q in questions:
            doubt = None
            if q.kind == "merge" and q.person_id is not None and q.other_person_id is not None:
                first, second = looks(q.person_id), looks(q.other_person_id)
                doubt = _years_between(first, second) or _small_children(first, second)
            elif q.kind == "join" and q.person_id is not None:
                faces = list(self.looks(tx, q.face_ids[:MOST]).values())
                doubt = _small_children(_mean(faces), looks(q.person_id)) if faces else None
            out.append(doubt)
        return out

    def looks(self, tx: Tx, face_ids: Iterable[int]) -> dict[int, ApparentAge]:
        """How old each of these faces looks; those without a vector are left out."""
        found = tx.faces.matrix(self.embedder, np.array(sorted(face_ids), np.int64))
        return dict(zip(found.face_ids.tolist(), self.ages.ages(found.vectors), strict=True)) if len(found) else {}

    def _looks(self, tx: Tx, person_id: int) -> ApparentAge | None:
        rows = sorted(tx.faces.reference_candidates(person_id, self.embedder), key=lambda r: -r.norm)[:MOST]
        if not rows:
            return None
        return _mean(self.ages.ages(np.stack([r.vector for r in rows])))


def ages_in(looks: Mapping[int, ApparentAge]) -> dict[int, int]:
    """How old one person seems to be in each of these years (as dates have them), at least 0, from how old they look
    there. By one birth year for all: nobody grows younger, and the looks of one year correct those of another."""
    if not looks:
        return {}
    born = birth_years(np.array(list(looks), np.int64), np.stack([a.probabilities for a in looks.values()]))
    year = FIRST_BORN + int(np.searchsorted(np.cumsum(born), 0.5))
    return {at: max(0, at - year) for at in looks}


def _mean(ages: Sequence[ApparentAge]) -> ApparentAge:
    return ApparentAge(np.mean([a.probabilities for a in ages], axis=0, dtype=np.float32))


def _small_children(first: ApparentAge | None, second: ApparentAge | None) -> Reason | None:
    young = first is not None and second is not None and max(first.years, second.years) <= SMALL_CHILD
    return SMALL_CHILDREN() if young else None


def _years_between(first: ApparentAge | None, second: ApparentAge | None) -> Reason | None:
    if first is None or second is None:
        return None
    years = abs(first.years - second.years)
    if years < LEAST_YEARS:
        return None
    return YEARS_BETWEEN(years=years, low=first.low, high=first.high, other_low=second.low, other_high=second.high)
