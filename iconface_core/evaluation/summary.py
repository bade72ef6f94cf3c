"""Scores of many faces as numbers to read: means with intervals over people, tables, and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from iconface_core.types import F32

from .runner import INPUT, Scores

ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the 95 % interval of a bootstrap over people."""

    mean: float
    low: float
    high: float


def over_people(values: F32, people: Sequence[str], *, rounds: int = ROUNDS, seed: int = 0) -> Interval:
    """The mean of `values` (N,) and how much it would move with other people: whole people are drawn, with all their
    faces, because the faces of one person are alike. Raises ValueError without values."""
    if not len(values):
        raise ValueError("no values to average")
    _, person = np.unique(np.asarray(people), return_inverse=True)
    sums = np.bincount(person, values.astype(np.float64))
    counts = np.bincount(person)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (rounds, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean(dtype=np.float64)), float(low), float(high))


def summarise(results: Mapping[str, Scores], people: Sequence[str]) -> dict[str, dict[str, Interval]]:
    """Method -> score -> interval; `psnr_gain` and `truth_gain` are differences to the input, face by face."""
    start = results[INPUT]
    out: dict[str, dict[str, Interval]] = {}
    for name, scores in results.items():
        columns = {f.name: getattr(scores, f.name) for f in fields(Scores)}
        columns |= {"psnr_gain": scores.psnr - start.psnr, "truth_gain": scores.truth - start.truth}
        out[name] = {k: over_people(v, people) for k, v in columns.items() if not np.isnan(v).any()}
    return out


def difference(a: F32, b: F32, people: Sequence[str]) -> Interval:
    """Mean of a - b over the same faces: paired, so its interval is much tighter than those of the two means."""
    return over_people(a - b, people)


def table(rows: Mapping[str, Mapping[str, Interval]], *, title: str) -> list[str]:
    """A Markdown table of `summarise`, one line per method."""
    columns = [c for c in _COLUMNS if all(c in row for row in rows.values())]
    lines = [f"**{title}**", "", "| method | " + " | ".join(_COLUMNS[c][0] for c in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    lines += [f"| {name} | " + " | ".join(_cell(row[c], c) for c in columns) + " |" for name, row in rows.items()]
    return lines


_COLUMNS = {
    "psnr": ("PSNR dB", "{:.2f}"),
    "psnr_gain": ("over input", "{:+.2f}"),
    "ssim": ("SSIM", "{:.3f}"),
    "lpips": ("LPIPS", "{:.3f}"),
    "sharpness": ("sharpness", "{:.2f}"),
    "truth": ("likeness to truth", "{:.3f}"),
    "truth_gain": ("over input", "{:+.3f}"),
    "reference": ("to reference", "{:.3f}"),
    "stranger": ("to stranger", "{:.3f}"),
    "kept": ("re-degraded dB", "{:.2f}"),
}
"""Score -> heading and format. Differences carry half the width of their interval."""


def _cell(value: Interval, column: str) -> str:
    text = _COLUMNS[column][1].format(value.mean)
    if column.endswith("_gain"):
        digits = 2 if column == "psnr_gain" else 3
        text += f" ± {(value.high - value.low) / 2:.{digits}f}"
    return text


def as_json(rows: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, list[float]]]:
    """Method -> score -> [mean, low, high]."""
    return {
        name: {key: [round(v, 5) for v in (i.mean, i.low, i.high)] for key, i in row.items()}
        for name, row in rows.items()
    }
