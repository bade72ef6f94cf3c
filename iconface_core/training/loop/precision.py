"""Which precision is faster here: bfloat16 is ten times slower than float32 on some CPUs, and faster on GPUs."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch

from iconface_core.training.data.draw import Draw
from iconface_core.training.recipes.recipe import Recipe

from .processes import Processes
from .train_config import TrainConfig

Precision = Literal["float32", "bfloat16"]
CHOICES: tuple[Precision, ...] = ("float32", "bfloat16")
ROUNDS = 3


def settle_precision(
    config: TrainConfig,
    folder: Path,
    build: Callable[[TrainConfig], Recipe[Any]],
    processes: Processes,
    *,
    resume: bool,
    say: Callable[[str], None],
) -> tuple[TrainConfig, dict[str, float]]:
    """The configuration with `precision = "auto"` replaced by what is faster, and seconds a batch of both, as measured.

    A run that goes on keeps what it began with, so that its bits do not depend on the moment. What was asked for by
    name is not measured: then the seconds are empty. The measuring trains nothing.
    """
    if config.runtime.precision != "auto":
        return config, {}
    seconds = _written(folder / "run.json") if resume else {}
    if not seconds:
        seconds = _measure(config, build, processes)
        times = ", ".join(f"{name} {s:.2f} s" for name, s in seconds.items())
        say(f"precision: {times} a batch, so {_best(seconds)}")
    return _with(config, _best(seconds)), seconds


def _measure(
    config: TrainConfig, build: Callable[[TrainConfig], Recipe[Any]], processes: Processes
) -> dict[str, float]:
    """The fastest of a few rounds each, taken in turn, after one to warm up; the mean over the processes."""
    best = dict.fromkeys(CHOICES, float("inf"))
    recipes = {choice: build(_with(config, choice)) for choice in CHOICES}
    if config.runtime.channels_last:
        for recipe in recipes.values():
            recipe.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    for index in range(1 + ROUNDS):
        for choice, recipe in recipes.items():
            begun = time.perf_counter()
            forward = processes.alone(recipe.module, _with(config, choice).runtime)
            # the first batch of a run: every recipe's losses all look at it
            loss = recipe.losses(forward, recipe.draw(Draw(config.seed, 0, processes.rank), 0.0))["loss"]
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            float(loss.detach())  # a GPU has finished only now
            if index:
                best[choice] = min(best[choice], time.perf_counter() - begun)
    means = processes.mean(torch.tensor(list(best.values()), device=processes.device)).tolist()
    return {choice: round(mean, 4) for choice, mean in zip(CHOICES, means, strict=True)}


def _best(seconds: Mapping[str, float]) -> Precision:
    return min(CHOICES, key=seconds.__getitem__)


def _with(config: TrainConfig, precision: Precision) -> TrainConfig:
    return replace(config, runtime=replace(config.runtime, precision=precision))


def _written(path: Path) -> dict[str, float]:
    """What a run measured when it began; empty where it did not."""
    seconds = json.loads(path.read_text("utf-8")).get("precision_seconds", {}) if path.exists() else {}
    return {choice: float(seconds[choice]) for choice in CHOICES} if set(seconds) == set(CHOICES) else {}
