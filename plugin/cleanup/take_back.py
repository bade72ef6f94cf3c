"""All copies of one clean-up taken back at once."""

from collections.abc import Sequence

from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, RestorationRecord

from ..errors import UsageError
from ..library.moved_copies import MovedCopies
from ..people.people import People
from ..restoring.decisions import remove_outputs
from .outcomes import CleanupOutcome, mended_photos, outcomes


def left_undecided(
    tx: Tx, faces: Sequence[CleanupOutcome], photos: Sequence[RestorationRecord] = ()
) -> list[RestorationRecord]:
    """The restorations of a clean-up whose copies are there and that nobody decided to keep, in order of id: of its
    faces, and of the whole photos that it mended (`mended_photos`)."""
    made = [o.restoration_id for o in faces if o.state == "done" and o.restoration_id is not None]
    made += [r.id for r in photos]
    together = {r.id: r for i in made for r in tx.restorations.with_output(i)}
    kept = {r.output for r in together.values() if r.decided == "accepted"}
    return [r for _, r in sorted(together.items()) if r.output not in kept]


def take_back(copies: MovedCopies, people: People) -> DecisionRecord:
    """Remove what `left_undecided` names of the latest clean-up, as one decision, which can be undone as one. Raises
    UsageError when there is nothing, or was no clean-up yet."""

    def verb(tx: Tx) -> DecisionRecord:
        run = tx.cleanups.latest()
        if run is None:
            raise UsageError("There was no clean-up yet.")
        ids = [r.id for r in left_undecided(tx, outcomes(tx, run), mended_photos(tx, run))]
        if not ids:
            raise UsageError("nothing is left to take back: you kept what is there, or it is gone already")
        return tx.decisions.reject_restorations(ids)

    record = people.decide(verb)
    remove_outputs(copies, record, "rejected")
    return record
