"""`iconface train ...`: packs to train on, and training."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from .session import SHARED_HELP, Session

INTERRUPTED = 130


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Train restorers on photos of your own.")
    commands: dict[str, Callable[..., int | None]] = {"pack": pack, "run": run}
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="train")


def pack(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="PERSON/photo.jpg, or FFHQ-Ref")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="a new folder, or one to go on with")],
    size: Annotated[int, typer.Option(help="pixels of a crop along one side, 32..512")] = 128,
    licence: Annotated[str, typer.Option(help="of the photos; it goes into the model card")] = "unknown",
    layout: Annotated[Literal["folders", "ffhq-ref"], typer.Option(help="how SOURCE names people")] = "folders",
    images: Annotated[
        Path | None, typer.Option(help="ffhq-ref: the FFHQ images, default SOURCE/images1024x1024")
    ] = None,
    prefix: Annotated[str, typer.Option(help="goes before every person's name, so that packs do not mix people")] = "",
    exclude: Annotated[list[str] | None, typer.Option(help="file names to leave out, such as 'degraded_*'")] = None,
    workers: Annotated[int, typer.Option(min=1, help="photos looked at at once")] = 2,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count photos and people")] = False,
) -> None:
    """Align the faces of a folder of photos and pack them for training. Again: goes on where it stopped."""
    from ..training.packing import PackRequest, pack_photos, photos_of, preview

    session = Session.of(ctx)
    request = PackRequest(source, out, size, licence, layout, prefix, tuple(exclude or ()), images, workers)
    photos = photos_of(request)
    if dry_run:
        row = preview(photos)
        human = [f"{row['photos']} photos of {row['people']} people, {row['validation_people']} of them for validation"]
        session.out.object({"pack": row, "dry_run": True}, human)
        return
    with session.out.progress("packing", "photos") as progress:
        manifest = pack_photos(request, photos, progress)
    counts = manifest["counts"]
    megabytes = sum(shard["bytes"] for shard in manifest["shards"]) / 1e6
    human = [
        f"{counts['faces']} faces of {counts['people']} people in {out}, {megabytes:.1f} MB",
        f"train {counts['train_faces']} faces of {counts['train_people']} people, "
        f"validation {counts['validation_faces']} of {counts['validation_people']}",
    ]
    if counts["skipped"]:
        human.append(f"{counts['skipped']} photos left out; manifest.json says which and why")
    session.out.object({"pack": manifest, "dry_run": False}, human)


def run(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="a TOML file, such as configs/nano-256.toml")],
    data: Annotated[list[Path], typer.Option("--data", help="a folder made by `train pack`; may be repeated")],
    out: Annotated[Path, typer.Option("--out", help="the folder of this run")],
    max_seconds: Annotated[
        float | None, typer.Option(help="stop after this long and save; go on with --resume", min=1)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the run in OUT, or start it")] = False,
    start: Annotated[Path | None, typer.Option("--from", help="weights of the same network to start from")] = None,
) -> int:
    """Train iconface-nano, or LoRA and adapter of the 4B model. Ctrl-C saves; --resume goes on bit for bit.

    Several GPUs: accelerate launch -m iconface train run ... (docs/training.md).
    """
    from ..training.run import TrainRequest, run_training

    session = Session.of(ctx)
    request = TrainRequest(config, tuple(data), out, start, resume, max_seconds)
    outcome = run_training(request, session.settings(), session.out.note)
    done = outcome.progress
    human = [
        f"{'finished' if outcome.finished else 'stopped'} at step {done.step}, {done.samples} samples",
        f"weights: {outcome.weights}",
    ]
    if not outcome.finished:
        human.append("go on with: the same command and --resume")
    row = {"ended": outcome.reason, "step": done.step, "samples": done.samples, "seconds": done.seconds}
    if outcome.speaks:
        session.out.object({"run": row | {"weights": str(outcome.weights)}}, human)
    return INTERRUPTED if outcome.reason == "asked" else 0
