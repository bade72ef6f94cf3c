"""`iconface import`: names that other programs know."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from ..plain_text import counted
from ..rows import Row, decision_row
from .output import columns, first_lines
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from ..people.importing import ImportDone, NamesFound
    from ..people.named_faces import Conflict

_SOURCES = ("metadata", "picasa", "digikam", "lightroom", "apple-photos", "iphoto", "takeout", "immich")


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("import", epilog=SHARED_HELP)(import_names)


def import_names(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help=", ".join(_SOURCES)),
    ],
    where: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="its database, catalogue, folder or address")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
) -> None:
    """Take over names that another program gave to faces. First it says what that comes to, then it asks; one `undo`
    takes all of it back. What you decided here stays: where the two disagree, the names are listed."""
    from ..name_sources.registry import open_source
    from ..people.importing import as_seen, find_names
    from ..people.importing import import_names as decide

    session = Session.of(ctx)
    chosen = open_source(source, where, os.environ)
    with session.app() as app:
        found = find_names(app.gallery, chosen)
        tried = decide(app.gallery, found, dry_run=True)
        if tried.decision is None or dry_run:
            _show(session, source, found, tried, dry_run=dry_run)
            return
        if not session.out.machine:
            _show(session, source, found, tried, dry_run=True)
        session.confirm(f"Import {counted(len(tried.plan.people), 'person', 'people')} from {source}?")
        done = decide(app.gallery, found, given=as_seen(tried.plan))
    if session.out.machine:
        _show(session, source, found, done, dry_run=False)
    elif done.decision is not None:
        session.out.object({}, [f"imported (decision {done.decision.id}); iconface undo takes it back"])
    session.out.note("faces follow when they are grouped next: with the next scan, or iconface people regroup")


def _show(session: Session, source: str, found: "NamesFound", done: "ImportDone", *, dry_run: bool) -> None:
    plan = done.plan
    row: Row = {
        "source": source,
        "title": found.source,
        "people": [
            {"name": p.name, "person_id": p.person_id, "face_ids": list(p.face_ids), "drawn": len(p.boxes)}
            for p in plan.people
        ],
        "faces": sum(len(p.face_ids) for p in plan.people),
        "drawn": sum(len(p.boxes) for p in plan.people),
        "ignored": len(plan.ignored),
        "known": plan.known,
        "conflicts": [
            {"photo": str(c.photo), "face_id": c.face_id, "name": c.name, "why": c.why, "other": c.other}
            for c in plan.conflicts
        ],
        "unplaced": [{"photo": str(u.photo), "name": u.name} for u in plan.unplaced],
        "unread": [{"path": str(u.path), "why": u.why} for u in found.unread],
        "elsewhere": plan.elsewhere,
    }
    decision = None if done.decision is None else decision_row(done.decision, dry_run=dry_run)
    session.out.object({"import": row, "decision": decision, "dry_run": dry_run}, _lines(row, done))


def _lines(row: Row, done: "ImportDone") -> Iterable[str]:
    plan = done.plan
    yield from columns(
        ["name", "person", "faces", "drawn"],
        [(p.name, p.person_id or "new", len(p.face_ids), len(p.boxes) or "") for p in plan.people],
    )
    if plan.empty:
        yield "there is nothing to import"
    counts = {
        "known": "have the name already",
        "ignored": "would be left out, as there",
        "elsewhere": "are names for photos that are not in the library",
    }
    yield from (f"{row[key]} {words}" for key, words in counts.items() if row[key])
    title = "not taken, for you to decide; with --new where nobody is called so yet"
    yield from first_lines(title, [_conflict(c) for c in plan.conflicts])
    yield from first_lines("somebody in the photo, not sure who", [f"{u.name}: {u.photo}" for u in plan.unplaced])
    yield from first_lines("not read", [f"{u['path']}: {u['why']}" for u in row["unread"]])


def _conflict(c: "Conflict") -> str:
    said = {
        "somebody_else": f"is {c.other or 'not named'} here; if it is not so: iconface faces assign {c.face_id} -p",
        "two_names": f"has another name there too, {c.other}; to choose: iconface faces assign {c.face_id} -p",
        "several_people": "is what several people are called here; to choose: iconface people list",
        "rejected": f"is not this face, you said; if it is: iconface faces assign {c.face_id} -p",
        "left_out": f"has a face that was left out here; if it counts: iconface faces ignore --off {c.face_id}",
        "unusable_name": f"cannot be a name: {c.other}",
    }[c.why]
    return f"{c.name}: {said}{f' {c.name!r}' if said.endswith(' -p') else ''} ({c.photo})"
