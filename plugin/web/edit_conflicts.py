"""Nobody's change is lost: a form carries the stamp of what it showed, and is refused when that is no longer so.

    with the form:    <input type="hidden" name="stamp" value="{{ stamp }}">
    in the decision:  def verb(tx: Tx) -> DecisionRecord:
                          check(stamp, person_stamp(tx, person_id), "this person")
                          return tx.decisions.name(person_id, name)
                      web.app.people.decide(verb)

The check must run inside the writing transaction: writers are serialised, so nothing can come in between.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from gallery_db.gallery import Tx


class Conflict(Exception):  # noqa: N818 - it is no fault of anybody: two people were busy with the same thing
    """What the user saw is no longer so. Pages answer 409, say so, and show how it is now."""


def person_stamp(tx: Tx, person_id: int) -> str:
    """Stands for what the user decided about a person: name, birth date, cover, hidden, ignored. Not for their faces,
    which a scan may add at any time (`faces_stamp`). Raises NotFoundError, which says into whom they were merged."""
    p = tx.people.get(person_id)
    return person_stamp_of(p.id, p.name, p.hidden, p.ignored, p.birth_date, p.cover_face_id)


def person_stamp_of(
    person_id: int, name: str | None, hidden: bool, ignored: bool, birth_date: str | None, chosen_cover: int | None
) -> str:
    """The same from facts that were read already: pages with many people ask for them at once."""
    return _digest([person_id, name, hidden, ignored, birth_date, chosen_cover])


def faces_stamp(tx: Tx, face_ids: Iterable[int]) -> str:
    """Stands for whose these faces are, and whether a human said so. Order and repetitions do not matter.
    Raises NotFoundError for an unknown face."""
    rows = (tx.faces.get(i) for i in sorted(set(face_ids)))
    return _digest([[f.id, f.person_id, f.confirmed, f.state] for f in rows])


def check(seen: str, now: str, what: str) -> None:
    """Raises Conflict when `what` ("this person", "these faces") changed since the page showed it."""
    if seen != now:
        raise Conflict(f"Somebody changed {what} in another window; here is how it is now.")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
