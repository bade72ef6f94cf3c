"""`iconface group-photo PHOTO`: who is where on one photo, as a page to be printed."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..plain_text import counted
from .session import SHARED_HELP, Session, path


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("group-photo", epilog=SHARED_HELP)(group_photo)


def group_photo(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(parser=path, metavar="PHOTO", help="a photo of the library")],
    out: Annotated[
        Path, typer.Option(parser=path, metavar="FOLDER|FILE.html", help="where to; a folder gets PHOTO.html")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> int:
    """Write a page of one photo for printing: a number at each face, and the names row by row, from the left.

    One page that is whole in itself, for any browser; print it there, or save it as PDF.
    """
    from ..albums.group_photo import row_words, write_group_photo
    from ..languages import best, of_environment
    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app:
        language = best(app.settings.language, of_environment(os.environ))
        made = write_group_photo(app, absolute(photo), absolute(out), force=force, language=language)
    group = made.group
    row = {
        "output": str(made.path),
        "photo": group.photo.path,
        "rows": [
            [
                {"number": f.number, "face_id": f.face_id, "person_id": f.person_id, "person_name": f.name,
                 "confirmed": f.sure}
                for f in some
            ]
            for some in group.rows
        ],
    }  # fmt: skip
    named = sum(f.name is not None for f in group.faces)
    human = [f"written: {made.path}: {counted(len(group.faces), 'face')}, {named} with a name"]
    for n, some in enumerate(group.rows):
        names = ", ".join(f"{f.number} {f.name or '-'}{'' if f.sure or not f.name else '?'}" for f in some)
        human.append(f"{row_words(n, len(group.rows))}: {names}")
    session.out.object({"group_photo": row}, human)
    return 0
