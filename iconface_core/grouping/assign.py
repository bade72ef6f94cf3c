"""The quick pass: a few new faces against the index, in milliseconds. `regroup` has the last word."""

from collections.abc import Callable

from iconface_core.calibration import Calibration
from iconface_core.types import I64

from .types import Decision, Faces, Facts, GroupingPolicy, Search


def assign(
    new: Faces,
    facts: Facts,
    calibration: Calibration,
    policy: GroupingPolicy | None = None,
    *,
    search: Search,
    lookup: Callable[[I64], Faces],
) -> list[Decision]:
    """Decide each new face: join a person, found one with other undecided faces, or wait.

    `search` runs over the embedder's index (the new faces may be in it already); `lookup(face_ids)` returns the rows
    of the given faces, in any order, unknown ids left out. The result has one decision per new face, in input order,
    followed by one for each older undecided face that now founds a person with them. Confirmed faces among `new`
    are skipped.
    """
    raise NotImplementedError
