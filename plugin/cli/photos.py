"""`iconface photos ...`: when photos were taken, and what you say about that."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..rows import Row, decision_row
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from ..people.when_taken import When

Photos = Annotated[list[Path], typer.Argument(metavar="PHOTO...", parser=path, help="photos of the library")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="When your photos were taken.")
    noun.command("when", epilog=SHARED_HELP)(when)
    noun.command("date", epilog=SHARED_HELP)(date)
    root.add_typer(noun, name="photos")


def when(
    ctx: typer.Context,
    photos: Annotated[
        list[Path] | None, typer.Argument(metavar="[PHOTO...]", parser=path, help="photos of the library")
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="all photos of this person (id or name) without a date, or with a doubtful one")
    ] = None,
) -> None:
    """Say when photos were taken, and of those without a date in which years they probably were: by how old everybody
    in them looks, when they were born, and their photos that have a date. A date is doubted when nobody in the photo
    looks it, such as the day of the scan. Four of five ranges are right; nothing is written: `photos date` does."""
    from ..errors import UsageError
    from ..paths import absolute
    from ..people.when_taken import when_taken, when_taken_of

    if bool(photos) is (person is not None):
        raise UsageError("name photos, or somebody with --person")
    session = Session.of(ctx)
    with session.app() as app:
        if person is not None:
            found = when_taken_of(app.gallery, app.when_taken, app.people.find(person))
        else:
            found = when_taken(app.gallery, app.when_taken, [absolute(p) for p in photos or ()])
    lines = [line for w in found for line in _lines(w)]
    session.out.result("photos", [_row(w) for w in found], lines or ["every photo has a date that may well be right"])


def date(
    ctx: typer.Context,
    photos: Photos,
    said: Annotated[
        str | None,
        typer.Option("--as", metavar="WHEN", help="1957, 1957-06, 1957-06-12 or from one to another: 1955/1959"),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="the years that `photos when` proposes")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="the file's date is right, or nobody knows: propose none")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change")] = False,
) -> None:
    """Say when photos were taken. It counts from then on for timelines, albums and references, and goes into sidecars
    with `export sidecars`; the photos stay as they are. `undo` takes it back."""
    from ..errors import UsageError
    from ..paths import absolute
    from ..people.when_taken import date_as_proposed, date_photos, read_date

    if sum((said is not None, accept, keep)) != 1:
        raise UsageError("say when with --as, or one of --accept and --keep")
    span = None if said is None else read_date(said)
    session = Session.of(ctx)
    paths = [absolute(p) for p in photos]
    with session.app() as app:
        if accept:
            done = date_as_proposed(app.gallery, app.when_taken, paths, dry_run=dry_run)
        else:
            done = [date_photos(app.gallery, paths, span, dry_run=dry_run)]
    rows = [decision_row(d, dry_run=dry_run) for d in done]
    session.out.result("decisions", rows, _decided(rows, dry_run=dry_run))


def _decided(rows: Sequence[Row], *, dry_run: bool) -> list[str]:
    from ..reason_words import in_words

    tail = " (dry run: nothing was changed)" if dry_run else "; take it back with: iconface undo"
    return [in_words(row["summary"]) + tail for row in rows]


def _row(w: "When") -> Row:
    proposed = None if w.proposed is None else {"years": w.proposed.text, "median": w.year}
    said = None if w.said is None else w.said.text
    row = {"photo": w.photo.path, "standing": w.standing, "captured_at": w.photo.captured_at}
    return row | {"said": said, "file_date": w.photo.file_date, "proposed": proposed, "reasons": list(w.reasons)}


def _lines(w: "When") -> list[str]:
    from ..dates import day, span_words
    from ..reason_words import all_in_words

    by_file = day(w.photo.file_date)
    standing = {
        "said": f"{'' if w.said is None else span_words(w.said)}, as you said",
        "file": f"{by_file}, by its file",
        "doubted": f"{by_file} by its file, which nobody in it looks",
        "undated": "no date",
        "left": "no date, and none is to be proposed",
    }[w.standing]
    lines = [w.photo.path, f"  {standing}"]
    if w.proposed is not None:
        lines.append(f"  probably {span_words(w.proposed)}:")
        lines += [f"    {words}" for words in all_in_words(w.reasons)]
    elif w.standing in ("undated", "doubted"):
        lines.append("  nobody in it tells the years")
    return lines
