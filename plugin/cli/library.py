"""`iconface library ...` and `iconface scan`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import columns
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from ..library.library_scan import LibraryReport


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The folders that hold your photos.")
    noun.command("add", epilog=SHARED_HELP)(add)
    noun.command("list", epilog=SHARED_HELP)(show)
    noun.command("move", epilog=SHARED_HELP)(move)
    noun.command("remove", epilog=SHARED_HELP)(remove)
    noun.command("rules", epilog=SHARED_HELP)(rules)
    root.add_typer(noun, name="library")
    root.command("scan", epilog=SHARED_HELP)(scan)


def add(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(parser=path, help="a folder of photos; it is only ever read")],
    read_only: Annotated[
        bool, typer.Option("--read-only", help="how every folder is opened; accepted for clarity")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check that it may be added")] = False,
) -> None:
    """Add a folder to the library. Nothing in it is ever changed."""
    session = Session.of(ctx)
    with session.app() as app:
        before = {r["root_id"] for r in app.roots.rows()}
        row = app.roots.add(folder, dry_run=dry_run)
    done = "would be added" if dry_run else "added; next: iconface scan"
    if row["root_id"] in before:
        done = "is in the library already"
    session.out.object({"root": row, "dry_run": dry_run}, [f"{row['path']}: {done}"])


def show(ctx: typer.Context) -> None:
    """List the folders of the library."""
    session = Session.of(ctx)
    with session.app() as app:
        rows = app.roots.rows()
    human = columns(
        ["id", "folder", "photos", "state", "restoring", "last scan"],
        [
            (
                r["root_id"],
                r["path"],
                r["photos"],
                "online" if r["online"] else "offline",
                r["rules"]["mode"],
                r["last_scan_at"],
            )
            for r in rows
        ],
    )
    if not all(r["online"] for r in rows):
        human.append("offline: is the drive mounted? If a folder has moved: iconface library move FOLDER NEW")
    session.out.result("roots", rows, human)


def move(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(parser=path, help="a folder of the library, where it was")],
    to: Annotated[Path, typer.Argument(metavar="NEW", parser=path, help="where it is now")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check that it can be done")] = False,
) -> None:
    """Say that a folder lies elsewhere now. Faces, names and everything you decided stay with its photos.

    No file is touched: move or rename the folder first.
    """
    session = Session.of(ctx)
    with session.app() as app:
        before = app.roots.find(folder)[0].path
        row, photos = app.roots.move(folder, to, dry_run=dry_run)
    done = "would be looked for there" if dry_run else "are looked for there now; next: iconface scan"
    session.out.object(
        {"root": row, "moved_from": before, "photos": photos, "dry_run": dry_run},
        [f"{before} -> {row['path']}: {photos} photos {done}"],
    )


def remove(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(parser=path, help="a folder of the library")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
) -> None:
    """Forget a folder with its photos, faces and vectors. The files stay where they are."""
    from ..library.roots import in_words

    session = Session.of(ctx)
    with session.app() as app:
        root, photos = app.roots.find(folder)
        lost = app.roots.at_stake(root.id)
        words = _words(in_words(lost), lost.only_here)
        if not dry_run:
            session.confirm(f"Forget {root.path} and what is known of its {photos} photos? {words}".rstrip())
            app.roots.remove(root.id)
    done = "would be forgotten" if dry_run else "forgotten"
    human = [f"{root.path}: {photos} photos {done}"]
    if words:
        human += [f"        {words}", f"        {_KEEP}"] if dry_run else [f"        {words}"]
    session.out.object({"removed": root.path, "photos": photos, "decisions": asdict(lost), "dry_run": dry_run}, human)


_KEEP = "If the folder has only moved, keep them: iconface library move FOLDER NEW"


def _words(decided: str, only_here: Sequence[str]) -> str:
    """Which decisions go with a folder, and who is in no other; empty when nobody decided anything."""
    out = [f"What you decided about its faces goes with it: {decided}."] if decided else []
    if only_here:
        shown = ", ".join(only_here[:5]) + (", ..." if len(only_here) > 5 else "")
        out.append(f"In no other folder: {shown}.")
    return " ".join(out)


def rules(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(parser=path, help="a folder of the library")],
    auto: Annotated[
        str | None, typer.Option("--auto", metavar="off|propose|auto", help="nothing, ask first, or restore by itself")
    ] = None,
    min_degradation: Annotated[
        float | None, typer.Option(min=0, max=1, help="how degraded a face must be; 0: whatever is not sharp already")
    ] = None,
    min_similarity: Annotated[
        float | None, typer.Option(min=-1, max=1, help="least likeness to the person's photos; -1: being recognised")
    ] = None,
    min_references: Annotated[
        int | None, typer.Option(min=0, help="how many of the person's photos must be there to help")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check and show them")] = False,
) -> None:
    """Show or change what the watcher restores by itself: new degraded faces of people with a name, never others."""
    from ..library.auto_restore_rules import to_rules

    session = Session.of(ctx)
    given = {
        "mode": auto,
        "min_degradation": min_degradation,
        "min_similarity": min_similarity,
        "min_references": min_references,
    }
    with session.app() as app:
        root, _ = app.roots.find(folder)
        row = app.roots.set_rules(root.id, lambda before: to_rules(given, before), dry_run=dry_run)
    human = [
        f"{row['path']}: {row['rules']['mode']}",
        *(f"  {key} {value}" for key, value in row["rules"].items() if key != "mode"),
    ]
    human += ["dry run: nothing was changed"] if dry_run else []
    session.out.object({"root": row, "dry_run": dry_run}, human)


def scan(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(parser=path, help="scan only this folder of the library")] = None,
    re_embed: Annotated[
        bool, typer.Option("--re-embed", help="also make the vectors of the preferred embedder where they are missing")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="read files again that failed before")] = False,
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help="many photos were deleted on purpose: mark them missing")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be read")] = False,
) -> int:
    """Find new and changed photos, their faces, and who is who. Ctrl-C is safe: the next scan goes on from there.

    While another scan runs, of the service or of another terminal, this one waits for its turn.
    """
    from .scan_turn import in_turn

    session = Session.of(ctx)
    with session.app() as app:

        def once() -> "LibraryReport":
            with session.out.progress("scanning", "photos") as progress:
                return app.scans.run(
                    progress,
                    only=None if folder is None else Path(app.roots.find(folder)[0].path),
                    re_embed=re_embed,
                    retry_failed=retry_failed,
                    accept_missing=accept_missing,
                    dry_run=dry_run,
                )

        report = in_turn(session.out, app, once)
    session.out.object({**asdict(report), "dry_run": dry_run}, report.lines(dry_run))
    return report.exit_code
