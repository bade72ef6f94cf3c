"""`iconface restore list | show | accept | reject`: what was restored or proposed, and what the user says of it.

The commands live under `restored`; `iconface restore list` is the same (plugin/cli/main.py), because `restore` itself
takes photos.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from .output import columns
from .people import DryRun
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from gallery_db.records import RestorationRecord

    from ..library.moved_copies import MovedCopies

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
    from gallery_db.records import RestorationState

    from ..errors import UsageError
    from ..paths import absolute

    states: tuple[RestorationState, ...] = get_args(RestorationState)
    wanted = [s for s in states if s in (state or states)]
    if state and set(state) - set(states):
        raise UsageError(f"a state is one of {', '.join(states)}")
    session = Session.of(ctx)
    with session.app() as app:
        where = None if photo is None else str(absolute(photo))

        def now() -> "list[RestorationRecord]":
            with app.gallery.begin(write=False) as tx:
                return tx.restorations.history(photo=where, states=wanted, limit=limit)

        records = now()
        if app.moved_copies.catch_up([r for r in records if r.state == "done"]):
            records = now()
    rows = [_row(r) for r in records]
    table = columns(
        ["id", "at", "state", "decided", "copy", "v", "photo"],
        [(r.id, r.created_at[:16], r.state, r.decided, row["file"], r.version, r.photo) for r, row in _both(records)],
    )
    session.out.result("restorations", rows, table)


def show(ctx: typer.Context, which: Annotated[str, typer.Argument(metavar="ID|PATH")]) -> None:
    """Everything that is kept of a restoration: who, which references, the identity check, where the copy is."""
    from ..restoring.decisions import find

    session = Session.of(ctx)
    with session.app() as app:
        records = find(app.moved_copies, _name(which))
    session.out.result(
        "restorations", [_row(r) for r in records], [x for _, row in _both(records) for x in _lines(row)]
    )


def accept(
    ctx: typer.Context,
    which: Which,
    enqueue: Annotated[
        bool, typer.Option("--enqueue", help="proposals: leave the work to the service or to `iconface jobs run`")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    """Say that results are good, so that no algorithm replaces them. An accepted proposal is restored."""
    from ..restoring.decisions import accept as accept_output
    from ..restoring.proposals import enqueue as leave
    from ..restoring.proposals import fulfil
    from ..restoring.result import FaceResult, exit_code

    session = Session.of(ctx)
    rows: list[dict[str, Any]] = []
    human: list[str] = []
    results: list[FaceResult] = []
    with session.app() as app:
        entries = _entries(app.moved_copies, which)
        for first in entries:
            if first.state != "proposed":
                accept_output(app.moved_copies, str(first.id), dry_run=True)  # nothing is done when one cannot be
        for first in entries:
            row: dict[str, Any] = {"restoration_id": first.id, "photo": first.photo, "dry_run": dry_run}
            if first.state != "proposed":
                record = accept_output(app.moved_copies, str(first.id), dry_run=dry_run)
                rows.append({**row, "decision_id": record.id, "summary": record.summary, "results": [], "job_id": None})
                human.append(record.summary)
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
    from ..restoring.decisions import reject as reject_output

    session = Session.of(ctx)
    rows: list[dict[str, Any]] = []
    human: list[str] = []
    with session.app() as app:
        entries = _entries(app.moved_copies, which)
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
            human += [record.summary, *(f"removed {p}" for p in paths)]
    session.out.result("rejected", rows, human)


def _entries(copies: "MovedCopies", which: Sequence[str]) -> "list[RestorationRecord]":
    """The first row of each output or proposal that is named, each once. Raises NotFoundError."""
    from ..restoring.decisions import find

    found = (find(copies, _name(name))[0] for name in which)
    return list({first.id: first for first in found}.values())


def _name(which: str) -> str:
    """An id as it is, a path as the gallery stores it. A file whose name is a number: write ./5."""
    from ..paths import absolute

    return which if which.isdecimal() else str(absolute(Path(which)))


def _row(r: "RestorationRecord") -> dict[str, Any]:
    from ..restoring.presence import presence

    b = r.bbox
    return {
        "restoration_id": r.id,
        "state": r.state,
        "decided": r.decided,
        "version": r.version,
        "origin": r.origin,
        "created_at": r.created_at,
        "photo": r.photo,
        "face_id": r.face_id,
        "bbox": None if b is None else [round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)],
        "person_id": r.person_id,
        "references": list(r.references),
        "restorer": r.restorer,
        "weights_sha256": r.weights_sha256,
        "seed": r.seed,
        "options": dict(r.options),
        "identity": {"before": r.similarity_before, "after": r.similarity_after, "verdict": r.verdict or None},
        "change": None if r.changed_mean is None else {"mean": r.changed_mean, "share": r.changed_share},
        "seconds": r.seconds,
        "output": r.output,
        "file": presence(r) if r.state == "done" else "none",
    }


def _both(records: "Sequence[RestorationRecord]") -> "Iterable[tuple[RestorationRecord, dict[str, Any]]]":
    return ((r, _row(r)) for r in records)


def _lines(row: dict[str, Any]) -> list[str]:
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
    out += [reference_line(r) for r in row["references"]]
    if row["output"] is not None:
        out.append(f"  copy        {row['output']}" + ("" if row["file"] in ("there", "none") else f" ({row['file']})"))
    return out
