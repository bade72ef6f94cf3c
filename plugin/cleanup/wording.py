"""A clean-up in words: its plan as a table, what it comes to, and how far it is."""

from collections import Counter
from datetime import datetime

from iconface_core import reason_codes as core
from iconface_core.damage.sharpness import Degradation

from .. import reasons as app
from ..reason_words import all_in_words, table
from ..restoring.candidates import Candidate
from ..wording import worded
from .plan import CleanupPlan
from .status import CleanupStatus

HEAD = ("face", "who", "expect", "refs", "degraded", "photo")
_WHO, _DEGRADED, _PHOTO = 14, 27, 16
"""The widest columns when room is short; what is left, and at least this much, belongs to the photo."""

_SHORT = {"great": "a lot", "clear": "better", "little": "little"}

_LEFT = table(
    {
        core.TOO_SMALL: "too small",
        core.SHARP_ALREADY: "sharp already",
        app.HOPELESS: "too little of a face is left",
        app.NO_VECTOR: "it has no vector yet",
        app.ACCEPTED: "you accepted its restoration",
        app.REJECTED_BEFORE: "you rejected this result",
        app.TAKEN_BACK: "you took this result back",
        app.UNSEEN_BEFORE: "already as clear as this restorer can make it",
        app.REFUSED_BEFORE: "the identity check refused this result",
        app.DELETED: "you deleted this result",
        app.RESTORED_ALREADY: "restored already",
    }
)
"""Of many faces at once: without what is special to one."""


def left_alone(plan: CleanupPlan) -> dict[str, int]:
    """How many faces were left alone, by the words of the reason."""
    counts: Counter[str] = Counter()
    for reason, n in plan.left.items():
        counts[worded(reason, _LEFT)] += n
    return dict(counts)


_BRIEF = table({core.NOISY: "noisy", core.HARD_TO_RECOGNISE: "hard to recognise"})
"""Without the numbers, where room is short."""


def table_rows(plan: CleanupPlan, width: int) -> list[tuple[str, ...]]:
    """Cells under `HEAD` that together fit into `width` columns of a terminal; 0: nothing is shortened."""
    rows = [_cells(c) for c in plan.items]
    wide = max((sum(map(len, row)) for row in rows), default=0) + 2 * (len(HEAD) - 1)
    if width == 0 or wide <= width:
        return rows
    return [_short(row, c.degradation, width) for row, c in zip(rows, plan.items, strict=True)]


def summary_lines(plan: CleanupPlan) -> list[str]:
    """The plan as a whole."""
    if plan.faces == 0:
        return ["no faces yet: iconface library add DIR, then iconface scan"]
    worth = len(plan.items) + plan.beyond_limit
    out = [f"{plan.degraded} degraded faces among {plan.measured} measured; {worth} worth restoring"]
    out[0] += f", the best {len(plan.items)} of them" if plan.beyond_limit else ""
    out[0] += f" in {plan.photos} photo{'s' * (plan.photos != 1)}" if plan.items else ""
    out += [f"  {n} left alone: {why}" for why, n in sorted(left_alone(plan).items(), key=lambda kv: (-kv[1], kv[0]))]
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
    degraded = "" if d is None else f"{d.worst:.2f} {', '.join(all_in_words(d.reasons))}"
    chosen = 0 if c.choice is None else len(c.choice.chosen)
    who = face.person_name or f"person {face.person_id}"
    return str(face.id), who, _SHORT[c.gain.level], str(chosen), degraded, face.photo


def _short(row: tuple[str, ...], found: Degradation | None, width: int) -> tuple[str, ...]:
    face, who, expect, refs, degraded, photo = row
    if found is not None:
        degraded = f"{found.worst:.2f} {', '.join(worded(r, _BRIEF) for r in found.reasons)}"
    room = width - max(len(face), 4) - 6 - 4 - _WHO - _DEGRADED - 2 * (len(HEAD) - 1)
    return face, _cut(who, _WHO), expect, refs, _cut(degraded, _DEGRADED), _end(photo, max(room, _PHOTO))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _end(text: str, room: int) -> str:
    """The end of a path says most."""
    return text if len(text) <= room else "…" + text[1 - room :]
