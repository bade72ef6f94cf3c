"""`iconface cleanup plan | run | pause | status | report | measure`: restore a whole library."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import columns
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from gallery_db.records import JobRecord
    from plugin.app import App
    from plugin.cleanup.drive import Waiting
    from plugin.cleanup.feeder import Run
    from plugin.cleanup.plan import CleanupPlan, PlanFilter

People = Annotated[
    list[str] | None, typer.Option("--people", "-p", help="only of this person (id or name); may be repeated")
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="only photos taken (undated: indexed) from this day on")
]
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

    from plugin.cleanup.plan import item_row, make_plan
    from plugin.cleanup.wording import HEAD, summary_lines, table_rows

    session = Session.of(ctx)
    with session.app() as app:
        where = _filter(app, people, since, root, limit, min_degradation, min_references, min_gain, again)
        made = make_plan(app, where, restorer=restorer)
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
        plan(ctx, people, since, root, limit, min_degradation, min_references, min_gain, again, restorer)
        return 0
    from plugin.cleanup.drive import drive, unpause
    from plugin.cleanup.outcomes import ended_jobs
    from plugin.cleanup.schedule import Hours
    from plugin.cleanup.wording import status_lines

    window = None if hours is None else Hours.parse(hours)
    session = Session.of(ctx)
    chosen = any((people, since, root, limit, min_degradation, min_gain, again)) or min_references != 1
    with session.app() as app:
        where = _filter(app, people, since, root, limit, min_degradation, min_references, min_gain, again)
        begun = _begin(app, session, where, restorer, window, idle=idle, new=new or chosen)
        if begun is None:
            session.out.object({"cleanup": _status(app), "end": "done"}, ["nothing to restore"])
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
        row = _status(app)
    said = {
        "service": "the service, or a command at work, does it; see: iconface cleanup status",
        "paused": "paused",
        "done": "done",
    }[end]
    session.out.object({"cleanup": row, "end": end}, [said, *status_lines(row)])
    failed = row["outcomes"].get("failed", 0)
    return 5 if failed else 0


def pause(ctx: typer.Context) -> None:
    """Stop after the photos in hand. `cleanup run` goes on."""
    from gallery_db import Gallery
    from plugin.cleanup.drive import pause as hold
    from plugin.cleanup.feeder import at_work

    session = Session.of(ctx)
    folders = session.settings().folders
    with Gallery.open(folders.database) as gallery:
        if not at_work(gallery):
            session.out.object({"paused": False}, ["no clean-up is at work; see: iconface cleanup status"])
            return
        hold(gallery, folders.runtime)
    session.out.object({"paused": True}, ["paused; go on with: iconface cleanup run"])


def status(ctx: typer.Context) -> None:
    """How far the latest clean-up is, and what came of it."""
    from plugin.cleanup.wording import status_lines

    session = Session.of(ctx)
    with session.app() as app:
        row = _status(app)
    session.out.object({"cleanup": row}, status_lines(row))


def report(
    ctx: typer.Context,
    output: Annotated[Path, typer.Argument(parser=path, help="a new .html or .csv file, or a folder for both")],
    everything: Annotated[bool, typer.Option("--all", help="of all clean-ups, not only the latest")] = False,
    limit: Annotated[int, typer.Option(min=1, help="at most so many faces with pictures")] = 500,
) -> None:
    """Write what came of it: a page with pictures before and after, and a table. The page is whole in itself."""
    from plugin.cleanup.report import write_report
    from plugin.paths import absolute

    session = Session.of(ctx)
    with session.app() as app, session.out.progress("report", "faces") as progress:
        files = write_report(app, absolute(output), everything=everything, limit=limit, progress=progress)
    session.out.object({"files": [str(f) for f in files]}, [f"written: {f}" for f in files])


def measure(ctx: typer.Context) -> int:
    """Measure faces in all pixels of their photos, where indexing did not. Stop it at any time and run it again."""
    from plugin.job_handlers.measure import measure_missing

    session = Session.of(ctx)
    with session.app() as app, session.out.progress("measuring", "faces") as progress:
        done, failed = measure_missing(app, progress)
    human = [f"{done} faces measured", *(f"not read: {reason}" for reason in failed.values())]
    session.out.object({"measured": done, "failed": failed}, human)
    return 5 if failed else 0


def _filter(
    app: "App",
    people: list[str] | None,
    since: datetime | None,
    root: Path | None,
    limit: int | None,
    min_degradation: float | None,
    min_references: int,
    min_gain: float,
    again: bool,
) -> "PlanFilter":
    from iconface_core.damage.sharpness import SHARP_SCORE
    from plugin.cleanup.plan import PlanFilter

    return PlanFilter(
        people=tuple(app.people.find(p) for p in people or ()),
        since=None if since is None else since.date(),
        root_id=None if root is None else app.roots.find(root)[0].id,
        min_degradation=SHARP_SCORE if min_degradation is None else min_degradation,
        min_references=min_references,
        min_gain=min_gain,
        limit=limit,
        again=again,
    )


def _begin(
    app: "App", session: Session, where: "PlanFilter", restorer: str, hours: Any, *, idle: bool, new: bool
) -> "Run | None":
    """Go on with an unfinished clean-up, or plan and start one. None when the plan is empty."""
    from plugin.cleanup.feeder import at_work, change, current, proceed, start
    from plugin.cleanup.plan import make_plan
    from plugin.cleanup.wording import summary_lines

    with app.gallery.begin(write=False) as tx:
        run = current(tx)
    if not new and run is not None and at_work(app.gallery):
        session.out.note(f"going on with the clean-up of {run.started_at[:16]}: {run.fed} of {run.photos} photos begun")
        with app.gallery.begin() as tx:
            run = change(tx, run, hours=hours, idle=idle)
            proceed(tx, run)
        return run
    made = make_plan(app, where, restorer=restorer)
    for line in summary_lines(made):
        session.out.note(line)
    if not made.items:
        return None
    options = {} if restorer == "auto" else {"restorer": restorer}
    with app.gallery.begin() as tx:
        return start(tx, made.by_photo(), hours=hours, idle=idle, options=options, estimated=made.estimate)


def _status(app: "App") -> dict[str, Any]:
    from plugin.cleanup.feeder import current
    from plugin.cleanup.outcomes import counts, outcomes
    from plugin.job_kinds import CLEANUP_ITEM

    with app.gallery.begin(write=False) as tx:
        run = current(tx)
        if run is None:
            return {"started_at": None, "photos": 0, "faces": 0, "fed": 0, "paused": False, "outcomes": {}}
        found = counts(outcomes(tx, run))
        paused = bool(tx.jobs.paused() & {CLEANUP_ITEM, "*"})
    ended = sum(n for kind, n in found.items() if kind != "waiting")
    return {
        "started_at": run.started_at,
        "photos": run.photos,
        "faces": run.faces,
        "fed": run.fed,
        "faces_ended": ended,
        "finished": run.finished and not found.get("waiting"),
        "paused": paused,
        "hours": run.hours,
        "idle": run.idle,
        "outcomes": found,
    }


def _summary(made: "CleanupPlan") -> dict[str, Any]:
    return {
        "faces": made.faces,
        "measured": made.measured,
        "measured_in_full": made.in_full,
        "degraded": made.degraded,
        "worth_restoring": len(made.items),
        "photos": made.photos,
        "beyond_limit": made.beyond_limit,
        "left_alone": made.left,
    }
