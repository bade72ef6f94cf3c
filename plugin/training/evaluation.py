"""`eval`: the core's evaluation with the models and folders of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate

from ..errors import UsageError
from ..folders import Folders
from ..paths import absolute
from ..progress import Progress

if TYPE_CHECKING:
    from iconface_core.evaluation.suite import Report


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """What the command line says. `weights` are NAME=FILE or FILE; without any, the shipped nano is meant, if it is
    there."""

    packs: Sequence[Path] = ()
    weights: Sequence[str] = ()
    levels: Sequence[str] = ()
    limit: int = 200
    steps: int = 1
    gallery: Path | None = None
    real_esrgan: Path | None = None
    cache: Path | None = None
    threads: int | None = None


def run_eval(request: EvalRequest, folders: Folders, progress: Progress) -> "Report":
    """Raises UsageError for a request that makes no sense, BackendUnavailableError without the extra [eval], and what
    `evaluation.suite.run_suite` raises."""
    if not request.packs and request.gallery is None:
        raise UsageError("nothing to evaluate on: name a pack (iconface train pack makes one) or --gallery FOLDER")
    try:
        from iconface_core.evaluation.cases import LEVELS
        from iconface_core.evaluation.suite import EvaluationPlan, run_suite
    except ImportError as e:
        raise BackendUnavailableError(f"no package {e.name}: install it with pip install 'iconface[eval]'") from e
    from iconface_core.faces.sface import SFaceEmbedder

    unknown = sorted(set(request.levels) - set(LEVELS))
    if unknown:
        raise UsageError(f"unknown level {unknown[0]!r}; known: {', '.join(LEVELS)}")
    levels = tuple(request.levels) or tuple(LEVELS)
    plan = EvaluationPlan(
        packs=[absolute(p) for p in request.packs],
        weights=_weights(request.weights),
        levels=levels,
        limit=request.limit,
        steps=request.steps,
        real_esrgan=None if request.real_esrgan is None else absolute(request.real_esrgan),
        gallery=None if request.gallery is None else absolute(request.gallery),
        cache=None if request.cache is None else absolute(request.cache),
        threads=request.threads,
    )
    progress.total(plan.stages)
    return run_suite(
        plan,
        SFaceEmbedder(model_dir=folders.models),
        on_method=lambda level, method: progress.step(f"{level}: {method}"),
    )


def write_report(report: "Report", folder: Path, *, sheet_rows: int = 0) -> list[Path]:
    """Write evaluation.json, evaluation.md and, for `sheet_rows` faces, contact sheets. Raises OSError."""
    import json

    from iconface_core.evaluation.sheets import write_sheets

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "evaluation.json", folder / "evaluation.md"]
    paths[0].write_text(json.dumps(report.numbers, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    if sheet_rows:
        for name, columns in report.sheets.items():
            part = {heading: pictures[:sheet_rows] for heading, pictures in columns.items()}
            paths += write_sheets(folder, name, part)
    return paths


def _weights(given: Sequence[str]) -> dict[str, Path]:
    if not given:
        try:
            return {"nano": locate(NANO_FILE)}
        except BackendUnavailableError:
            return {}
    weights: dict[str, Path] = {}
    for text in given:
        name, _, file = (
            text.partition("=") if "=" in text else ("nano" if len(given) == 1 else Path(text).stem, "", text)
        )
        path = absolute(Path(file))
        if not path.is_file():
            raise UsageError(f"{path} is not a file")
        if name in weights:
            raise UsageError(f"two checkpoints are called {name!r}: name them, --weights NAME=FILE")
        weights[name] = path
    return weights
