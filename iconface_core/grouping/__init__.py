"""Which faces are one person. Pure: columns and a neighbour search in, decisions out; no database, no index, no model.

Facts come first (`Facts`, confirmed faces, two faces of one photo), then evidence: similarities calibrated by the
quality of both faces (`iconface_core.calibration`). What is doubtful is proposed, never done. `assign` places a few
new faces at once; `regroup` recomputes all undecided ones and is the canonical result. Why: docs/adr/0002-grouping.md.
"""

from .assign import Known, assign
from .background import COPY_SIMILARITY, Background
from .regroup import regroup
from .search import exact_search
from .types import (
    NOBODY,
    Cluster,
    Decision,
    FaceTable,
    Grouping,
    GroupingChange,
    GroupingFacts,
    GroupingPolicy,
    Proposal,
    Search,
)

__all__ = [
    "COPY_SIMILARITY",
    "NOBODY",
    "Background",
    "Cluster",
    "Decision",
    "FaceTable",
    "Grouping",
    "GroupingChange",
    "GroupingFacts",
    "GroupingPolicy",
    "Known",
    "Proposal",
    "Search",
    "assign",
    "exact_search",
    "regroup",
]
