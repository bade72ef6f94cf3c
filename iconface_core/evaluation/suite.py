"""The whole evaluation: baselines and checkpoints on a pack's validation people, and on the paper's gallery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iconface_core.protocols import FaceEmbedder
from iconface_core.restorers.nano.inference import NanoFace, NanoModel
from iconface_core.training.data.shards import open_pack
from iconface_core.types import RgbU8

from .cases import LEVELS, Case, cases_of_pack
from .gallery import PAPER_METHODS, SIDE, GalleryCase, common_cases, read_gallery, score_gallery
from .judge import DlibJudge
from .methods import blind, cached, nano_methods, real_esrgan
from .metrics import load_lpips
from .pictures import resized
from .runner import INPUT, LevelResult, Method, OnMethod, evaluate
from .summary import Interval, as_json, difference, summarise, table


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What to evaluate. packs: folders; none means only the gallery. weights: name -> nano checkpoint. steps: of nano.
    limit: at most this many faces. waifu2x, real_esrgan: whether, and where, the baselines are. cache: where results of
    slow baselines are kept."""

    packs: Sequence[Path] = ()
    weights: Mapping[str, Path] = field(default_factory=dict)
    levels: Sequence[str] = tuple(LEVELS)
    limit: int | None = 200
    steps: int = 1
    waifu2x: bool = True
    real_esrgan: Path | None = None
    gallery: Path | None = None
    cache: Path | None = None
    threads: int | None = None

    @property
    def stages(self) -> int:
        """How often `run_suite` calls `on_method`."""
        methods = 1 + self.waifu2x + (self.real_esrgan is not None) + 4 * len(self.weights)
        return (len(self.levels) * methods if self.packs else 0) + (self.gallery is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """`numbers` is JSON; `lines` Markdown; `sheets` name -> heading -> pictures."""

    numbers: dict[str, Any]
    lines: list[str]
    sheets: dict[str, dict[str, Sequence[RgbU8]]]


def run_suite(plan: EvaluationPlan, embedder: FaceEmbedder, *, on_method: OnMethod | None = None) -> Report:
    """Run the plan. `embedder` makes nano's identity vectors.

    Raises BackendUnavailableError without the judge, PackError, WeightsError, UnsupportedCheckpointError or
    ImageReadError for what is missing or damaged, ValueError for an unknown level.
    """
    judge, lpips = DlibJudge(), load_lpips()
    models = {name: NanoModel(path, embedder, threads=plan.threads) for name, path in plan.weights.items()}
    numbers: dict[str, Any] = {"judge": judge.id, "lpips": lpips if isinstance(lpips, str) else "alex"}
    lines: list[str] = []
    sheets: dict[str, dict[str, Sequence[RgbU8]]] = {}
    if plan.packs:
        cases = cases_of_pack(open_pack(*plan.packs), limit=plan.limit)
        methods = _methods(plan, models)
        found = evaluate(
            cases, methods, plan.levels, judge, lpips=None if isinstance(lpips, str) else lpips, on_method=on_method
        )
        _add_levels(found, cases, list(models), numbers, lines, sheets)
    if plan.gallery is not None:
        if on_method is not None:
            on_method("gallery", "all")
        _add_gallery(read_gallery(plan.gallery), judge, models, plan.steps, numbers, lines, sheets)
    return Report(numbers, lines, sheets)


def _methods(plan: EvaluationPlan, models: Mapping[str, NanoModel]) -> dict[str, Method]:
    methods: dict[str, Method] = {}
    if plan.waifu2x:
        from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer

        methods["waifu2x"] = blind(Waifu2xRestorer(threads=plan.threads or 1))
    if plan.real_esrgan is not None:
        slow = real_esrgan(plan.real_esrgan, threads=plan.threads or 1)
        methods["Real-ESRGAN"] = slow if plan.cache is None else cached(slow, plan.cache, "realesrgan-x4plus")
    for name, model in models.items():
        methods |= nano_methods(model, name=name, steps=plan.steps)
    return methods


def _add_levels(
    found: Sequence[LevelResult],
    cases: Sequence[Case],
    names: Sequence[str],
    numbers: dict[str, Any],
    lines: list[str],
    sheets: dict[str, dict[str, Sequence[RgbU8]]],
) -> None:
    people = [c.person for c in cases]
    yardstick = dict(found[0].yardstick)
    numbers |= {
        "yardstick": yardstick,
        "faces": len(cases),
        "people": len(set(people)),
        "levels": {},
        "differences": {},
    }
    lines += [f"{len(cases)} faces of {len(set(people))} validation people; judge: {numbers['judge']}"]
    lines += [_read(yardstick), ""]
    for result in found:
        rows = summarise(result.scores, people)
        numbers["levels"][result.level] = as_json(rows)
        numbers["differences"][result.level] = {
            what: [round(v, 5) for v in (i.mean, i.low, i.high)]
            for what, i in _differences(result, names, people).items()
        }
        lines += [*table(rows, title=result.level), ""]
        lines += [
            f"- {what}: {i.mean:+.3f} [{i.low:+.3f}, {i.high:+.3f}]"
            for what, i in _differences(result, names, people).items()
        ]
        lines.append("")
        sheets[result.level] = {
            "truth": [c.truth for c in cases],
            **result.pictures,
            "reference": [c.references[0] for c in cases],
            "stranger": [c.strangers[0] for c in cases],
        }


def _read(yardstick: Mapping[str, float]) -> str:
    return (
        f"Clean photos: likeness of a person's reference to the truth {yardstick['reference']:.3f}, "
        f"of two different people {yardstick['others']:.3f}."
    )


def _differences(result: LevelResult, names: Sequence[str], people: Sequence[str]) -> dict[str, Interval]:
    """The questions of the evaluation, each answered on pairs of the same face."""
    out: dict[str, Interval] = {}
    scores = result.scores
    for name in names:
        alone, three, wrong = (scores[name + rest] for rest in ("", ", 3 references", ", 3 of a stranger"))
        out[f"{name}: likeness to truth, 3 references over none"] = difference(three.truth, alone.truth, people)
        out[f"{name}: likeness to a stranger, the stranger's references over none"] = difference(
            wrong.stranger, alone.stranger, people
        )
        out[f"{name}: re-degraded dB, the stranger's references over none"] = difference(wrong.kept, alone.kept, people)
        for baseline in ("waifu2x", "Real-ESRGAN"):
            if baseline in scores:
                out[f"{name}: likeness to truth, 3 references over {baseline}"] = difference(
                    three.truth, scores[baseline].truth, people
                )
    return out


def _add_gallery(
    cases: Sequence[GalleryCase],
    judge: DlibJudge,
    models: Mapping[str, NanoModel],
    steps: int,
    numbers: dict[str, Any],
    lines: list[str],
    sheets: dict[str, dict[str, Sequence[RgbU8]]],
) -> None:
    chosen = [cases[i] for i in common_cases(cases, list(PAPER_METHODS))]
    names = [c.name for c in chosen]
    numbers["gallery"] = {"cases": names, "faces": len(names), "sizes": {}, "points": {}}
    small = next(iter(models.values())).config.size if models else 128
    for side in (SIDE, small):
        more = (
            {}
            if side == SIDE
            else {n: p for name, m in models.items() for n, p in _nano_on(chosen, m, name, steps).items()}
        )
        scores, yardstick = score_gallery(chosen, judge, side=side, more=more)
        rows = summarise(scores, names)
        lines += [*table(rows, title=f"paper's gallery, {len(names)} cases, {side} px"), "", _read(yardstick), ""]
        numbers["gallery"]["yardstick"] = yardstick
        numbers["gallery"]["sizes"][str(side)] = as_json(rows)
        numbers["gallery"]["points"][str(side)] = {
            name: {
                method: {k: round(float(getattr(s, k)[i]), 4) for k in ("psnr", "ssim", "truth", "reference")}
                for method, s in scores.items()
            }
            for i, name in enumerate(names)
        }
        if side == small:
            sheets["gallery"] = {
                "truth": [resized(c.truth, side) for c in chosen],
                INPUT: [resized(c.degraded, side) for c in chosen],
                **more,
                **{title: [resized(c.results[m], side) for c in chosen] for m, title in PAPER_METHODS.items()},
                "reference": [resized(c.reference, side) for c in chosen],
            }


def _nano_on(cases: Sequence[GalleryCase], model: NanoModel, name: str, steps: int) -> dict[str, list[RgbU8]]:
    """Without and with the reference that the other methods had."""
    side = model.config.size
    mirrored = steps > 1 and model.config.backbone == "conv"
    references: dict[str, Callable[[GalleryCase], tuple[RgbU8, ...]]] = {
        name: lambda case: (),
        f"{name}, 1 reference": lambda case: (resized(case.reference, side),),
    }
    return {
        title: model.restore(
            [NanoFace(resized(c.degraded, side), of(c)) for c in cases], steps=steps, mirrored=mirrored
        )
        for title, of in references.items()
    }
