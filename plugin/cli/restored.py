"""`iconface restore list | show | accept | reject`: what was restored or proposed, and what the user says of it.

The commands live under `restored`; `iconface restore list` is the same (plugin/cli/main.py), because `restore` itself
takes photos.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import columns
from .people import DryRun
from .session import SHARED_HELP, Session, path

VERBS = frozenset({"list", "show", "accept", "reject"})
"""The first word after `restore` that means one of these commands, not a photo of that name."""

Which = Annotated[list[str], typer.Argument(metavar="ID|PATH...", help="a restoration's id, its copy, or the photo")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    group = typer.Typer(help="What was restored or proposed: look at it, accept it, reject it.", no_args_is_help=True)
    group.command("list", epilog=SHARED_HELP)(list_)
    group.command("show", epilog=SHARED_HELP)(show)
    group.command("accept", epilog=SHARED_HELP)(accept)
    group.command("reject", epilog=SHARED_HELP)(reject)
    root.add_typer(group, name="restored")


def list_(
    ctx: typer.Context,
    photo: Annotated[Path | None, typer.Argument(parser=path, help="only of this photo")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="done, refused, unseen, undone, proposed or rejected; may be repeated"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most this many")] = 50,
) -> None:
    """List restorations and proposals, latest first."""
    from ..paths import absolute
    from ..restoring.listing import history, restoration_row

    session = Session.of(ctx)
    with session.app() as app:
        where = None if photo is None else absolute(photo)
        rows = [restoration_row(r) for r in history(app.moved_copies, photo=where, states=state or (), limit=limit)]
    table = columns(
        ["id", "at", "state", "decided", "copy", "v", "photo"],
        [
            (r["restoration_id"], r["created_at"][:16], r["state"], r["decided"], r["file"], r["version"], r["photo"])
            for r in rows
        ],
    )
    session.out.result("restorations", rows, table)


def show(ctx: typer.Context, which: Annotated[str, typer.Argument(metavar="ID|PATH")]) -> None:
    """Everything that is kept of a restoration: who, which references, the identity check, where the copy is."""
    from ..restoring.decisions import find
    from ..restoring.listing import restoration_row

    session = Session.of(ctx)
    with session.app() as app:
        rows = [restoration_row(r) for r in find(app.moved_copies, _name(which))]
    session.out.result("restorations", rows, [line for row in rows for line in _lines(row)])


def accept(
    ctx: typer.Context,
    which: Which,
    enqueue: Annotated[
        bool, typer.Option("--enqueue", help="proposals: leave the work to the service or to `iconface jobs run`")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    """Say that results are good, so that no algorithm replaces them. An accepted proposal is restored."""
    from ..reason_words import in_words
    from ..restoring.decisions import accept as accept_output
    from ..restoring.decisions import find_first
    from ..restoring.proposals import enqueue as leave
    from ..restoring.proposals import fulfil
    from ..restoring.result import FaceResult, exit_code

    session = Session.of(ctx)
    rows: list[dict[str, Any]] = []
    human: list[str] = []
    results: list[FaceResult] = []
    with session.app() as app:
        entries = find_first(app.moved_copies, map(_name, which))
        for first in entries:
            if first.state != "proposed":
                accept_output(app.moved_copies, str(first.id), dry_run=True)  # nothing is done when one cannot be
        for first in entries:
            row: dict[str, Any] = {"restoration_id": first.id, "photo": first.photo, "dry_run": dry_run}
            if first.state != "proposed":
                record = accept_output(app.moved_copies, str(first.id), dry_run=dry_run)
                rows.append({**row, "decision_id": record.id, "summary": record.summary, "results": [], "job_id": None})
                human.append(in_words(record.summary))
                continue
            done = [] if dry_run or enqueue else fulfil(app.gallery, app.restoring, first)
            job = leave(app.gallery, first) if enqueue and not dry_run else None
            results += done
            summary = f"accepted the proposal for {first.photo}" + (f" (job {job})" if job is not None else "")
            rows.append(
                {**row, "decision_id": None, "summary": summary, "results": [r.row() for r in done], "job_id": job}
            )
            human += [summary, *(line for r in done for line in r.lines())]
    session.out.result("accepted", rows, human)
    return exit_code(results)


def reject(ctx: typer.Context, which: Which, dry_run: DryRun = False) -> None:
    """Say that results are not wanted: the copy is removed, and nothing makes the same again by itself."""
    from ..reason_words import in_words
    from ..restoring.decisions import find_first
    from ..restoring.decisions import reject as reject_output

    session = Session.of(ctx)
    rows: list[dict[str, Any]] = []
    human: list[str] = []
    with session.app() as app:
        entries = find_first(app.moved_copies, map(_name, which))
        for first in entries:
            reject_output(app.moved_copies, str(first.id), dry_run=True)  # nothing is done when one cannot be
        for first in entries:
            record, removed = reject_output(app.moved_copies, str(first.id), dry_run=dry_run)
            paths = [str(p) for p in removed]
            rows.append(
                {
                    "restoration_id": record.restoration_id,
                    "decision_id": record.id,
                    "summary": record.summary,
                    "removed": paths,
                    "dry_run": dry_run,
                }
            )
            human += [in_words(record.summary), *(f"removed {p}" for p in paths)]
    session.out.result("rejected", rows, human)


def _name(which: str) -> str:
    """An id as it is, a path as the gallery stores it. A file whose name is a number: write ./5."""
    from ..paths import absolute

    return which if which.isdecimal() else str(absolute(Path(which)))


def _lines(row: dict[str, Any]) -> list[str]:
    from iconface_core.reasons import from_json

    from ..reason_words import in_words
    from ..restoring.result import reference_line

    check = row["identity"]
    numbers = "" if check["after"] is None else f" (likeness {check['before']:.2f} -> {check['after']:.2f})"
    out = [
        f"{row['restoration_id']}: {row['photo']}",
        f"  state       {row['state']}" + (f", {row['decided']} by you" if row["decided"] else ""),
        f"  version     {row['version']}, {row['created_at']}, asked for by {row['origin'] or 'hand'}",
        f"  restorer    {row['restorer']}, seed {row['seed']}",
    ]
    if check["verdict"]:
        out.append(f"  identity    {check['verdict']}{numbers}")
    if "choice" in row:
        out.append(f"  choice      {in_words(from_json(row['choice']))}")
    out += [reference_line(r) for r in row["references"]]
    if row["output"] is not None:
        out.append(f"  copy        {row['output']}" + ("" if row["file"] in ("there", "none") else f" ({row['file']})"))
    return out
