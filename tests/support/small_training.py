"""Training runs of a few steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from iconface_core.training.degradations.recipe import DegradeRecipe
from iconface_core.training.loop.learning_rate import ScheduleConfig
from iconface_core.training.loop.train_config import BatchConfig, TrainConfig, load_train_config

CONFIGS = Path(__file__).parents[2] / "configs"


def small_student_run(
    config: str, *, precision: Literal["auto", "bfloat16", "float32"] = "float32", **student: Any
) -> TrainConfig:
    """A configuration of a student, by file name, of four steps of two faces. `precision` by name: what two runs of
    "auto" measure may differ, and then their bits do. `student`: fields of it that are others."""
    loaded = load_train_config(CONFIGS / config)
    assert loaded.student is not None
    return replace(
        loaded,
        schedule=ScheduleConfig(total=8),
        batch=BatchConfig(size=2),
        report=replace(loaded.report, save_seconds=0),
        runtime=replace(loaded.runtime, precision=precision),
        student=replace(loaded.student, degrade=DegradeRecipe(buckets=((4, 8, 1.0),)), **student),
    )
