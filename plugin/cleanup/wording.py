"""A clean-up in words: its plan as a table, what it comes to, and how far it is."""

import re
from datetime import datetime

from plugin.restoring.candidates import Candidate

from .plan import CleanupPlan
from .status import CleanupStatus

HEAD = ("face", "who", "expect", "refs", "degraded", "photo")
_WHO, _DEGRADED, _PHOTO = 14, 27, 16
"""The widest columns when room is short; what is left, and at least this much, belongs to the photo."""

_SHORT = {"A great deal clearer": "a lot", "Clearly better": "better", "A little better": "little"}


def table_rows(plan: CleanupPlan, width: int) -> list[tuple[str, ...]]:
    """Cells under `HEAD` that together fit into `width` columns of a terminal; 0: nothing is shortened."""
    rows = [_cells(c) for c in plan.items]
    wide = max((sum(map(len, row)) for row in rows), default=0) + 2 * (len(HEAD) - 1)
    return rows if width == 0 or wide <= width else [_short(row, width) for row in rows]


def summary_lines(plan: CleanupPlan) -> list[str]:
    """The plan as a whole."""
    if plan.faces == 0:
        return ["no faces yet: iconface library add DIR, then iconface scan"]
    worth = len(plan.items) + plan.beyond_limit
    out = [f"{plan.degraded} degraded faces among {plan.measured} measured; {worth} worth restoring"]
    out[0] += f", the best {len(plan.items)} of them" if plan.beyond_limit else ""
    out[0] += f" in {plan.photos} photo{'s' * (plan.photos != 1)}" if plan.items else ""
    out += [f"  {n} left alone: {why}" for why, n in sorted(plan.left.items(), key=lambda kv: (-kv[1], kv[0]))]
    if plan.measured < plan.faces:
        never = f"  {plan.faces - plan.measured} faces not measured yet, or by an older rule: they are not in this plan"
        out += [never, "    measure them: iconface cleanup measure (the service does it at night)"]
    if plan.in_full < plan.measured:
        out.append(f"  {plan.measured - plan.in_full} measured in a reduced picture only: iconface cleanup measure")
    return [*out, *plan.estimate.lines()] if plan.items else out


def status_lines(status: CleanupStatus) -> list[str]:
    """How far a clean-up is: of `cleanup status`."""
    run = status.run
    if run is None:
        return ["no clean-up yet; see: iconface cleanup plan"]
    begun = datetime.fromisoformat(run.started_at).astimezone()
    line = f"begun {begun:%Y-%m-%d %H:%M}: {status.faces_ended} of {run.faces} faces"
    line += f", only {run.hours}" if run.hours is not None else ""
    line += ", only while idle" * run.idle + ", paused" * (status.paused and not status.finished)
    return [line, *(f"  {n} {kind}" for kind, n in sorted(status.outcomes.items(), key=lambda kv: (-kv[1], kv[0])))]


def _cells(c: Candidate) -> tuple[str, ...]:
    d, face = c.degradation, c.face
    degraded = "" if d is None else f"{d.worst:.2f} {', '.join(d.reasons)}"
    chosen = 0 if c.choice is None else len(c.choice.chosen)
    who = face.person_name or f"person {face.person_id}"
    return str(face.id), who, _SHORT[c.gain.words], str(chosen), degraded, face.photo


def _short(row: tuple[str, ...], width: int) -> tuple[str, ...]:
    face, who, expect, refs, degraded, photo = row
    degraded = re.sub(r" \([^)]*\)", "", degraded)  # the numbers behind the reasons
    room = width - max(len(face), 4) - 6 - 4 - _WHO - _DEGRADED - 2 * (len(HEAD) - 1)
    return face, _cut(who, _WHO), expect, refs, _cut(degraded, _DEGRADED), _end(photo, max(room, _PHOTO))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _end(text: str, room: int) -> str:
    """The end of a path says most."""
    return text if len(text) <= room else "…" + text[1 - room :]
