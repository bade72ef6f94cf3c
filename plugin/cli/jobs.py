"""`iconface jobs ...`: the queue. Every command works with and without the service."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from ..rows import Row, job_row
from .output import columns
from .session import SHARED_HELP, Session

Ids = Annotated[list[int], typer.Argument(metavar="JOB...", help="see: iconface jobs list")]
Kind = Annotated[str | None, typer.Argument(help="only this kind, e.g. restore; default: everything")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Work that waits, runs, or failed.")
    commands: dict[str, Callable[..., int | None]] = {
        "list": show_all,
        "show": show,
        "cancel": cancel,
        "retry": retry,
        "pause": pause,
        "resume": resume,
        "run": run,
        "clear": clear,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="jobs")


def show_all(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="only those that failed, with the reason")] = False,
    kind: Annotated[str | None, typer.Option(help="only this kind")] = None,
    everything: Annotated[bool, typer.Option("--all", help="also those that are done or cancelled")] = False,
    limit: Annotated[int, typer.Option(min=1, help="at most this many, the latest")] = 50,
) -> None:
    """List jobs: those that wait, run, or failed."""
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        if failed:
            found, state = queue.listed(kind=kind, states=("failed",), limit=limit)
        elif everything:
            found, state = queue.listed(kind=kind, limit=limit)
        else:
            found, state = queue.listed(kind=kind, states=("waiting", "running", "failed"), limit=limit)
    rows = [job_row(j) for j in found]
    human = columns(
        ["id", "kind", "state", "what", ""], [(r["job_id"], r["kind"], r["state"], r["what"], _why(r)) for r in rows]
    )
    if state.paused:
        human.append(f"{_paused(state.paused)}; iconface jobs resume")
    session.out.result("jobs", rows, human, counts=state.counts, paused=state.paused)


def show(ctx: typer.Context, job: Annotated[int, typer.Argument(help="a job id")]) -> None:
    """Show one job with its payload, progress or result, and the reason if it failed."""
    from ..jobs.jobs import open_jobs
    from .json_words import with_words

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        row = job_row(queue.get(job))
    worded = with_words(row)
    session.out.object({"job": row}, [f"{key:10} {worded[key]}" for key in row if worded[key] is not None])


def cancel(ctx: typer.Context, jobs: Ids) -> int:
    """Cancel jobs; one that runs stops at its next step."""
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        done = queue.cancel(jobs)
    return _report(session, "cancelled", jobs, done, "it has ended already")


def retry(
    ctx: typer.Context,
    jobs: Annotated[list[int] | None, typer.Argument(metavar="[JOB...]", help="see: iconface jobs list")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that failed")] = False,
) -> int:
    """Try failed or cancelled jobs again."""
    from ..errors import UsageError
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    if everything == bool(jobs):
        raise UsageError("name the jobs to retry, or say --all")
    wanted = list(jobs or ())
    with open_jobs(session.settings().folders) as queue:
        if everything:
            wanted, done = queue.retry_failed()
        else:
            done = queue.retry(wanted)
    _wake(session)
    return _report(session, "waiting again", wanted, done, "it did not fail, or the same work waits already")


def pause(ctx: typer.Context, kind: Kind = None) -> None:
    """Start no more jobs; the running one is given back at its next step. It lasts until `jobs resume`."""
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        now = queue.pause(kind)
    _wake(session)
    session.out.object({"paused": now}, [_paused(now)])


def resume(ctx: typer.Context, kind: Kind = None) -> None:
    """Go on."""
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        now = queue.resume(kind)
    _wake(session)
    session.out.object({"paused": now}, [_paused(now)])


def clear(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="also those that failed")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="also cancel those that wait")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count them")] = False,
) -> None:
    """Forget jobs that are done or were cancelled. Results (restored copies, their records) stay."""
    from ..jobs.jobs import open_jobs

    session = Session.of(ctx)
    with open_jobs(session.settings().folders) as queue:
        n = queue.clear(
            ("done", "cancelled", "failed") if failed else ("done", "cancelled"), waiting=waiting, dry_run=dry_run
        )
    session.out.object({"cleared": n, "dry_run": dry_run}, [f"{n} jobs {'would be ' if dry_run else ''}forgotten"])


def run(ctx: typer.Context) -> int:
    """Do all jobs that are due, here and now, and come back. With the service running it does them, and this waits."""
    from ..jobs.jobs import open_jobs
    from ..service.drain import drain

    session = Session.of(ctx)
    settings = session.settings()
    with session.out.progress("jobs", "jobs") as progress:
        rows = [job_row(j) for j in drain(settings, session.own_home, progress)]
    with open_jobs(settings.folders) as queue:
        state = queue.state()
    failed = sum(r["state"] == "failed" for r in rows)
    human = [f"{r['job_id']:6} {r['kind']:12} {r['state']:8} {r['what']}  {_why(r)}" for r in rows]
    human += ["paused: iconface jobs resume"] if state.paused else []
    human += [f"{len(rows)} jobs done, {failed} of them failed; {state.counts['waiting']} wait"]
    session.out.result("jobs", rows, human, counts=state.counts, paused=state.paused)
    return 5 if failed else 0


def _wake(session: Session) -> None:
    from ..service.control import ask

    ask(session.settings().folders.runtime, "wake")


def _report(session: Session, verb: str, wanted: Sequence[int], done: Sequence[int], why_not: str) -> int:
    left = [j for j in wanted if j not in done]
    human = [f"job {j}: {verb}" for j in done] + [f"job {j}: left as it is, {why_not}" for j in left]
    session.out.object({"changed": list(done), "unchanged": left}, human or ["nothing to do"])
    return 5 if left else 0


def _paused(kinds: Sequence[str]) -> str:
    return f"paused: {', '.join('everything' if k == '*' else k for k in kinds)}" if kinds else "nothing is paused"


def _why(job: Row) -> str:
    """The reason of a failure, or how far it is, or what came of it."""
    from ..reason_words import in_words
    from .json_words import said

    if job["error"] is not None:
        return in_words(job["error"])
    progress = job["progress"] or {}
    if job["state"] == "running" and progress.get("total"):
        return f"{progress.get('done', 0)}/{progress['total']} {progress.get('text', '')}".strip()
    return str(said(progress.get("text", "")))
