"""`iconface export immich`: names for a server."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..plain_text import counted
from ..rows import Row
from .output import first_lines
from .session import Session

if TYPE_CHECKING:
    from ..exporters.immich import Conflict, ImmichDone, ImmichPlan

_WHY = {
    "other_name": "is called {other} there, and that stays",
    "hidden": "is somebody whom you hid there",
    "elsewhere_in_photo": "is another face in that photo there",
    "several_people": "is what several people are called there: merge or rename them there",
    "same_name_here": "is what several people are called here: iconface people list",
}


def export_immich(session: Session, address: str, *, dry_run: bool) -> None:
    """Say what the server would be told, ask, and tell it. Raises UsageError, ServerError."""
    from ..exporters.immich import plan_export, write_export
    from ..immich_server import KEY, ImmichServer, check_access

    key = os.environ.get(KEY, "")
    check_access(address, key)
    with session.app() as app, closing(ImmichServer(address, key)) as server:
        plan = plan_export(app.gallery, server)
        if plan.empty or dry_run:
            _show(session, address, plan, None, dry_run=dry_run)
            return
        if not session.out.machine:
            _show(session, address, plan, None, dry_run=True)
        session.confirm(f"Tell {address} who {counted(plan.assigned + plan.added, 'face')} are?")
        done = write_export(server, plan)
    _show(session, address, plan, done, dry_run=False)


def _show(session: Session, address: str, plan: "ImmichPlan", done: "ImmichDone | None", *, dry_run: bool) -> None:
    row: Row = {
        "format": "immich",
        "server": address,
        "new": list(plan.new),
        "assigned": plan.assigned,
        "added": plan.added,
        "known": plan.known,
        "conflicts": [{"photo": str(c.photo), "name": c.name, "why": c.why, "other": c.other} for c in plan.conflicts],
        "absent": [str(p) for p in plan.absent],
        "edited": [str(p) for p in plan.edited],
        "written": None
        if done is None
        else {
            "created": done.created,
            "assigned": done.assigned,
            "added": done.added,
            "changed": done.changed,
            "refused": [{"photo": str(r.photo), "name": r.name, "why": r.why} for r in done.refused],
        },
    }
    lines = _planned(plan) if done is None else _written(done)
    session.out.object({"export": row, "dry_run": dry_run}, list(lines))


def _planned(plan: "ImmichPlan") -> Iterator[str]:
    if plan.new:
        yield f"{counted(len(plan.new), 'person', 'people')} would be new there: {', '.join(plan.new)}"
    if plan.assigned:
        yield f"{counted(plan.assigned, 'face')} that the server found would get a name"
    if plan.added:
        yield f"{counted(plan.added, 'face')} that it did not find would be added"
    if plan.known:
        yield f"{counted(plan.known, 'face')} have the name already"
    yield from first_lines("not written", [_conflict(c) for c in plan.conflicts])
    yield from first_lines("not on the server", _paths(plan.absent))
    yield from first_lines("edited there, and left alone", _paths(plan.edited))
    if plan.empty:
        yield "there is nothing to write"


def _written(done: "ImmichDone") -> Iterator[str]:
    yield f"{counted(done.created, 'person', 'people')} created, {done.assigned} faces named, {done.added} added"
    if done.changed:
        yield f"{counted(done.changed, 'face')} changed there meanwhile: do it again"
    yield from first_lines("refused by the server", [f"{r.name}: {r.why} ({r.photo})" for r in done.refused])


def _paths(photos: tuple[Path, ...]) -> list[str]:
    return [str(p) for p in photos]


def _conflict(c: "Conflict") -> str:
    return f"{c.name}: {_WHY[c.why].format(other=c.other)} ({c.photo})"
