"""`iconface doctor | backup | restore-backup | undo | history | forget | demo`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..plain_text import counted
from .output import columns
from .people import DryRun, Who
from .session import SHARED_HELP, Session, path


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    commands: dict[str, Callable[..., int | None]] = {
        "doctor": doctor,
        "backup": backup,
        "restore-backup": restore_backup,
        "undo": undo,
        "history": history,
        "forget": forget,
        "demo": demo,
    }
    for name, command in commands.items():
        root.command(name, epilog=SHARED_HELP)(command)


def doctor(ctx: typer.Context) -> int:
    """Check everything: folders, unreadable photos, models, the database. Changes nothing; exit code 5 on problems."""
    from ..doctor import examine

    session = Session.of(ctx)
    with session.app() as app:
        checks = examine(app)
    rows = [c.row() for c in checks]
    human = [f"{'ok  ' if c.ok else 'BAD '} {c.check}: {c.message}" for c in checks]
    bad = sum(not c.ok for c in checks)
    session.out.result("checks", rows, [*human, counted(bad, "problem") if bad else "all well"], problems=bad)
    return 5 if bad else 0


def backup(
    ctx: typer.Context,
    target: Annotated[Path | None, typer.Argument(parser=path, help="a new file; default: the backups folder")] = None,
    dry_run: DryRun = False,
) -> None:
    """Write a complete copy of the gallery database. Scans make one a day by themselves and keep fourteen."""
    from ..backups import back_up, planned
    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app:
        path = planned(app.settings.folders) if target is None else absolute(target)
        if dry_run:
            session.out.object({"backup": str(path), "dry_run": True}, [f"would write {path}"])
            return
        made = back_up(app.gallery, path)
    session.out.object({"backup": str(made), "bytes": made.stat().st_size}, [f"backup written: {made}"])


def restore_backup(
    ctx: typer.Context,
    source: Annotated[
        Path | None, typer.Argument(parser=path, help="a backup; without it the known ones are listed")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Put a backup in place of the gallery database; the present one is kept beside it. Photos are not concerned.

    A service that runs stops for this moment.
    """
    from ..backups import database_shown, known_backups
    from ..paths import absolute
    from ..service.restart import put_backup_back

    session = Session.of(ctx)
    folders = session.settings().folders
    if source is None:
        rows = [{"path": str(path), "bytes": size} for path, size in known_backups(folders)]
        session.out.result("backups", rows, columns(["backup", "bytes"], [(r["path"], r["bytes"]) for r in rows]))
        return
    path, now = absolute(source), database_shown(folders)
    if not dry_run:
        session.confirm(f"Replace {now} by {path}?")
    kept = None if dry_run else put_backup_back(folders, path)
    session.out.object(
        {"restored": str(path), "kept": None if kept is None else str(kept), "dry_run": dry_run},
        [f"{'would put' if dry_run else 'put'} {path} in place; the database before: {kept or now}"],
    )


def undo(
    ctx: typer.Context,
    decision: Annotated[int | None, typer.Argument(help="a decision id; default: the latest of your own")] = None,
    anybodys: Annotated[bool, typer.Option("--any", help="also what somebody else decided")] = False,
    dry_run: DryRun = False,
) -> None:
    """Take back your latest decision (or any, by id); undoing an undo does it again. A restored copy is removed."""
    from ..reason_words import in_words
    from ..restoring.decisions import undo as take_back

    session = Session.of(ctx)
    with session.app() as app:
        record, removed = take_back(app.moved_copies, app.people, decision, anybodys=anybodys, dry_run=dry_run)
    payload = {"decision_id": record.id, "summary": record.summary, "undoes": record.undoes, "skipped": record.skipped}
    payload |= {"removed": [str(p) for p in removed], "dry_run": dry_run}
    session.out.object({"undo": payload}, [in_words(record.summary), *(f"removed {p}" for p in removed)])


def history(ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, help="at most this many")] = 20) -> None:
    """List decisions, latest first."""
    from ..reason_words import in_words

    session = Session.of(ctx)
    with session.app() as app:
        records = app.people.history(limit=limit)
    rows = [
        {
            "decision_id": r.id,
            "at": r.at,
            "kind": r.kind,
            "summary": r.summary,
            "undone_by": r.undone_by,
            "actor": r.actor,
        }
        for r in records
    ]
    lines = [(r.id, r.at, in_words(r.summary), "undone" if r.undone_by else "", r.actor or "") for r in records]
    named = any(r.actor for r in records)
    human = (
        columns(["id", "at", "what", "", "by"], lines)
        if named
        else columns(["id", "at", "what", ""], [line[:4] for line in lines])
    )
    session.out.result("decisions", rows, human)


def forget(ctx: typer.Context, who: Who, dry_run: DryRun = False) -> None:
    """Purge a person: vectors, name, decisions, references. It cannot be undone; the photos stay."""
    from dataclasses import asdict

    from ..people.forgetting import forget as purge

    session = Session.of(ctx)
    with session.app() as app:
        person = app.people.row(app.people.find(who))
        if dry_run:
            session.out.object(
                {"forget": person, "dry_run": True}, [f"would forget {counted(person['faces'], 'face')}"]
            )
            return
        session.confirm(
            f"Forget {person['name'] or person['person_id']} with {counted(person['faces'], 'face')}, beyond undo?"
        )
        result = purge(app.gallery, app.settings.folders, person["person_id"])
    human = [
        f"forgotten: {counted(result.faces, 'face')}, {counted(result.vectors, 'vector')}, "
        f"{counted(result.decisions, 'decision')}",
        *(f"restored copy still there: {p}" for p in result.outputs),
        "older backups still hold this person; delete them if you must: iconface restore-backup lists them",
    ]
    session.out.object({"forget": asdict(result), "dry_run": False}, human)


def demo(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="a folder for everything the demo makes")] = Path(
        "demo-output"
    ),
    photos: Annotated[
        Path | None, typer.Option(parser=path, help="your own folder of photos instead of the sample")
    ] = None,
) -> int:
    """Show the whole job on a small sample library: people, references, a restored face, before and after."""
    from ..demo.run import run_demo
    from ..paths import absolute

    session = Session.of(ctx)
    with session.out.progress("demo", "photos") as progress:
        report = run_demo(absolute(output), None if photos is None else absolute(photos), progress)
    session.out.object({"demo": report.row()}, report.lines())
    return report.exit_code
