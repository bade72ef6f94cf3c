"""What each kind of job is asked to do, as its payload says: one type per kind. Light: no database is imported here.

A payload is stored as JSON values (`encode`) and read once, strictly, where its handler is called. Paths are absolute;
a name that is not UTF-8 travels as Python's surrogate escapes. A field that is added needs a default: jobs that an
earlier release enqueued are still read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, TypeVar, get_args

from msgspec import Meta, Struct

from iconface_core.codec import CodecError, decode

if TYPE_CHECKING:
    from gallery_db.records import JobRecord

RESTORE = "restore"
CHANGES = "changes"
RECONCILE = "reconcile"
NIGHTLY = "nightly"
PROPOSE = "propose"
CLEANUP_ITEM = "cleanup_item"
MEASURE = "measure"
EMBED = "embed"
PREVIEW = "preview"
LOOK = "look"
SETTLE = "settle"
GROUP = "group"

Queue: TypeAlias = Literal["cpu", "gpu"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
"""What a machine may be there for: "gpu" restores, "cpu" does everything else."""

PhotoStep: TypeAlias = Literal["damage", "background", "fading", "colour", "faces"]
"""What can be done to a whole photo, in the order in which it is done."""
PHOTO_STEPS: tuple[PhotoStep, ...] = get_args(PhotoStep)
USUAL_STEPS: tuple[PhotoStep, ...] = ("damage", "fading", "faces")
"""What is done where nobody names steps."""

Id: TypeAlias = Annotated[int, Meta(ge=1)]


class RestoreChoices(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody may choose for a restoration. `strength` (0..1) and `steps` None mean the restorer's own; `quality`
    chooses steps where none are given.

    `face` counts from the left, from 1; None means every face that needs it; `face_ids` name some by their ids in the
    gallery. `references` are files given by the user and replace the choice from the gallery; `reference_faces` are
    faces of the gallery that do so for the people they show, and mean nothing for others. `output` is a folder for the
    copy, `beside` puts it beside the original. `force` restores what would be left alone, and writes what the identity
    check refused.

    `photo_steps` is what is done to the whole photo; empty: its faces are restored, and nothing else is touched.
    `keep_tint` keeps the tint of a sepia print whose tones are corrected, `fill` and `cleaner` say what fills damage
    and takes noise away. `enlarge`: the copy of a whole photo is so many times as large, by that cleaner.
    """

    strength: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: Annotated[int, Meta(ge=0)] = 42
    steps: Annotated[int, Meta(ge=1)] | None = None
    quality: Literal["fast", "best"] | None = None
    face: Id | None = None
    face_ids: tuple[Id, ...] = ()
    references: tuple[Path, ...] = ()
    reference_faces: tuple[Id, ...] = ()
    use_references: bool = True
    restorer: str = "auto"
    output: Path | None = None
    beside: bool = False
    dry_run: bool = False
    force: bool = False
    photo_steps: tuple[PhotoStep, ...] = ()
    keep_tint: bool = True
    fill: str = "auto"
    cleaner: str = "auto"
    enlarge: Literal[1, 2] = 1


class QueuedChoices(RestoreChoices, frozen=True):
    """The same for later. `person`: whose face it is, by id or by a name that is looked up then."""

    person: str | None = None


class Payload(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a kind that is asked nothing."""


class RestorePayload(Payload, frozen=True):
    """One photo, or one face of it. `run` names the clean-up that asks (`CleanupRecord.started_at`)."""

    path: str
    face_id: Id | None
    options: QueuedChoices
    run: str | None = None


class PreviewPayload(Payload, frozen=True):
    """One photo, and what is to be seen of it."""

    path: str
    options: QueuedChoices


class RootPayload(Payload, frozen=True):
    """A root of the library."""

    root_id: Id


class ReconcilePayload(RootPayload, frozen=True):
    """`accept_missing`: somebody says that many photos were deleted on purpose."""

    accept_missing: bool = False


class ChangesPayload(RootPayload, frozen=True):
    """Files of a root. `tries` counts how often those that cannot be read were tried before; 0: by events."""

    paths: tuple[str, ...]
    tries: Annotated[int, Meta(ge=0)] = 0


class FileOnDisk(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A file as the walk through its folder saw it. What is stored of it is this, so that a file which was changed
    since is seen to be by the next walk."""

    path: str
    size: int
    mtime_ns: int
    inode: int


class LookPayload(RootPayload, frozen=True):
    """Files of a root to be looked at."""

    files: tuple[FileOnDisk, ...]


class SettlePayload(RootPayload, frozen=True):
    """The rest of a scan whose files are looked at by other jobs: photos that were not found (`gone`) or were again
    (`back`), of so many; `counts` are of what was done before."""

    gone: tuple[Id, ...]
    back: tuple[Id, ...]
    of: int
    accept_missing: bool = False
    counts: dict[str, int] = {}


class GroupPayload(Payload, frozen=True):
    """Roots whose rules are looked at afterwards."""

    root_ids: tuple[Id, ...] = ()


class CleanupPayload(Payload, frozen=True):
    """The clean-up to go on with (`CleanupRecord.started_at`)."""

    run: str


class EmbedPayload(Payload, frozen=True):
    """A face that was drawn by hand."""

    face_id: Id


PAYLOADS: Mapping[str, type[Payload]] = {
    RESTORE: RestorePayload,
    CHANGES: ChangesPayload,
    RECONCILE: ReconcilePayload,
    NIGHTLY: Payload,
    PROPOSE: RootPayload,
    CLEANUP_ITEM: CleanupPayload,
    MEASURE: Payload,
    EMBED: EmbedPayload,
    PREVIEW: PreviewPayload,
    LOOK: LookPayload,
    SETTLE: SettlePayload,
    GROUP: GroupPayload,
}

P = TypeVar("P", bound=Payload)


def payload_of(job: "JobRecord", cls: type[P]) -> P | None:
    """For those who show the queue: the payload, if it is of this type and whole. One damaged job must not keep anybody
    from the others."""
    kind = PAYLOADS.get(job.kind)
    if kind is None or not issubclass(kind, cls):
        return None
    try:
        found = decode(kind, job.payload, job.kind)
    except CodecError:
        return None
    assert isinstance(found, cls)
    return found
