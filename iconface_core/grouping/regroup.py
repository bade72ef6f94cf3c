"""The full pass: a deterministic function of the set of faces and facts, whatever order they arrived in."""

from ..calibration import Calibration
from .types import Faces, Facts, Grouping, GroupingPolicy, Search


def regroup(
    faces: Faces,
    facts: Facts,
    calibration: Calibration,
    policy: GroupingPolicy | None = None,
    *,
    search: Search | None = None,
) -> Grouping:
    """Group all undecided faces anew; confirmed faces stay, cluster and person ids survive by overlap.

    `faces` are all faces of one embedder, with the person and cluster they have today. `search` finds neighbours among
    them (default: exact, quadratic). Nothing is written anywhere: apply `Grouping.clusters`, or show
    `Grouping.changes` first.
    """
    raise NotImplementedError
