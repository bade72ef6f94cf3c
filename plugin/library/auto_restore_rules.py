"""What is restored by itself in a folder of the library: off, proposed, or done."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import asdict

from gallery_db import Tx
from gallery_db.records import RootRecord
from iconface_core.codec import JsonObject, decode, encode

from ..errors import UsageError
from ..job_kinds import AUTO
from ..job_payloads import PROPOSE, RootPayload

Mode = Literal["off", "propose", "auto"]
MODES: tuple[Mode, ...] = get_args(Mode)


class RestoreRules(Struct, frozen=True):
    """Rules of one root. They hold for faces that are new in it, of people with a name. What another release added to
    stored ones is not read.

    `propose` asks first, `auto` restores. `min_degradation` 0..1: how degraded a face must be (0: whatever is not sharp
    already). `min_similarity` -1..1: least likeness to the person's other photos (-1: being recognised is enough).
    `min_references`: how many photos of the person must be there to help.
    """

    mode: Mode = "off"
    min_degradation: float = 0.0
    min_similarity: float = -1.0
    min_references: int = 1

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"the mode must be {', '.join(MODES)}, not {self.mode!r}")
        if not (0 <= self.min_degradation <= 1 and -1 <= self.min_similarity <= 1 and self.min_references >= 0):
            raise UsageError("degradation goes from 0 to 1, similarity from -1 to 1, and references from 0")

    def row(self) -> JsonObject:
        """As JSON, for `root.rules`."""
        return asdict(self)


def rules_of(root: RootRecord) -> RestoreRules:
    """The rules that are stored. Raises CodecError for damaged ones."""
    return decode(RestoreRules, root.rules or {}, f"rules of {root.path}")


def set_rules(tx: Tx, root: RootRecord, rules: RestoreRules) -> None:
    """Store new rules. Faces that are there when they are switched on are not new."""
    if rules_of(root).mode == "off":
        set_judged(tx, root.id, tx.faces.last_id())
    tx.roots.set_rules(root.id, rules.row())


def judged_up_to(tx: Tx, root_id: int) -> int:
    """The last face id of which the rules of this root were asked."""
    return int(tx.meta.get(f"judged_up_to:{root_id}") or 0)


def set_judged(tx: Tx, root_id: int, face_id: int) -> None:
    """Faces up to this id are not new any more."""
    tx.meta.set(f"judged_up_to:{root_id}", str(face_id))


def enqueue_propose(tx: Tx, root: RootRecord) -> int | None:
    """Have the new faces of this root judged, if its rules ask for it and there are any. Returns the job id."""
    if rules_of(root).mode == "off" or tx.faces.last_id() <= judged_up_to(tx, root.id):
        return None
    return tx.jobs.enqueue(
        PROPOSE, encode(RootPayload(root.id)), dedupe=str(root.id), priority=AUTO, origin="auto", root_id=root.id
    )


def to_rules(values: Mapping[str, Any], before: RestoreRules) -> RestoreRules:
    """`before` with the values that are not None. Raises UsageError for values out of range."""
    return RestoreRules(**{**before.row(), **{k: v for k, v in values.items() if v is not None}})
