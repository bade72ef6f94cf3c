"""`iconface export`: people and faces in the form of another program."""

from pathlib import Path
from typing import Annotated

import typer

from .session import SHARED_HELP, Session, path


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("export", epilog=SHARED_HELP)(export)


def export(
    ctx: typer.Context,
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="csv, json, or what another package adds")],
    out: Annotated[Path, typer.Argument(parser=path, help="a new file")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
) -> None:
    """Write people and their faces to a new file for other programs: names, boxes and photos, no face vectors."""
    from ..exporters import registry
    from ..paths import absolute

    session = Session.of(ctx)
    target = absolute(out)
    known, _ = registry.find_exporters()
    with session.app() as app:
        chosen = registry.check(known, form, target)
        if not dry_run:
            registry.export(app.gallery, chosen, target)
    row = {"format": form, "title": chosen.value.title, "from": chosen.origin, "output": str(target)}
    done = "would write" if dry_run else "wrote"
    session.out.object({"export": row, "dry_run": dry_run}, [f"{done} {target}: {chosen.value.title}"])
