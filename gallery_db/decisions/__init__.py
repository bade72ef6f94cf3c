"""Everything a human decides. Each verb writes one decision with its inverse, in the caller's transaction.

A decision is a fact: only `undo`, itself a decision, takes it back. Machine code has no business here. All verbs raise
UnknownIdError for unknown ids, and change nothing when they raise.
"""

from sqlalchemy import select

from gallery_db.database.schema import decision
from gallery_db.records import DecisionRecord

from . import undo
from .of_faces import FaceDecisions
from .of_imports import ImportDecisions
from .of_people import PersonDecisions
from .of_photos import PhotoDecisions
from .of_restorations import RestorationDecisions


class DecisionRepo(FaceDecisions, ImportDecisions, PersonDecisions, PhotoDecisions, RestorationDecisions):
    """The verbs, and what was decided."""

    def undo(self, decision_id: int | None = None, *, anybodys: bool = False) -> DecisionRecord:
        """Take back one decision of the caller's own (default: the latest in force), in a new one; undoing that one
        redoes it. With `anybodys` also what somebody else decided.

        Raises UnknownIdError (nothing to undo), OthersDecisionError, GalleryError (already undone) or ConflictError
        when a later decision in force changed the same thing: undo that first. What only the machine moved since stays
        moved (`.skipped`).
        """
        return undo.undo(self._c, decision_id, anybodys=anybodys)

    def get(self, decision_id: int) -> DecisionRecord:
        """Raises UnknownIdError."""
        return undo.record(undo.fetch(self._c, decision_id))

    def history(self, *, limit: int | None = None) -> list[DecisionRecord]:
        """Latest first."""
        rows = self._c.execute(select(decision).order_by(decision.c.id.desc()).limit(limit))
        return [undo.record(r) for r in rows]
