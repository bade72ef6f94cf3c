"""Who a face is, and what would be used to restore it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gallery_db.records import ReferenceRow
from iconface_core.ages import ApparentAge
from iconface_core.identity.identification import Identification
from iconface_core.identity.references import ChosenReference, ReferenceChoice
from iconface_core.reasons import Reason

from ..library.photo_faces import PhotoFace
from ..reasons import IDENTIFIED, NOBODY_KNOWN, YOU_CHOSE_IT


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedFace:
    """Who a face is and what would be used to restore it. `how` is one of confirmed, grouped, identified, given,
    unsure, unknown. `choice` is None when nobody is known. `rows` are the person's usable faces by id, and `copies`
    those of them that are this face, in this photo or in a copy of it. `age`: how old the face is where that is known,
    else how old it looks; None where nobody can tell."""

    subject: PhotoFace
    how: str
    reason: Reason
    person_id: int | None
    person_name: str | None
    identification: Identification | None
    choice: ReferenceChoice | None
    rows: Mapping[int, ReferenceRow]
    copies: frozenset[int] = frozenset()
    age: ApparentAge | None = None

    @property
    def who(self) -> Reason:
        """Who it is, and how that is known."""
        if self.person_id is None:
            return NOBODY_KNOWN(why=self.reason)
        return IDENTIFIED(person=self.person_id, name=self.person_name, how=self.how, why=self.reason)


def chosen_by_hand(answer: IdentifiedFace, face_ids: Iterable[int]) -> list[ChosenReference]:
    """Those of these faces that are the answer's person, as references; with what the rules say of those they chose."""
    ruled = {c.face_id: c for c in (answer.choice.chosen if answer.choice else ())}
    rows = [answer.rows[i] for i in face_ids if i in answer.rows]
    plain = (ChosenReference(r.face_id, r.photo_id, 1.0, (), None, 0.0, None) for r in rows)
    known = (ruled.get(c.face_id, c) for c in plain)
    return [replace(c, reasons=(YOU_CHOSE_IT(), *c.reasons)) for c in known]
