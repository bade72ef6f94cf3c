"""Frozen read models: the only shapes repositories hand out. ORM rows stay inside this package.

Times are ISO 8601 text in UTC, except `captured_at` (camera time, no zone) and the job clock (Unix seconds).
Boxes and landmarks are pixels of the upright photo.
"""

from .cleanups import CleanupItem, CleanupRecord
from .decisions import (
    Asked,
    DecisionRecord,
    FaceDrawn,
    ImportedBox,
    ImportedPerson,
    NamesImported,
    PersonMade,
    QuestionKind,
    QuestionRecord,
)
from .faces import (
    FaceChanges,
    FaceColumns,
    FaceFilter,
    FaceMatrix,
    FaceRecord,
    FaceSource,
    FaceState,
    FoundFace,
    GroupingChanges,
    ReferenceRow,
)
from .jobs import JobRecord, JobState
from .machines import MachineRecord
from .people import ForgetResult, Life, PersonConstraint, PersonRecord, PersonSummary
from .photos import AtStake, PhotoRecord, PhotoStat, PhotoState, RootRecord, RootTally
from .restorations import WHOLE_PHOTO, Decided, Origin, RestorationRecord, RestorationState
from .users import ROLES, Role, UserRecord

__all__ = [
    "ROLES",
    "WHOLE_PHOTO",
    "Asked",
    "AtStake",
    "CleanupItem",
    "CleanupRecord",
    "Decided",
    "DecisionRecord",
    "FaceChanges",
    "FaceColumns",
    "FaceDrawn",
    "FaceFilter",
    "FaceMatrix",
    "FaceRecord",
    "FaceSource",
    "FaceState",
    "ForgetResult",
    "FoundFace",
    "GroupingChanges",
    "ImportedBox",
    "ImportedPerson",
    "JobRecord",
    "JobState",
    "Life",
    "MachineRecord",
    "NamesImported",
    "Origin",
    "PersonConstraint",
    "PersonMade",
    "PersonRecord",
    "PersonSummary",
    "PhotoRecord",
    "PhotoStat",
    "PhotoState",
    "QuestionKind",
    "QuestionRecord",
    "ReferenceRow",
    "RestorationRecord",
    "RestorationState",
    "Role",
    "RootRecord",
    "RootTally",
    "UserRecord",
]
