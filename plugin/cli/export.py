"""`iconface export`: people and faces in the form of another program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..plain_text import counted
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from ..exporters.sidecars import SidecarsDone

_SHOWN = 20


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("export", epilog=SHARED_HELP)(export)


def export(
    ctx: typer.Context,
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="sidecars, immich, csv, json, or what another package adds")
    ],
    out: Annotated[
        str | None, typer.Argument(metavar="[OUT]", help="a new file, or the address of the server; not for sidecars")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
) -> None:
    """Write people and their faces for other programs: names, boxes and photos, no face vectors. `sidecars` writes
    them, and the dates that you stated, into an .xmp file beside each photo, never into a photo, and keeps what others
    wrote there; do it again after you renamed people. `immich` tells an Immich server who is who in the photos that it
    has too: first it says what that comes to, then it asks; what somebody named there stays. Other formats are a new
    file."""
    from ..errors import UsageError
    from ..exporters import registry
    from ..paths import absolute
    from .export_immich import export_immich

    session = Session.of(ctx)
    if form == registry.SIDECARS:
        if out is not None:
            raise UsageError("sidecars lie beside the photos: leave OUT away")
        _sidecars(session, dry_run=dry_run)
        return
    if form == registry.IMMICH:
        export_immich(session, out or "", dry_run=dry_run)
        return
    if not out:
        raise UsageError(f"name a new file: iconface export {form} FILE")
    target = absolute(Path(out))
    known, _ = registry.find_exporters()
    with session.app() as app:
        chosen = registry.check(known, form, target)
        if not dry_run:
            registry.export(app.gallery, chosen, target)
    row = {"format": form, "title": chosen.value.title, "from": chosen.origin, "output": str(target)}
    done = "would write" if dry_run else "wrote"
    session.out.object({"export": row, "dry_run": dry_run}, [f"{done} {target}: {chosen.value.title}"])


def _sidecars(session: Session, *, dry_run: bool) -> None:
    from ..exporters.sidecars import export_sidecars

    with session.app() as app:
        done = export_sidecars(app.gallery, dry_run=dry_run)
    row = {
        "format": "sidecars",
        "new": [str(p) for p in done.new],
        "changed": [str(p) for p in done.changed],
        "removed": [str(p) for p in done.removed],
        "unchanged": done.unchanged,
        "differing": [{"photo": str(p), "name": name} for p, name in done.differing],
        "dated": [str(p) for p in done.dated],
        "problems": [{"photo": str(p), "why": why} for p, why in done.problems],
    }
    session.out.object({"export": row, "dry_run": dry_run}, _lines(done, dry_run=dry_run))


def _lines(done: "SidecarsDone", *, dry_run: bool) -> list[str]:
    would = "would be " if dry_run else ""
    counts = ((done.new, "new"), (done.changed, "changed"), (done.removed, "removed"))
    lines = [f"{counted(len(paths), 'sidecar')} {would}{what}" for paths, what in counts if paths]
    if done.unchanged:
        lines.append(f"{counted(done.unchanged, 'sidecar')} as they should be")
    for title, items in (
        ("called otherwise by another program, and left so", [f"{name}: {photo}" for photo, name in done.differing]),
        ("dated otherwise by another program, and left so", [str(photo) for photo in done.dated]),
        ("not written", [f"{photo}: {why}" for photo, why in done.problems]),
    ):
        if items:
            lines.append(f"{title} ({len(items)}):")
            lines += [f"  {line}" for line in items[:_SHOWN]]
            if len(items) > _SHOWN:
                lines.append(f"  and {len(items) - _SHOWN} more: --json lists all")
    return lines or ["nobody has a name yet: iconface people name"]
