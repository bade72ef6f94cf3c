"""`iconface watch`: the watcher and its worker in the foreground."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from gallery_db.records import JobRecord


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("watch", epilog=SHARED_HELP)(watch)


def watch(ctx: typer.Context) -> None:
    """Watch the library and keep the gallery up to date, until Ctrl-C. In the background: iconface service install.

    A line for everything that happens; with --json or --jsonl an object on each line.
    """
    import signal

    from gallery_db import Gallery
    from plugin.service.run import Service, only_service

    session = Session.of(ctx)
    settings = session.settings()
    with only_service(settings.folders), Gallery.open(settings.folders.database) as gallery:
        service = Service(
            gallery,
            settings,
            session.own_home,
            on_end=lambda job: _say(session, _job_event(job)),
            on_watch=lambda event: _say(session, event),
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.stop())
        session.out.note("watching; Ctrl-C ends it")
        service.run()


def _job_event(job: "JobRecord") -> dict[str, Any]:
    text = job.error if job.state == "failed" else (job.progress or {}).get("text")
    return {"event": "job", "job_id": job.id, "kind": job.kind, "state": job.state, "text": text}


def _say(session: Session, event: Mapping[str, Any]) -> None:
    """One event as a line. Called from several threads: one write each."""
    if session.out.machine:
        session.out.object(event, [])
    elif not session.out.quiet:
        sys.stdout.write(_line(event) + "\n")
        sys.stdout.flush()


def _line(event: Mapping[str, Any]) -> str:
    match event["event"]:
        case "job":
            return f"{event['kind']}: {event['state']}" + (f" ({event['text']})" if event["text"] else "")
        case "changes":
            first, *more = event["paths"]
            return f"changed: {first}" + (f" and {len(more)} more" if more else "")
        case "reconcile":
            return f"comparing {event['path']}: {event['reason']}"
        case "offline":
            return f"offline: {event['reason']}"
        case mode:
            return f"watching {event['path']} by {mode}" + (f": {event['reason']}" if event["reason"] else "")
