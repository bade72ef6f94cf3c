"""`iconface faces ...`: single faces, and what you say about them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..rows import decision_row
from .output import columns
from .people import DryRun, FaceIds, show_decision
from .session import SHARED_HELP, Session, path

PersonOption = Annotated[str, typer.Option("--person", "-p", metavar="PERSON", help="a person's id or name")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The faces in your photos.")
    commands: dict[str, Callable[..., int | None]] = {
        "list": show_all,
        "show": show,
        "assign": assign,
        "confirm": confirm,
        "reject": reject,
        "unassign": unassign,
        "ignore": ignore,
        "add": add,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="faces")


def show_all(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", "-p", help="only this person's (id or name)")] = None,
    photo: Annotated[Path | None, typer.Option(parser=path, help="only those in this photo")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="only faces without a person")] = False,
    everything: Annotated[bool, typer.Option("--all", help="also ignored faces")] = False,
    after: Annotated[int, typer.Option(help="only face ids above this one (for paging)")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="at most this many")] = None,
) -> None:
    """List faces in order of id."""
    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app:
        rows = app.people.faces(
            person_id=None if person is None else app.people.find(person),
            photo=None if photo is None else absolute(photo),
            assigned=False if unassigned else None,
            ignored=everything,
            after_id=after,
            limit=limit,
        )
    human = columns(
        ["face", "person", "quality", "score", "state", "photo"],
        [
            (
                r["face_id"],
                r["person_name"] or (f"person {r['person_id']}" if r["person_id"] else "-"),
                r["quality"],
                r["det_score"],
                "confirmed" if r["confirmed"] else r["state"],
                r["photo"],
            )
            for r in rows
        ],
    )
    session.out.result("faces", rows, human)


def show(ctx: typer.Context, face: Annotated[int, typer.Argument(help="face id")]) -> None:
    """Show all that is known of one face."""
    session = Session.of(ctx)
    with session.app() as app:
        row = app.people.face(face)
    session.out.object({"face": row}, [f"{key:12} {value}" for key, value in row.items()])


def assign(
    ctx: typer.Context,
    faces: FaceIds,
    person: PersonOption,
    new: Annotated[bool, typer.Option("--new", help="PERSON is the name of somebody new")] = False,
    dry_run: DryRun = False,
) -> None:
    """Say whose faces these are. From then on they are confirmed and never move by themselves."""

    session = Session.of(ctx)
    with session.app() as app:
        decide = app.people.deciding(dry_run=dry_run)
        done = decide.assign_new(faces, person) if new else decide.assign(faces, app.people.find(person))
    show_decision(session, decision_row(done, dry_run=dry_run))


def confirm(ctx: typer.Context, faces: FaceIds, dry_run: DryRun = False) -> None:
    """Say that these faces are the person they are grouped with."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).confirm(faces)
    show_decision(session, decision_row(done, dry_run=dry_run))


def reject(
    ctx: typer.Context,
    faces: FaceIds,
    person: Annotated[str | None, typer.Option("--person", "-p", help="default: whoever each face has now")] = None,
    dry_run: DryRun = False,
) -> None:
    """Say that these faces are not that person. It is remembered for ever."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).reject(faces, None if person is None else app.people.find(person))
    show_decision(session, decision_row(done, dry_run=dry_run))


def unassign(ctx: typer.Context, faces: FaceIds, dry_run: DryRun = False) -> None:
    """Give faces back to grouping as undecided."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).unassign(faces)
    show_decision(session, decision_row(done, dry_run=dry_run))


def ignore(
    ctx: typer.Context,
    faces: FaceIds,
    off: Annotated[bool, typer.Option("--off", help="take it back")] = False,
    dry_run: DryRun = False,
) -> None:
    """Not a face, or never mind whose."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).ignore_faces(faces, not off)
    show_decision(session, decision_row(done, dry_run=dry_run))


def add(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(parser=path, help="a photo of the library")],
    x1: Annotated[float, typer.Argument(help="left, pixels of the upright photo")],
    y1: Annotated[float, typer.Argument(help="top")],
    x2: Annotated[float, typer.Argument(help="right")],
    y2: Annotated[float, typer.Argument(help="bottom")],
    person: Annotated[str | None, typer.Option("--person", "-p", help="whose face it is (id or name)")] = None,
    dry_run: DryRun = False,
) -> None:
    """Add a face that was not found, as a box drawn by hand."""
    from iconface_core.types import BBox

    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app:
        who = None if person is None else app.people.find(person)
        decision = app.drawn_faces.add(absolute(photo), BBox(x1, y1, x2, y2), who, dry_run=dry_run)
    show_decision(session, decision_row(decision, dry_run=dry_run))
