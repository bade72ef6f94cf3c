"""Jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iconface_core.reasons import Reason

from .restorations import Origin

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """`attempts` counts claims and doubles as the fencing token of the present lease. Clock values are Unix seconds.
    `error` is why it failed, or was given back last."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    dedupe: str | None
    state: JobState
    priority: int
    attempts: int
    max_attempts: int
    run_after: float
    lease_until: float | None
    error: Reason | None
    progress: Mapping[str, Any] | None
    created_at: float
    finished_at: float | None
    origin: Origin | None = None
    root_id: int | None = None
    """Of a shared gallery: only a machine that sees this root takes it."""
    machine: str | None = None
    """Only this one takes it."""
    worker: str | None = None
    """The machine that took it last."""
    actor: str | None = None
    """Who asked: what it decides is theirs."""
