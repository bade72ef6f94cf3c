"""`iconface service run|install|uninstall|status|stop`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .file_changes import changes_row, needed, outcome_lines
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from ..file_managers.registry import InstallOutcome
    from ..folders import Folders

Ways = Annotated[list[str] | None, typer.Argument(metavar="[WAY...]", help="systemd, autostart, launchd, task")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only show the changes")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="Watch the library and work in the background."
    )
    commands: dict[str, Callable[..., int | None]] = {
        "run": run,
        "install": install,
        "uninstall": uninstall,
        "status": status,
        "stop": stop,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="service")


def run(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="watch the folders of the library")] = True,
    linger: Annotated[
        float | None, typer.Option(min=0, help="end after so many seconds without anything to do")
    ] = None,
) -> None:
    """Be the service, until Ctrl-C, a signal, or `iconface service stop`. Only one runs at a time."""
    from contextlib import nullcontext

    from ..notifications.immediate import troubles_told
    from ..service.run import run_service

    session = Session.of(ctx)
    told = "the service runs; Ctrl-C or `iconface service stop` ends it"
    # Started for a click in a file manager, nobody reads what it prints.
    with nullcontext() if linger is None else troubles_told(session.settings):
        run_service(
            session.settings(), session.own_home, watch=watch, linger_s=linger, on_start=lambda: session.out.note(told)
        )


def status(ctx: typer.Context) -> None:
    """Is the service running, what is it doing, and what waits? Tells the queue without it as well."""
    from ..service.control import ask
    from .service_words import place_lines, queue_lines, service_lines

    session = Session.of(ctx)
    folders = session.settings().folders
    places = {"at_login": _at_login(session), "log": str(folders.state / "service.log")}
    answer = ask(folders.runtime, "status")
    if answer is None or "error" in answer:
        row = {"running": answer is not None, **_queue(folders), "worker": None, "watcher": None, "web": None}
        row |= {"error": answer["error"]} if answer else {}
        first = f"the service runs, but {answer['error']}" if answer else "the service is not running"
        said = [first, *([] if answer else ["start it: iconface service run"])]
    else:
        row = {"running": True, **{k: v for k, v in answer.items() if k != "ok"}}
        said = list(service_lines(answer))
    said += [*queue_lines(row["jobs"], row["paused"]), *place_lines(places["at_login"], folders.state / "service.log")]
    session.out.object({**row, **places}, said)


def _queue(folders: "Folders") -> dict[str, Any]:
    """What waits, read from the gallery itself."""
    from ..jobs.jobs import open_jobs

    with open_jobs(folders) as queue:
        state = queue.state()
    return {"jobs": state.counts, "paused": state.paused}


def _at_login(session: Session) -> list[str]:
    """The ways in which it is started at login."""
    from pathlib import Path

    from ..file_managers.registry import status as installed
    from ..service.autostart import ways_of

    ways = ways_of(session.own_home, Path.home(), session.settings().folders)
    return [way.name for way in ways if installed(way) in ("installed", "outdated")]


def stop(ctx: typer.Context) -> None:
    """Stop the running service; the job it works at is given back and done later."""
    from ..service.client import stop as stop_service

    session = Session.of(ctx)
    stopped = stop_service(session.settings().folders)
    session.out.object({"stopped": stopped}, ["stopped" if stopped else "the service is not running"])


def install(ctx: typer.Context, ways: Ways = None, dry_run: DryRun = False) -> int:
    """Start the service at every login: a systemd user unit, XDG autostart, launchd or Task Scheduler."""
    return _change(Session.of(ctx), ways or (), wanted=True, dry_run=dry_run)


def uninstall(ctx: typer.Context, ways: Ways = None, dry_run: DryRun = False) -> int:
    """Start it no more. Only what is ours is removed."""
    return _change(Session.of(ctx), ways or (), wanted=False, dry_run=dry_run)


def _change(session: Session, names: Sequence[str], *, wanted: bool, dry_run: bool) -> int:
    from pathlib import Path

    from ..file_managers.registry import carry_out
    from ..service.autostart import chosen, ways_of

    folders = session.settings().folders
    todo = chosen(ways_of(session.own_home, Path.home(), folders), names, wanted=wanted)
    outcomes = [carry_out(way, folders.state / "service-backups", wanted=wanted, dry_run=dry_run) for way in todo]
    rows = [_row(o) for o in outcomes]
    session.out.result("ways", rows, [line for o in outcomes for line in _lines(o, wanted, dry_run)], dry_run=dry_run)
    return 1 if any(o.error for o in outcomes) else 0


def _row(outcome: "InstallOutcome") -> dict[str, Any]:
    return {
        "name": outcome.integration.name,
        "changes": changes_row(outcome),
        "hint": outcome.integration.hint,
        "error": outcome.error,
    }


def _lines(outcome: "InstallOutcome", wanted: bool, dry_run: bool) -> list[str]:
    done = [f"{outcome.integration.title}: {c.action} {c.path}" for c in needed(outcome)]
    lines = outcome_lines(outcome, done, dry_run=dry_run)
    if wanted or dry_run or outcome.error is not None or not done:
        return lines
    return [*done, "  it starts no more at login; to end one that still runs: iconface service stop"]
