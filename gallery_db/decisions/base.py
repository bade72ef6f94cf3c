"""What the decisions about faces, people and restorations have in common."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from gallery_db.database.rows import batches, require, unique
from gallery_db.database.schema import face, person
from gallery_db.errors import GalleryError, UnknownIdError, UnusableNameError
from gallery_db.records import DecisionRecord
from gallery_db.records.said import PERSON
from iconface_core.reasons import Reason

from . import undo
from .recorder import Recorder


class Decisions:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def _note(self, kind: str, summary: Reason, r: Recorder) -> DecisionRecord:
        return undo.note(self._c, kind, summary, r.changes)

    def _faces(self, face_ids: Sequence[int]) -> dict[int, Any]:
        ids = unique(face_ids)
        if not ids:
            raise GalleryError("no face was given")
        require(self._c, face, ids)
        rows = {row.id: row for part in batches(ids) for row in self._rows(face, face.c.id.in_(part))}
        forgotten = [i for i, row in rows.items() if row.state == "forgotten"]
        if forgotten:
            raise UnknownIdError(f"face {forgotten[0]} was forgotten")
        return rows

    def _take(self, r: Recorder, rows: dict[int, Any], person_id: int) -> None:
        """Confirm faces as a person's. A face from elsewhere leaves its cluster, which is not the person's."""
        moved = [i for i, row in rows.items() if row.person_id != person_id]
        r.update(face, moved, cluster_id=None)
        r.update(face, list(rows), person_id=person_id, confirmed=True, state="ok")

    def _leave_out(self, r: Recorder, rows: dict[int, Any]) -> None:
        """Faces that nobody shall see again: ignored, and of no person."""
        r.update(face, list(rows), state="ignored", person_id=None, cluster_id=None, confirmed=False)

    def _ids(self, table: Any, where: Any) -> list[int]:
        return list(self._c.scalars(select(table.c.id).where(where)))

    def _rows(self, table: Any, where: Any) -> list[Any]:
        return list(self._c.execute(select(table).where(where).order_by(table.c.id)))

    def _title(self, person_id: int) -> Reason:
        """As they are called now."""
        return PERSON(id=person_id, name=self._c.scalar(select(person.c.name).where(person.c.id == person_id)))


def new_person(r: Recorder, name: str | None) -> int:
    return r.insert(person, name=clean(name), hidden=False, ignored=False, created_by="user")


LONGEST_NAME = 200
"""Characters; a longer one fills every list it stands in."""


def clean(name: str | None) -> str | None:
    """The name as it is stored: composed (NFC), for keyboards and file systems differ in how they write an accent; None
    for a blank one, which removes it. Raises UnusableNameError."""
    name = unicodedata.normalize("NFC", name or "").strip()
    if name.isdecimal():
        raise UnusableNameError(f"a person cannot be called {name}: that means the person with this id; add a letter")
    if len(name) > LONGEST_NAME:
        raise UnusableNameError(f"this name has {len(name)} characters; {LONGEST_NAME} are the most")
    if found := next((c for c in name if _unseen(c)), None):
        sign = unicodedata.name(found, f"U+{ord(found):04X}").lower()
        raise UnusableNameError(f"a name cannot hold control characters ({sign}): leave them out")
    return name or None


def _unseen(letter: str) -> bool:
    """Breaks a line, rings a bell, turns the writing around, or is not there. Joiners are a part of some scripts and
    of families among the emoji."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter not in "\u200c\u200d"
