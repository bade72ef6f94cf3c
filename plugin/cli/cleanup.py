"""`iconface cleanup plan | run | pause | stop | status | report | measure`: restore a whole library."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import columns
from .restore import photo_steps
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from ..app import App
    from ..cleanup.drive import Waiting
    from ..cleanup.plan import CleanupPlan, PlanRequest

People = Annotated[
    list[str] | None, typer.Option("--people", "-p", help="only of this person (id or name); may be repeated")
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="only photos taken (undated: indexed) from this day on")
]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="only photos taken up to this day")]
Root = Annotated[Path | None, typer.Option(parser=path, help="only in this folder of the library")]
Limit = Annotated[int | None, typer.Option(min=1, help="at most this many faces, the best prospects first")]
MinDegradation = Annotated[float | None, typer.Option(min=0, max=1, help="only faces at least this degraded")]
MinReferences = Annotated[int, typer.Option(min=0, max=8, help="only with at least so many references")]
MinGain = Annotated[float, typer.Option(min=0, max=1, help="only where at least this is to be expected")]
Again = Annotated[bool, typer.Option("--again", help="also faces that another restorer restored, unless you accepted")]
Restorer = Annotated[str, typer.Option(help="see: iconface models list")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Restore the faces of a whole library.")
    commands: dict[str, Callable[..., int | None]] = {
        "plan": plan,
        "run": run,
        "pause": pause,
        "stop": stop,
        "status": status,
        "report": report,
        "measure": measure,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="cleanup")


def plan(
    ctx: typer.Context,
    people: People = None,
    since: Since = None,
    until: Until = None,
    root: Root = None,
    limit: Limit = None,
    min_degradation: MinDegradation = None,
    min_references: MinReferences = 1,
    min_gain: MinGain = 0.0,
    again: Again = False,
    restorer: Restorer = "auto",
) -> None:
    """Which faces are degraded and of whom, with which references, what to expect, and how long it would take."""
    from dataclasses import asdict

    from ..cleanup.plan import item_row, make_plan
    from ..cleanup.wording import HEAD, summary_lines, table_rows

    asked = _asked(people, since, until, root, limit, min_degradation, min_references, min_gain, again)
    session = Session.of(ctx)
    with session.app() as app:
        made = make_plan(app, asked.resolve(app), restorer=restorer)
    width = shutil.get_terminal_size((0, 0)).columns  # a file or a program reads the whole
    table = columns(HEAD, table_rows(made, width)) if made.items else []
    session.out.result(
        "faces",
        [item_row(c) for c in made.items],
        [*table, *summary_lines(made)],
        summary=_summary(made),
        estimate=asdict(made.estimate),
    )


def run(
    ctx: typer.Context,
    people: People = None,
    since: Since = None,
    until: Until = None,
    root: Root = None,
    limit: Limit = None,
    min_degradation: MinDegradation = None,
    min_references: MinReferences = 1,
    min_gain: MinGain = 0.0,
    again: Again = False,
    restorer: Restorer = "auto",
    hours: Annotated[str | None, typer.Option(help="only at these hours, e.g. 22-06")] = None,
    idle: Annotated[bool, typer.Option("--idle", help="only while nobody needs the machine")] = False,
    photo: Annotated[
        bool, typer.Option("--photo", help="the whole photos of these faces too: scratches, dust, faded tones")
    ] = False,
    steps_of_photo: Annotated[
        str, typer.Option("--photo-steps", help="which of damage,background,fading,colour,faces to do with --photo")
    ] = "damage,fading,faces",
    new: Annotated[
        bool, typer.Option("--new", help="plan anew instead of going on with an unfinished clean-up")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="the same as: cleanup plan")] = False,
) -> int:
    """Restore what `plan` shows. Stop it with Ctrl-C and go on by running it again. A running service does the work."""
    if dry_run:
        plan(ctx, people, since, until, root, limit, min_degradation, min_references, min_gain, again, restorer)
        return 0
    from ..cleanup.drive import begin, drive, go_on
    from ..cleanup.feeder import unfinished
    from ..cleanup.plan import PlanRequest
    from ..cleanup.schedule import Hours
    from ..cleanup.status import status_now
    from ..cleanup.wording import status_lines

    window = None if hours is None else Hours.parse(hours)
    steps = photo_steps(steps_of_photo) if photo else ()
    asked = _asked(people, since, until, root, limit, min_degradation, min_references, min_gain, again)
    session = Session.of(ctx)
    with session.app() as app:
        begun = unfinished(app.gallery) if asked == PlanRequest() and not new else None
        if begun is not None:
            at = f"{begun.fed} of {begun.photos} photos begun"
            session.out.note(f"going on with the clean-up of {begun.started_at[:16]}: {at}")
            go_on(app.gallery, begun, hours=window, idle=idle)
        elif made := _planned(app, session, asked, restorer):
            begun = begin(app.gallery, made, hours=window, idle=idle, restorer=restorer, photo_steps=steps)
        else:
            session.out.object({"cleanup": status_now(app.gallery).row(), "end": "done"}, ["nothing to restore"])
            return 0

        def waiting(w: "Waiting") -> None:
            session.out.note(f"{w.why}; going on at {datetime.fromtimestamp(w.until):%H:%M}")

        with session.out.progress("cleaning up", "photos") as progress:
            end = drive(app.gallery, app.settings, session.own_home, begun, progress=progress, on_wait=waiting)
        reached = status_now(app.gallery)
    said = {
        "service": "the service, or a command at work, does it; see: iconface cleanup status",
        "paused": "paused",
        "done": "done",
    }[end]
    session.out.object({"cleanup": reached.row(), "end": end}, [said, *status_lines(reached)])
    return 5 if reached.outcomes.get("failed") else 0


def pause(ctx: typer.Context) -> None:
    """Stop after the photos in hand. `cleanup run` goes on."""
    from ..cleanup.drive import pause as hold

    session = Session.of(ctx)
    with session.app() as app:
        paused = hold(app.gallery, app.settings.folders.runtime)
    session.out.object({"paused": paused}, ["paused; go on with: iconface cleanup run" if paused else _NONE_AT_WORK])


def stop(ctx: typer.Context) -> None:
    """End it here. What is restored stays; `cleanup run` plans again."""
    from ..cleanup.drive import end

    session = Session.of(ctx)
    with session.app() as app:
        stopped = end(app.gallery, app.settings.folders.runtime)
    session.out.object({"stopped": stopped}, ["stopped; what is restored stays" if stopped else _NONE_AT_WORK])


_NONE_AT_WORK = "no clean-up is at work; see: iconface cleanup status"


def status(ctx: typer.Context) -> None:
    """How far the latest clean-up is, and what came of it."""
    from ..cleanup.status import status_now
    from ..cleanup.wording import status_lines

    session = Session.of(ctx)
    with session.app() as app:
        reached = status_now(app.gallery)
    session.out.object({"cleanup": reached.row()}, status_lines(reached))


def report(
    ctx: typer.Context,
    output: Annotated[Path, typer.Argument(parser=path, help="a new .html or .csv file, or a folder for both")],
    everything: Annotated[bool, typer.Option("--all", help="of all clean-ups, not only the latest")] = False,
    limit: Annotated[int, typer.Option(min=1, help="at most so many faces with pictures")] = 500,
) -> None:
    """Write what came of it: a page with pictures before and after, and a table. The page is whole in itself."""
    from ..cleanup.report import write_report
    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app, session.out.progress("report", "faces") as progress:
        files = write_report(app, absolute(output), everything=everything, limit=limit, progress=progress)
    session.out.object({"files": [str(f) for f in files]}, [f"written: {f}" for f in files])


def measure(ctx: typer.Context) -> int:
    """Measure faces in all pixels of their photos, where indexing did not. Stop it at any time and run it again."""
    from ..job_handlers.measure import measure_missing

    session = Session.of(ctx)
    with session.app() as app, session.out.progress("measuring", "faces") as progress:
        done, failed = measure_missing(app, progress)
    human = [f"{done} faces measured", *(f"not read: {reason}" for reason in failed.values())]
    session.out.object({"measured": done, "failed": failed}, human)
    return 5 if failed else 0


def _asked(
    people: list[str] | None,
    since: datetime | None,
    until: datetime | None,
    root: Path | None,
    limit: int | None,
    min_degradation: float | None,
    min_references: int,
    min_gain: float,
    again: bool,
) -> "PlanRequest":
    """What the options that `plan` and `run` share ask for."""
    from ..cleanup.plan import PlanRequest

    return PlanRequest(
        people=tuple(people or ()),
        since=None if since is None else since.date(),
        until=None if until is None else until.date(),
        root=root,
        min_degradation=min_degradation,
        min_references=min_references,
        min_gain=min_gain,
        limit=limit,
        again=again,
    )


def _planned(app: "App", session: Session, asked: "PlanRequest", restorer: str) -> "CleanupPlan | None":
    """What a new clean-up would do, told; None when it is nothing."""
    from ..cleanup.plan import make_plan
    from ..cleanup.wording import summary_lines

    made = make_plan(app, asked.resolve(app), restorer=restorer)
    for line in summary_lines(made):
        session.out.note(line)
    return made if made.items else None


def _summary(made: "CleanupPlan") -> dict[str, Any]:
    from ..cleanup.wording import left_alone

    codes: Counter[str] = Counter()
    for reason, n in made.left.items():
        codes[reason.code] += n
    return {
        "faces": made.faces,
        "measured": made.measured,
        "measured_in_full": made.in_full,
        "degraded": made.degraded,
        "worth_restoring": len(made.items),
        "photos": made.photos,
        "beyond_limit": made.beyond_limit,
        "left_alone": left_alone(made),
        "left_alone_codes": dict(codes),
    }
