"""`iconface integrate list|install|uninstall`: the entries in the menus of file managers, and among the programs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .file_changes import changes_row, needed, outcome_lines
from .output import columns
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from ..file_managers.registry import InstallOutcome, Integration

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="see: iconface integrate list")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only show the changes")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        help='"Restore face" in your file manager\'s menu, Iconface among your programs.',
    )
    commands: dict[str, Callable[..., int | None]] = {"list": show_all, "install": install, "uninstall": uninstall}
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="integrate")


def show_all(ctx: typer.Context) -> None:
    """List the file managers this works with, and the entry among your programs; and whether each is there."""
    from ..file_managers.registry import status

    session = Session.of(ctx)
    rows: list[dict[str, Any]] = [
        {"name": i.name, "title": i.title, "available": i.available(), "status": status(i), "hint": i.hint}
        for i in _known(session)
    ]
    human = columns(
        ["name", "file manager", "here", "entry"],
        [(r["name"], r["title"], "yes" if r["available"] else "no", r["status"]) for r in rows],
    )
    session.out.result("integrations", rows, human)


def install(ctx: typer.Context, names: Names = None, dry_run: DryRun = False) -> int:
    """Put "Restore face" into the menu of every file manager that is here, and Iconface among your programs; or only
    those named. Again: no change."""
    return _change(Session.of(ctx), names or (), wanted=True, dry_run=dry_run)


def uninstall(ctx: typer.Context, names: Names = None, dry_run: DryRun = False) -> int:
    """Take our own entries out again; what you changed in our files is kept as a copy."""
    return _change(Session.of(ctx), names or (), wanted=False, dry_run=dry_run)


def _change(session: Session, names: Sequence[str], *, wanted: bool, dry_run: bool) -> int:
    from ..file_managers.registry import carry_out, chosen

    backups = session.settings().folders.state / "desktop-backups"
    todo = chosen(_known(session), names, wanted=wanted)
    if not todo:
        session.out.note("no file manager that we know is here, and no desktop: iconface integrate list")
    outcomes = [carry_out(i, backups, wanted=wanted, dry_run=dry_run) for i in todo]
    rows = [_row(o) for o in outcomes]
    session.out.result("integrations", rows, [line for o in outcomes for line in _lines(o, dry_run)], dry_run=dry_run)
    failed = sum(o.error is not None for o in outcomes)
    return 0 if not failed else 1 if failed == len(outcomes) else 5


def _known(session: Session) -> "list[Integration]":
    from ..file_managers.added import added_menus
    from ..file_managers.application import application
    from ..file_managers.registry import integrations
    from ..installed_files.command import entry_command, own_command
    from ..installed_files.own_files import UserFolders

    places = UserFolders.of(os.environ, Path.home(), session.settings().folders.data)
    command = entry_command(session.own_home)
    ours = [*integrations(places, command), application(places, own_command(session.own_home))]
    added, _ = added_menus(places, command, [i.name for i in ours])
    return [*ours, *(extension.value for extension in added)]


def _row(outcome: "InstallOutcome") -> dict[str, Any]:
    return {
        "name": outcome.integration.name,
        "title": outcome.integration.title,
        "changes": changes_row(outcome),
        "backups": [str(p) for p in outcome.backups],
        "hint": outcome.integration.hint,
        "error": outcome.error,
    }


def _lines(outcome: "InstallOutcome", dry_run: bool) -> list[str]:
    title, verb = outcome.integration.title, {"create": "wrote", "change": "changed", "remove": "removed"}
    done = [
        *(f"{title}: {verb[c.action]} {c.path}" for c in needed(outcome)),
        *(f"  the file before: {p}" for p in outcome.backups),
    ]
    return outcome_lines(outcome, done, dry_run=dry_run)
