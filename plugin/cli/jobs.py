"""`iconface jobs ...`: the queue. Every command works with and without the service."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import columns
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from gallery_db import Gallery
    from gallery_db.records import JobRecord, JobState

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
    session = Session.of(ctx)
    with _queue(session) as gallery, gallery.begin(write=False) as tx:
        chosen: tuple[JobState, ...] = ("failed",) if failed else ("waiting", "running", "failed")
        states = None if everything and not failed else chosen
        jobs = tx.jobs.find(kind=kind, states=states)[-limit:]
        counts, paused = dict(tx.jobs.counts(kind)), sorted(tx.jobs.paused())
    _check(kind, (j.kind for j in jobs))
    human = columns(["id", "kind", "state", "what", ""], [(j.id, j.kind, j.state, _what(j), _why(j)) for j in jobs])
    if paused:
        human.append(f"paused: {', '.join('everything' if k == '*' else k for k in paused)}; iconface jobs resume")
    session.out.result("jobs", [job_row(j) for j in jobs], human, counts=counts, paused=paused)


def show(ctx: typer.Context, job: Annotated[int, typer.Argument(help="a job id")]) -> None:
    """Show one job with its payload, progress or result, and the reason if it failed."""
    from .json_words import with_words

    session = Session.of(ctx)
    with _queue(session) as gallery, gallery.begin(write=False) as tx:
        record = tx.jobs.get(job)
    row = job_row(record)
    worded = with_words(row)
    session.out.object({"job": row}, [f"{key:10} {worded[key]}" for key in row if worded[key] is not None])


def cancel(ctx: typer.Context, jobs: Ids) -> int:
    """Cancel jobs; one that runs stops at its next step."""
    session = Session.of(ctx)
    with _queue(session) as gallery, gallery.begin() as tx:
        done = [j.id for j in map(tx.jobs.get, jobs) if tx.jobs.cancel(j.id, time.time())]
    return _report(session, "cancelled", jobs, done, "it has ended already")


def retry(
    ctx: typer.Context,
    jobs: Annotated[list[int] | None, typer.Argument(metavar="[JOB...]", help="see: iconface jobs list")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that failed")] = False,
) -> int:
    """Try failed or cancelled jobs again."""
    from ..errors import UsageError

    session = Session.of(ctx)
    if everything == bool(jobs):
        raise UsageError("name the jobs to retry, or say --all")
    with _queue(session) as gallery, gallery.begin() as tx:
        wanted = [j.id for j in tx.jobs.find(states=("failed",))] if everything else list(jobs or ())
        done = [j for j in wanted if tx.jobs.retry(j)]
    _wake(session)
    return _report(session, "waiting again", wanted, done, "it did not fail, or the same work waits already")


def pause(ctx: typer.Context, kind: Kind = None) -> None:
    """Start no more jobs; the running one is given back at its next step. It lasts until `jobs resume`."""
    _pause(Session.of(ctx), kind, paused=True)


def resume(ctx: typer.Context, kind: Kind = None) -> None:
    """Go on."""
    _pause(Session.of(ctx), kind, paused=False)


def clear(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="also those that failed")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="also cancel those that wait")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count them")] = False,
) -> None:
    """Forget jobs that are done or were cancelled. Results (restored copies, their records) stay."""
    session = Session.of(ctx)
    states: tuple[JobState, ...] = ("done", "cancelled", "failed") if failed else ("done", "cancelled")
    with _queue(session) as gallery, gallery.begin(write=not dry_run) as tx:
        live = tx.jobs.find(states=("waiting",)) if waiting else []
        if dry_run:
            n = len(tx.jobs.find(states=states)) + len(live)
        else:
            for job in live:
                tx.jobs.cancel(job.id, time.time())
            n = tx.jobs.purge(time.time() + 1, states=states)
    session.out.object({"cleared": n, "dry_run": dry_run}, [f"{n} jobs {'would be ' if dry_run else ''}forgotten"])


def run(ctx: typer.Context) -> int:
    """Do all jobs that are due, here and now, and come back. With the service running it does them, and this waits."""
    from ..errors import BusyError
    from ..service.lock import only_service
    from ..service.run import make_supervisor

    session = Session.of(ctx)
    ended: list[JobRecord] = []
    settings = session.settings()
    with _queue(session) as gallery, session.out.progress("jobs", "jobs") as progress:

        def on_end(job: "JobRecord") -> None:
            if job.state in ("done", "failed"):
                ended.append(job)
                progress.step(_what(job))

        with gallery.begin(write=False) as tx:
            before = {j.id for j in tx.jobs.find(states=("waiting", "running"))}
        progress.total(len(before))
        while True:
            try:
                with only_service(settings.folders):
                    make_supervisor(gallery, settings, session.own_home, on_end).run(drain=True)
                break
            except BusyError:
                if _service_ends_them(gallery, settings.folders.runtime, before, on_end):
                    break
        with gallery.begin(write=False) as tx:
            counts, paused = dict(tx.jobs.counts()), sorted(tx.jobs.paused())
    failed = sum(j.state == "failed" for j in ended)
    human = [f"{j.id:6} {j.kind:12} {j.state:8} {_what(j)}  {_why(j)}" for j in ended]
    human += ["paused: iconface jobs resume"] if paused else []
    human += [f"{len(ended)} jobs done, {failed} of them failed; {counts['waiting']} wait"]
    session.out.result("jobs", [job_row(j) for j in ended], human, counts=counts, paused=paused)
    return 5 if failed else 0


def _service_ends_them(
    gallery: "Gallery", runtime: Path, wanted: set[int], on_end: Callable[["JobRecord"], None]
) -> bool:
    """Wait until the service has ended these jobs, those it will try again later left out. False when it is gone
    before; then the rest is in `wanted`."""
    from gallery_db.errors import NotFoundError

    from ..service.control import ask

    while wanted:
        jobs = []
        with gallery.begin(write=False) as tx:
            paused = tx.jobs.paused()
            for job_id in sorted(wanted):
                try:
                    jobs.append(tx.jobs.get(job_id))
                except NotFoundError:  # cleared in the meantime
                    wanted.discard(job_id)
        for job in jobs:
            later = job.state == "waiting" and (job.run_after > time.time() or {job.kind, "*"} & paused)
            if job.state not in ("waiting", "running") or later:
                wanted.discard(job.id)
                on_end(job)
        time.sleep(0.3)
        if wanted and ask(runtime, "ping") is None:
            return False
    return True


@contextmanager
def _queue(session: Session) -> Generator["Gallery"]:
    """The gallery, with everything that waits in the inbox in its queue."""
    from gallery_db import Gallery

    from ..jobs.inbox import collect

    folders = session.settings().folders
    with Gallery.open(folders.database) as gallery:
        collect(folders.inbox, gallery)
        yield gallery


def _pause(session: Session, kind: str | None, *, paused: bool) -> None:
    from gallery_db.jobs.queue import EVERYTHING

    with _queue(session) as gallery, gallery.begin() as tx:
        _check(kind, {EVERYTHING} if paused else {EVERYTHING, *tx.jobs.paused()})
        (tx.jobs.pause if paused else tx.jobs.resume)(kind or EVERYTHING)
        now = sorted(tx.jobs.paused())
    _wake(session)
    said = f"paused: {', '.join('everything' if k == '*' else k for k in now)}" if now else "nothing is paused"
    session.out.object({"paused": now}, [said])


def _check(kind: str | None, others: Iterable[str]) -> None:
    """Raises UsageError for a kind of job that is neither this release's nor one of `others`."""
    from ..errors import UsageError
    from ..jobs.registry import HANDLERS

    if kind is not None and kind not in {*HANDLERS, *others}:
        raise UsageError(f"there is no kind of job {kind!r}; there are: {', '.join(sorted(HANDLERS))}")


