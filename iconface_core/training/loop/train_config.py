"""TrainConfig: one training run, read from TOML. An unknown key is an error that names it.

A file has the common tables and exactly one of `[nano]` (trains iconface-nano), `[student]` (trains the encoder of
damaged faces) and `[iconface]` (trains the adapter and LoRA of the 4B model). docs/training.md explains every key.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from iconface_core.codec import CodecError, decode
from iconface_core.errors import TrainConfigError
from iconface_core.training.recipes.flow_recipe import FlowTraining
from iconface_core.training.recipes.nano_recipe import NanoTraining
from iconface_core.training.recipes.student_recipe import StudentTraining

from .learning_rate import ScheduleConfig


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """AdamW. Gates, biases and norms are not decayed."""

    lr: float = 1e-3
    betas: tuple[float, ...] = (0.9, 0.99)
    eps: float = 1e-8
    weight_decay: float = 0.01
    clip: float = 1.0  # largest norm of the gradient; 0 leaves it alone
    skip_above: float = 0.0  # leave a step out whose gradient is this many times longer than usual; 0: never

    def __post_init__(self) -> None:
        if self.lr <= 0 or len(self.betas) != 2:
            raise ValueError("lr must be positive and betas two numbers")
        if self.skip_above and self.skip_above <= 1:
            raise ValueError("skip_above must be more than 1, or 0 to turn it off")


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """`size` faces at once on each device, gradients of `accumulate` such batches summed to one step."""

    size: int = 16
    accumulate: int = 1

    def __post_init__(self) -> None:
        if self.size < 1 or self.accumulate < 1:
            raise ValueError("size and accumulate must be at least 1")


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """How often, in steps or in seconds, the run says something or saves itself. 0 steps: never."""

    log_steps: int = 50
    sample_steps: int = 2000
    sample_rows: int = 8
    save_seconds: float = 300.0  # 0: after every step


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """Where and how it runs; may be changed between the sessions of a run (bit-exactness then ends)."""

    device: Literal["auto", "cpu"] = "auto"
    precision: Literal["float32", "bfloat16", "auto"] = "float32"  # bfloat16: autocast; weights stay float32
    threads: int = 0  # torch's threads on the CPU; 0 leaves its own choice
    prefetch: int = 1  # batches made ahead in a thread
    prefetch_threads: int = 1  # torch's threads in that thread
    channels_last: bool = True
    compile: bool = False
    preload: bool = True  # decode the whole pack into memory first: 48 KB a face at 128 px, 768 KB at 512 px
    gradient_checkpointing: bool = False


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole run."""

    name: str
    seed: int = 42
    average_decay: float = 0.999
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    batch: BatchConfig = field(default_factory=BatchConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    nano: NanoTraining | None = None
    student: StudentTraining | None = None
    iconface: FlowTraining | None = None

    def __post_init__(self) -> None:
        if sum(table is not None for table in (self.nano, self.student, self.iconface)) != 1:
            raise ValueError("exactly one of the tables [nano], [student] and [iconface] says what is trained")
        if self.iconface and self.runtime.precision == "auto":
            raise ValueError('runtime.precision = "auto" is for [nano]; say "bfloat16" or "float32" for [iconface]')

    def to_json(self, notes: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Everything, defaults included, and `notes` beside it: what a run writes beside its weights."""
        return json.dumps({**asdict(self), **notes}, indent=2)


def load_train_config(path: Path) -> TrainConfig:
    """Read a TOML file. Raises TrainConfigError naming file and key, OSError when it cannot be read."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except ValueError as e:  # no TOML, or not even text
        raise TrainConfigError(f"{path}: {e}") from e
    try:
        return decode(TrainConfig, data, str(path))
    except CodecError as e:
        raise TrainConfigError(str(e)) from e
