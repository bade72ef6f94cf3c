"""Nobody's change is lost: a form carries the stamp of what it showed, and is refused when that is no longer so.

    with the form:    <input type="hidden" name="stamp" value="{{ stamp }}">
    with the change:  web.app.people.deciding(given=person_unchanged(stamp, person_id)).name(person_id, name)

A precondition (dry_run.py) runs inside the writing transaction: writers are serialised, so nothing can come in between.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from gallery_db.gallery import Tx
from gallery_db.records import PhotoRecord

from ..dry_run import Precondition
from ..languages import _


class Conflict(Exception):  # noqa: N818 - nobody's fault: two people were busy with the same thing
    """What the user saw is no longer so. Pages answer 409, say so, and show how it is now."""


def person_stamp(tx: Tx, person_id: int) -> str:
    """Stands for what the user decided about a person: name, birth date, cover, hidden, ignored. Not for their faces,
    which a scan may add at any time (`faces_stamp`). Raises UnknownIdError, which says into whom they were merged."""
    p = tx.people.get(person_id)
    return person_stamp_of(p.id, p.name, p.hidden, p.ignored, p.birth_date, p.cover_face_id)


def person_stamp_of(
    person_id: int, name: str | None, hidden: bool, ignored: bool, birth_date: str | None, chosen_cover: int | None
) -> str:
    """The same from facts that were read already: pages with many people ask for them at once."""
    return _digest([person_id, name, hidden, ignored, birth_date, chosen_cover])


def faces_stamp(tx: Tx, face_ids: Iterable[int]) -> str:
    """Stands for whose these faces are, and whether a human said so. Order and repetitions do not matter.
    Raises UnknownIdError for an unknown face."""
    rows = (tx.faces.get(i) for i in sorted(set(face_ids)))
    return _digest([[f.id, f.person_id, f.confirmed, f.state] for f in rows])


def check(seen: str, now: str, what: str) -> None:
    """Raises Conflict when `what` ("this person", "these faces") changed since the page showed it."""
    if seen != now:
        raise Conflict(_("Somebody changed {what} in another window; here is how it is now.", what=what))


def person_unchanged(stamp: str, person_id: int, what: str = "") -> Precondition:
    """What was decided about a person is what the page showed."""
    return lambda tx: check(stamp, person_stamp(tx, person_id), what or _("this person"))


def face_still_of(face_id: int, person_id: int) -> Precondition:
    """The face is that person's."""

    def given(tx: Tx) -> None:
        if tx.faces.get(face_id).person_id != person_id:
            raise Conflict(_("This face was moved in another window; here is how it is now."))

    return given


def date_stamp(photo: PhotoRecord) -> str:
    """Stands for when a photo was taken, and who says so."""
    return _digest([photo.id, photo.captured_at, photo.dated])


def date_unchanged(stamp: str, photo_id: int) -> Precondition:
    """What is said of a photo's date is what the page showed."""
    return lambda tx: check(stamp, date_stamp(tx.photos.get(photo_id)), _("this date"))


def face_undecided(face_id: int, owner: int | None) -> Precondition:
    """Nobody said whose this face is, and it is with whom it was shown; None: with nobody."""

    def given(tx: Tx) -> None:
        face = tx.faces.get(face_id)
        if face.confirmed or face.person_id != owner or face.state not in ("ok", "doubtful"):
            raise Conflict(_("This face was decided about in another window; here is how it is now."))

    return given


def all_of(*conditions: Precondition) -> Precondition:
    """Each of them, in this order."""

    def given(tx: Tx) -> None:
        for condition in conditions:
            condition(tx)

    return given


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
