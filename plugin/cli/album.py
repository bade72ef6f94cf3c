"""`iconface album PERSON`: one person through the years, as a page to be printed and given away."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..plain_text import counted
from .people import Who
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from iconface_core.reasons import Reason


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("album", epilog=SHARED_HELP)(album)


def album(
    ctx: typer.Context,
    who: Who,
    out: Annotated[
        Path, typer.Option(parser=path, metavar="FOLDER|FILE.html", help="where to; a folder gets PERSON.html")
    ] = Path(),
    per_year: Annotated[int, typer.Option(min=1, help="at least so many photos of every year, where there are")] = 1,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> int:
    """Write an album of one person for printing: their photos through the years, restored faces beside the originals.

    One page that is whole in itself, for any browser; print it there, or save it as PDF.
    """
    from ..albums.page import write_album
    from ..languages import best, of_environment
    from ..paths import absolute

    session = Session.of(ctx)
    with session.app() as app, session.out.progress("album", "photos") as progress:
        made = write_album(
            app,
            app.people.find(who),
            absolute(out),
            per_year=per_year,
            force=force,
            progress=progress,
            language=best(app.settings.language, of_environment(os.environ)),
        )
    row = {
        "output": str(made.path),
        "person_id": made.person.id,
        "person_name": made.person.name,
        "photos": made.photos,
        "restored": made.restored,
        "left_out": made.left_out,
    }
    human = [
        f"written: {made.path}: {counted(made.photos, 'photo')}, {made.restored} of them with the face restored",
        *_left_out(made.left_out),
    ]
    session.out.object({"album": row}, human)
    return 5 if made.left_out else 0


def _left_out(left_out: "Mapping[str, Reason]") -> "Iterator[str]":
    """A line for each reason: a drive that is not there is one, whatever it holds."""
    from ..reason_words import in_words

    by_words: dict[str, list[str]] = {}
    for photo, why in left_out.items():
        by_words.setdefault(in_words(why), []).append(photo)
    for words, photos in by_words.items():
        more = f" and {len(photos) - 1} more" if len(photos) > 1 else ""
        yield f"left out: {photos[0]}{more}: {words}"
