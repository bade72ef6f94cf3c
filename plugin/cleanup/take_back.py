"""All copies of one clean-up taken back at once."""

from gallery_db.gallery import Tx
from gallery_db.records import CleanupRecord, DecisionRecord

from ..errors import UsageError
from ..library.moved_copies import MovedCopies
from ..people.people import People
from ..restoring.decisions import remove_outputs
from .outcomes import outcomes


def left_undecided(tx: Tx, run: CleanupRecord) -> list[int]:
    """Ids of the restorations of a clean-up whose copies are there and that nobody decided to keep."""
    made = [o.restoration_id for o in outcomes(tx, run) if o.state == "done" and o.restoration_id is not None]
    rows = [tx.restorations.get(i) for i in made]
    together = {r.id: r for row in rows for r in tx.restorations.with_output(row.id)}
    kept = {r.output for r in together.values() if r.decided == "accepted"}
    return sorted(r.id for r in together.values() if r.output not in kept)


def take_back(copies: MovedCopies, people: People, run: CleanupRecord) -> DecisionRecord:
    """Remove what `left_undecided` names, as one decision, which can be undone as one. Raises UsageError when there is
    nothing."""

    def verb(tx: Tx) -> DecisionRecord:
        ids = left_undecided(tx, run)
        if not ids:
            raise UsageError("nothing is left to take back: you kept what is there, or it is gone already")
        return tx.decisions.reject_restorations(ids)

    record = people.decide(verb)
    remove_outputs(copies, record, "rejected")
    return record
