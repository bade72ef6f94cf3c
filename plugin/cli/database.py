"""`iconface database status | create | copy`."""

from typing import Annotated

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
    root.add_typer(noun, name="database")


def status(ctx: typer.Context) -> None:
    """Show which database the gallery is in, how large it is, and how many are connected to it."""
    from ..databases import facts

    session = Session.of(ctx)
    known = facts(session.folders())
    human = [
        f"{known['database']}: {known['engine']} {known['version']}, schema {known['schema']}",
        f"{known['bytes'] / 1e6:.1f} MB; vectors are searched in {known['index']}",
    ]
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
