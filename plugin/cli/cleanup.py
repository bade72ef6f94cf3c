"""`iconface cleanup plan | run | pause | stop | status | report | measure`: restore a whole library."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import columns
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from gallery_db.records import CleanupRecord, JobRecord

    from ..app import App
    from ..cleanup.drive import Waiting
    from ..cleanup.plan import CleanupPlan, PlanRequest
    from ..cleanup.schedule import Hours
    from ..cleanup.status import CleanupStatus

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
    new: Annotated[
        bool, typer.Option("--new", help="plan anew instead of going on with an unfinished clean-up")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="the same as: cleanup plan")] = False,
) -> int:
    """Restore what `plan` shows. Stop it with Ctrl-C and go on by running it again. A running service does the work."""
    if dry_run:
        plan(ctx, people, since, until, root, limit, min_degradation, min_references, min_gain, again, restorer)
        return 0
    from ..cleanup.drive import drive, unpause
    from ..cleanup.outcomes import ended_jobs
    from ..cleanup.plan import PlanRequest
    from ..cleanup.schedule import Hours
    from ..cleanup.wording import status_lines

    window = None if hours is None else Hours.parse(hours)
    asked = _asked(people, since, until, root, limit, min_degradation, min_references, min_gain, again)
    session = Session.of(ctx)
    with session.app() as app:
        begun = _continued(app, session, window, idle=idle) if asked == PlanRequest() and not new else None
        begun = begun or _begun(app, session, asked, restorer, window, idle=idle)
        if begun is None:
            session.out.object({"cleanup": _status(app).row(), "end": "done"}, ["nothing to restore"])
            return 0
        unpause(app.gallery)
        with app.gallery.begin(write=False) as tx:
            ended = len(ended_jobs(tx, begun))
        with session.out.progress("cleaning up", "photos") as progress:
            progress.total(begun.photos - ended)

            def ended_one(job: "JobRecord") -> None:
                if job.payload.get("run") == begun.started_at:  # not what an earlier clean-up left in the queue
                    progress.step(str(job.payload["path"]))

            def waiting(w: "Waiting") -> None:
                session.out.note(f"{w.why}; going on at {datetime.fromtimestamp(w.until):%H:%M}")

            end = drive(
                app.gallery,
                app.settings,
                session.own_home,
                on_end=ended_one,
                on_wait=waiting,
            )
        reached = _status(app)
    said = {
        "service": "the service, or a command at work, does it; see: iconface cleanup status",
        "paused": "paused",
        "done": "done",
    }[end]
    session.out.object({"cleanup": reached.row(), "end": end}, [said, *status_lines(reached)])
    return 5 if reached.outcomes.get("failed") else 0


def pause(ctx: typer.Context) -> None:
    """Stop after the photos in hand. `cleanup run` goes on."""
    from gallery_db import Gallery

    from ..cleanup.drive import pause as hold
    from ..cleanup.feeder import unfinished

    session = Session.of(ctx)
    folders = session.settings().folders
    with Gallery.open(folders.database) as gallery:
        if unfinished(gallery) is None:
            session.out.object({"paused": False}, ["no clean-up is at work; see: iconface cleanup status"])
            return
        hold(gallery, folders.runtime)
    session.out.object({"paused": True}, ["paused; go on with: iconface cleanup run"])


def stop(ctx: typer.Context) -> None:
    """End it here. What is restored stays; `cleanup run` plans anew."""
    from gallery_db import Gallery

    from ..cleanup.drive import end
    from ..cleanup.feeder import unfinished

    session = Session.of(ctx)
    folders = session.settings().folders
    with Gallery.open(folders.database) as gallery:
        if unfinished(gallery) is None:
            session.out.object({"stopped": False}, ["no clean-up is at work; see: iconface cleanup status"])
            return
        end(gallery, folders.runtime)
    session.out.object({"stopped": True}, ["stopped; what is restored stays"])


def status(ctx: typer.Context) -> None:
    """How far the latest clean-up is, and what came of it."""
    from ..cleanup.wording import status_lines

    session = Session.of(ctx)
    with session.app() as app:
        reached = _status(app)
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


def _continued(app: "App", session: Session, hours: "Hours | None", *, idle: bool) -> "CleanupRecord | None":
    """The unfinished clean-up, which goes on; None when there is none."""
    from ..cleanup.feeder import resume, unfinished

    run = unfinished(app.gallery)
    if run is not None:
        session.out.note(f"going on with the clean-up of {run.started_at[:16]}: {run.fed} of {run.photos} photos begun")
        with app.gallery.begin() as tx:
            resume(tx, run, hours=hours, idle=idle)
    return run


def _begun(
    app: "App", session: Session, asked: "PlanRequest", restorer: str, hours: "Hours | None", *, idle: bool
) -> "CleanupRecord | None":
    """A new clean-up; None when its plan is empty."""
    from ..cleanup.feeder import start
    from ..cleanup.plan import make_plan
    from ..cleanup.wording import summary_lines
    from ..job_payloads import QueuedChoices

    made = make_plan(app, asked.resolve(app), restorer=restorer)
    for line in summary_lines(made):
        session.out.note(line)
    if not made.items:
        return None
    options = QueuedChoices(restorer=restorer)
    with app.gallery.begin() as tx:
        return start(tx, made.by_photo(), hours=hours, idle=idle, options=options, estimated=made.estimate)


def _status(app: "App") -> "CleanupStatus":
    from ..cleanup.status import cleanup_status

    with app.gallery.begin(write=False) as tx:
        return cleanup_status(tx)


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
