"""`iconface users ...`: who may see the page through a reverse proxy, and what they may do there."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer

from .output import columns
from .session import SHARED_HELP, Session

Name = Annotated[str, typer.Argument(metavar="NAME", help="as the proxy calls them")]
Role = Annotated[
    Literal["viewer", "reviewer", "admin"],
    typer.Argument(
        metavar="ROLE", help="viewer: sees; reviewer: decides too; admin: folders, jobs, forgetting, others' undo too"
    ),
]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="Who may see the page through a reverse proxy."
    )
    commands: dict[str, Callable[..., None]] = {"list": show_all, "add": add, "role": set_role, "remove": remove}
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="users")


def show_all(ctx: typer.Context) -> None:
    """List the users and what each may do."""
    from .. import users

    session = Session.of(ctx)
    with session.app() as app:
        rows = users.listed(app.gallery)
    human = columns(["user", "role"], [(r["user"], r["role"]) for r in rows])
    session.out.result("users", rows, human if rows else ["nobody yet; to let somebody in: iconface users add NAME"])


def add(ctx: typer.Context, name: Name, role: Role = "viewer") -> None:
    """Let somebody in; without ROLE they only look."""
    from .. import users

    session = Session.of(ctx)
    with session.app() as app:
        row = users.add(app.gallery, name, role)
    session.out.object({"user": row}, [f"{name} is let in as {role}"])


def set_role(ctx: typer.Context, name: Name, role: Role) -> None:
    """Change what somebody may do, from their next click on."""
    from .. import users

    session = Session.of(ctx)
    with session.app() as app:
        row = users.set_role(app.gallery, name, role)
    session.out.object({"user": row}, [f"{name} is {role} now"])


def remove(ctx: typer.Context, name: Name) -> None:
    """Let somebody in no more, at once. What they decided stays."""
    from .. import users

    session = Session.of(ctx)
    with session.app() as app:
        users.remove(app.gallery, name)
    session.out.object({"removed": name}, [f"{name} is not let in any more; what they decided stays"])
