"""`iconface eval`."""

from pathlib import Path
from typing import Annotated

import typer

from .session import SHARED_HELP, Session


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("eval", epilog=SHARED_HELP)(evaluate)


def evaluate(
    ctx: typer.Context,
    packs: Annotated[
        list[Path] | None, typer.Argument(metavar="[PACK]...", help="made by `train pack`; its validation people count")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE", help="an iconface-nano checkpoint; repeat to compare; default: the shipped"
        ),
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="mild, moderate or severe; may be repeated; default: all")
    ] = None,
    limit: Annotated[int, typer.Option(min=2, help="at most this many faces")] = 200,
    steps: Annotated[int, typer.Option(min=1, max=100, help="of iconface-nano; see `restore --quality`")] = 1,
    gallery: Annotated[
        Path | None, typer.Option(help="the gallery of the IConFace page: SECTION/CASE/{deg,gt,ref1,...}.jpg")
    ] = None,
    real_esrgan: Annotated[
        Path | None, typer.Option(help="folder with realesrgan-x4plus.param and .bin, to compare with")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="keep Real-ESRGAN's results here: it takes seconds a face")] = None,
    out: Annotated[
        Path | None, typer.Option(help="write evaluation.json, evaluation.md and contact sheets here")
    ] = None,
    sheets: Annotated[int, typer.Option(min=0, help="faces on the contact sheets of each level")] = 20,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores")] = None,
) -> None:
    """Measure restorers on people they were never trained on: distance to the truth, sharpness, identity."""
    from ..paths import absolute
    from ..training.evaluation import EvalRequest, run_eval, write_report

    session = Session.of(ctx)
    request = EvalRequest(packs or (), weights or (), level or (), limit, steps, gallery, real_esrgan, cache, threads)
    with session.out.progress("evaluating", "methods") as progress:
        report = run_eval(request, session.settings().folders, progress)
    written = [] if out is None else write_report(report, absolute(out), sheet_rows=sheets)
    session.out.object(
        {"evaluation": report.numbers, "files": [str(p) for p in written]},
        [*report.lines, *(f"wrote {p}" for p in written)],
    )
