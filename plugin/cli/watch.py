"""`iconface watch`: the watcher and its worker in the foreground."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from ..plain_text import shown
from ..rows import job_event
from .output import flush, say
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from ..settings import Settings


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("watch", epilog=SHARED_HELP)(watch)


def watch(ctx: typer.Context) -> None:
    """Watch the library and keep the gallery up to date, until Ctrl-C. In the background: iconface service install.

    A line for everything that happens; with --json or --jsonl an object on each line. While the service watches, this
    shows what comes of it.
    """
    from ..errors import BusyError
    from ..service.control import ask
    from ..service.lock import only_service

    session = Session.of(ctx)
    settings = session.settings()
    try:
        with only_service(settings.folders):
            restarting = _watch(session, settings)
    except BusyError:
        if ask(settings.folders.runtime, "ping") is None:
            raise
        _follow(session, settings)
        return
    if restarting:
        from ..service.restart import start_anew

        start_anew(settings.folders.runtime)


def _watch(session: Session, settings: "Settings") -> bool:
    """Be the one who watches. Returns whether to start again."""
    from ..service.run import watch_here

    return watch_here(
        settings,
        session.own_home,
        on_start=lambda: session.out.note("watching; Ctrl-C ends it"),
        on_end=lambda job: _say(session, job_event(job)),
        on_watch=lambda event: _say(session, event),
    )


def _follow(session: Session, settings: "Settings") -> None:
    """Show the jobs that the service ends, until Ctrl-C or until it is gone."""
    from ..service.drain import follow

    session.out.note("the service watches already; this shows what it does. Ctrl-C ends only the showing")
    try:
        for job in follow(settings.folders):
            _say(session, job_event(job))
    except KeyboardInterrupt:
        return
    session.out.note("the service has ended")


def _say(session: Session, event: Mapping[str, Any]) -> None:
    """One event as a line. Called from several threads: one write each."""
    if session.out.machine:
        session.out.object(event, [])
    elif not session.out.quiet:
        say(shown(_line(event)))
        flush()


def _line(event: Mapping[str, Any]) -> str:
    match event["event"]:
        case "job":
            from .json_words import said

            return f"{event['kind']}: {event['state']}" + (f" ({said(event['text'])})" if event["text"] else "")
        case "changes":
            first, *more = event["paths"]
            return f"changed: {first}" + (f" and {len(more)} more" if more else "")
        case "reconcile":
            return f"comparing {event['path']}: {event['reason']}"
        case "offline":
            return f"offline: {event['reason']}"
        case mode:
            return f"watching {event['path']} by {mode}" + (f": {event['reason']}" if event["reason"] else "")