def _wake(session: Session) -> None:
    from ..service.control import ask

    ask(session.settings().folders.runtime, "wake")


def _report(session: Session, verb: str, wanted: Sequence[int], done: Sequence[int], why_not: str) -> int:
    left = [j for j in wanted if j not in done]
    human = [f"job {j}: {verb}" for j in done] + [f"job {j}: left as it is, {why_not}" for j in left]
    session.out.object({"changed": list(done), "unchanged": left}, human or ["nothing to do"])
    return 5 if left else 0


def job_row(job: "JobRecord") -> dict[str, Any]:
    """The JSON row of a job."""
    return {
        "job_id": job.id,
        "kind": job.kind,
        "state": job.state,
        "what": _what(job),
        "origin": job.origin,
        "priority": job.priority,
        "attempts": job.attempts,
        "run_after": job.run_after,
        "error": _printable(job.error),
        "payload": _printable(job.payload),
        "progress": _printable(job.progress),
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }


def _what(job: "JobRecord") -> str:
    """What the job is about, in a few words."""
    payload = job.payload
    if "path" in payload:
        return str(_printable(payload["path"]))
    if "paths" in payload:
        return f"{len(payload['paths'])} files"
    return f"folder {payload['root_id']}" if "root_id" in payload else ""


def _why(job: "JobRecord") -> str:
    """The reason of a failure, or how far it is, or what came of it."""
    from ..reason_words import in_words
    from .json_words import said

    if job.error is not None:
        return in_words(job.error)
    progress = job.progress or {}
    if job.state == "running" and progress.get("total"):
        return f"{progress.get('done', 0)}/{progress['total']} {_printable(progress.get('text', ''))}".strip()
    return str(_printable(said(progress.get("text", ""))))


def _printable(value: Any) -> Any:
    """The same with every name that is not UTF-8 shown with escapes: such text cannot be printed."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if isinstance(value, dict):
        return {k: _printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_printable(v) for v in value]
    return value
