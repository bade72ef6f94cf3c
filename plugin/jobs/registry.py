"""Who does a kind of job. Modules of this application are named from here (`..` is the application), because the wheel
has it under another name, and imported in the worker process only, when a job of the kind is claimed.

A handler is `run(app: App, payload: P, job: JobContext) -> JsonObject` with `P` of `job_payloads.PAYLOADS`. What it
returns is the job's result, shown by `jobs show` and by notifications. It may be killed at any moment and run again, so
it must not double anything. An exception fails the job, which is tried again later; raise `JobFailedError` where trying
again cannot help.
"""

import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iconface_core.codec import CodecError, JsonObject, decode

from ..job_payloads import (
    CHANGES,
    CLEANUP_ITEM,
    EMBED,
    GROUP,
    LOOK,
    MEASURE,
    NIGHTLY,
    PAYLOADS,
    PREVIEW,
    PROPOSE,
    RECONCILE,
    RESTORE,
    SETTLE,
    Queue,
)
from ..reasons import PAYLOAD_UNREADABLE
from .context import JobContext, JobFailedError

if TYPE_CHECKING:
    from ..app import App


@dataclass(frozen=True, slots=True)
class Handler:
    """`place` is `module:function`, `payload` what the function takes."""

    place: str
    payload: type[Any]

    def run(self, app: "App", payload: Mapping[str, Any], job: JobContext) -> JsonObject:
        """Do a job with the payload that is stored with it. Raises JobFailedError for one that cannot be read."""
        module, _, name = self.place.partition(":")
        try:
            asked = decode(self.payload, payload, "payload")
        except CodecError as e:
            raise JobFailedError(PAYLOAD_UNREADABLE(detail=str(e))) from e
        result: JsonObject = getattr(importlib.import_module(module, __package__), name)(app, asked, job)
        return result


_PLACES = {
    RESTORE: "..job_handlers.restore:run",
    NIGHTLY: "..job_handlers.nightly:run",
    CHANGES: "..job_handlers.scan:changes",
    RECONCILE: "..job_handlers.scan:reconcile",
    PROPOSE: "..job_handlers.propose:run",
    CLEANUP_ITEM: "..cleanup.feeder:feed",
    MEASURE: "..job_handlers.measure:run",
    EMBED: "..job_handlers.embed:run",
    PREVIEW: "..job_handlers.preview:run",
    LOOK: "..job_handlers.shared_scan:look",
    SETTLE: "..job_handlers.shared_scan:settle",
    GROUP: "..job_handlers.shared_scan:group",
}

HANDLERS: Mapping[str, Handler] = {kind: Handler(place, PAYLOADS[kind]) for kind, place in _PLACES.items()}


def kinds_of(queues: Collection[Queue]) -> tuple[str, ...]:
    """What a machine does that is there for these queues."""
    return tuple(kind for kind in HANDLERS if ("gpu" if kind == RESTORE else "cpu") in queues)
