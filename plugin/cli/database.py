"""`iconface database status | create | copy | index`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ..plain_text import counted
from .people import DryRun
from .session import SHARED_HELP, Session

Address = Annotated[str, typer.Argument(help="an address: postgresql://USER@HOST/DATABASE")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="Where the gallery's database is: a file, or a server."
    )
    noun.command("status", epilog=SHARED_HELP)(status)
    noun.command("create", epilog=SHARED_HELP)(create)
    noun.command("copy", epilog=SHARED_HELP)(copy)
    noun.command("index", epilog=SHARED_HELP)(index)
    root.add_typer(noun, name="database")


def status(ctx: typer.Context) -> None:
    """Show which database the gallery is in, how large it is, and how many are connected to it."""
    from ..databases import facts

    session = Session.of(ctx)
    known = facts(session.folders())
    human = [
        f"{known['database']}: {known['engine']} {known['version']}, schema {known['schema']}",
        f"{known['bytes'] / 1e6:.1f} MB",
        *(_index_line(i) for i in known.get("search", []) if i["state"] != "missing"),
    ]
    if not any(i["state"] == "ready" for i in known.get("search", [])):
        human.append(f"vectors are searched on this machine, by the files in {known['index']}")
    if "connections" in known:
        human.append(
            f"{counted(known['connections'], 'connection')}, the oldest transaction {known['oldest_s']:.0f} s old"
        )
    session.out.object({"database": known}, human)


def create(ctx: typer.Context, address: Address, dry_run: DryRun = False) -> None:
    """Make the database on a PostgreSQL server, if it is not there, and the gallery's tables in it.

    A server that lets only its superuser make databases wants what --dry-run prints to be done there first.
    """
    from ..databases import create as make
    from ..databases import place, shown

    session = Session.of(ctx)
    where = place(address, session.folders())
    statements = make(where, dry_run=dry_run)
    done = f'{shown(where)} is ready; next: database = "{shown(where)}" in config.toml, or iconface database copy'
    session.out.object(
        {"database": shown(where), "sql": statements, "dry_run": dry_run}, statements if dry_run else [done]
    )


def copy(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="the file or the address of the database to copy")],
    target: Annotated[str, typer.Argument(help="an empty one: a new file, or the address of one that was created")],
    dry_run: DryRun = False,
) -> None:
    """Copy the gallery from a file to a PostgreSQL server, or back, and compare every row.

    A service that runs stops for this time. A copy that was broken off goes on where it stopped. Photos, restored
    copies and models are not concerned.
    """
    from ..databases import copy as copy_all
    from ..databases import place, shown
    from ..service.restart import alone

    session = Session.of(ctx)
    folders = session.folders()
    one, other = place(source, folders), place(target, folders)
    rows: int | None = None
    said = f"would copy {shown(one)} to {shown(other)}"
    if not dry_run:
        with alone(folders), session.out.progress("copy", "tables") as progress:
            rows = copy_all(one, other, lambda table, _rows: progress.step(table))
        said = f"{shown(other)} holds all {counted(rows, 'row')} of {shown(one)}"
    payload = {"from": shown(one), "to": shown(other), "rows": rows, "dry_run": dry_run}
    session.out.object({"copy": payload}, [said])


def index(
    ctx: typer.Context,
    drop: Annotated[bool, typer.Option("--drop", help="remove it; vectors are searched on each machine again")] = False,
    memory: Annotated[int, typer.Option(min=64, help="megabytes that the server may take while it builds")] = 1_024,
    dry_run: DryRun = False,
) -> None:
    """Build the index by which a PostgreSQL server searches faces itself, with pgvector.

    Others work meanwhile. Broken off, the same command builds anew what is not complete. Without it each machine
    searches in its own memory.
    """
    from ..databases import build_index, drop_index

    session = Session.of(ctx)
    folders = session.folders()
    if drop:
        gone = drop_index(folders, dry_run=dry_run)
        said = f"{'would remove' if dry_run else 'removed'} {counted(gone, 'index', 'indexes')}"
        session.out.object({"dropped": gone, "dry_run": dry_run}, [said])
        return
    with session.out.progress("index", "%") as progress:
        built = build_index(folders, progress, memory_mb=memory, dry_run=dry_run)
    session.out.object({"search": built, "dry_run": dry_run}, [_index_line(i) for i in built] or [_NO_VECTORS])


_NO_VECTORS = "the gallery has no faces yet: build the index after the first scan"

_INDEX_STATES = {
    "ready": "the server searches {faces} of {embedder} itself (index: {mb:.1f} MB)",
    "building": "an index for {embedder} is being built; until then each machine searches its {faces}",
    "unfinished": "the index for {embedder} is not complete: iconface database index builds it anew",
    "missing": "the server has no index for the {faces} of {embedder}: each machine searches them",
}


def _index_line(index: Mapping[str, Any]) -> str:
    faces = counted(index["faces"], "face")
    return _INDEX_STATES[index["state"]].format(faces=faces, embedder=index["embedder"], mb=index["bytes"] / 1e6)
