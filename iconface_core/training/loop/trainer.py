"""The training loop: one for every recipe, on the CPU, one GPU or many (accelerate).

    folder/
        run.json        the configuration with all defaults
        log.csv tensorboard/ samples/
        state/          what `resume` reads (state.py)
        weights/        the exported average, replaced at every save (the recipe decides what is in it)

Every random number of a step follows from the step's own number, so a run that was killed and resumed gives the same
bits as one that was not (schedule by samples, same machine and settings).
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from iconface_core.errors import DivergedError, TrainingError
from iconface_core.training.data.draw import Draw
from iconface_core.training.recipes.recipe import Forward, Recipe

from .ahead import ahead
from .ema import WeightAverage
from .meters import Meters
from .processes import Processes
from .sample_grid import write_grid
from .state import (
    RunProgress,
    TrainState,
    load_state,
    optimizer_tensors,
    restore_optimizer,
    restore_tensors,
    save_state,
    trained_tensors,
)
from .train_config import OptimizerConfig, TrainConfig
from .train_log import TrainLog, line

Say = Callable[[str], None]
_YOUNG = 50  # steps in which the gradient has no usual length yet


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """How a session ended: the schedule is complete, its time was up, or it was asked to stop. The latter two can be
    resumed. `weights` is the folder with the exported average. `speaks`: of several processes, this one reports."""

    progress: RunProgress
    reason: Literal["finished", "time", "asked"]
    weights: Path
    speaks: bool = True

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.reason == "finished"


class Trainer:
    """One session of a run. Build, `run`, done."""

    def __init__(
        self,
        recipe: Recipe[Any],
        config: TrainConfig,
        folder: Path,
        processes: Processes,
        *,
        resume: bool = False,
        say: Say = lambda _: None,
        notes: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Opens or resumes the run in `folder`. `notes` go into its run.json.

        Raises TrainingError when the folder holds a run and `resume` is not set, or holds one of another network;
        WeightsError when its states are damaged.
        """
        self._recipe, self._config, self._folder, self._processes = recipe, config, folder, processes
        self._say: Say = say if processes.is_main else lambda _: None
        state = _find(folder, config, resume=resume)
        processes.wait()  # all have looked before one writes
        if processes.is_main:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "run.json").write_text(config.to_json(notes) + "\n", "utf-8")
        module = recipe.module
        if config.runtime.channels_last:
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self._forward: Forward = processes.wrap(module, config.runtime)
        self._parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self._optimizer = make_optimizer(self._parameters, config.optimizer)
        self._average = WeightAverage(self._parameters, config.average_decay)
        self._progress = RunProgress()
        if state is not None:
            restore_tensors(trained_tensors(module), state.module, "network")
            restore_tensors(self._average.tensors, state.average, "average")
            restore_optimizer(self._optimizer, self._parameters, state.optimizer)
            self._average.updates = state.progress.average_updates
            self._progress = state.progress
            self._say(f"resumed at step {state.progress.step}, {state.progress.samples} samples")
        self._saved = self._progress.step if state is not None else -1

    def run(self, *, max_seconds: float | None = None, stop: Callable[[], bool] = lambda: False) -> TrainingOutcome:
        """Train until the schedule is complete, `max_seconds` of wall time have passed or `stop()` says so; then save.

        Raises DivergedError when a loss or gradient is no longer a number; the last saved state is untouched.
        """
        config, processes, runtime = self._config, self._processes, self._config.runtime
        begun = time.monotonic()
        before = self._progress.seconds
        self._recipe.module.train()
        log = TrainLog(self._folder, step=self._progress.step) if processes.is_main else None
        meters, last_save = Meters(begun), begun
        start = self._progress.step * config.batch.accumulate
        try:
            with ahead(self._draw, start=start, depth=runtime.prefetch, threads=runtime.prefetch_threads) as batches:
                while True:
                    elapsed, asked = processes.agree(time.monotonic() - begun, stop())
                    self._progress = replace(self._progress, seconds=before + elapsed)
                    reason = self._why_stop(elapsed, max_seconds, asked=asked)
                    if reason is not None:
                        break
                    rate = self._set_rate()
                    meters.add(self._step(batches))
                    now = time.monotonic()
                    step = self._progress.step
                    save = processes.agree(now - last_save, False)[0] >= config.report.save_seconds
                    if save or meters.steps >= config.report.log_steps:
                        self._log(log, meters.take(now, processes), rate)
                    if config.report.sample_steps and step % config.report.sample_steps == 0:
                        self._write_samples()
                    if save:
                        self._save()
                        last_save = time.monotonic()
            if meters.steps:
                self._log(log, meters.take(time.monotonic(), processes), rate)
            self._save()
        finally:
            if log is not None:
                log.close()
        processes.wait()
        return TrainingOutcome(self._progress, reason, self._folder / "weights", processes.is_main)

    def _draw(self, index: int) -> Any:
        config = self._config
        draw = Draw(config.seed, index, self._processes.rank)
        # Progress by the batch's own number: the thread that prepares it is ahead of the loop.
        samples = index * config.batch.size * self._processes.count
        return self._recipe.draw(draw, config.schedule.progress(samples, self._progress.seconds))

    def _why_stop(
        self, elapsed: float, limit: float | None, *, asked: bool
    ) -> Literal["finished", "time", "asked"] | None:
        if self._done() >= 1:
            return "finished"
        if limit is not None and elapsed >= limit:
            return "time"
        return "asked" if asked else None

    def _done(self) -> float:
        return self._config.schedule.progress(self._progress.samples, self._progress.seconds)

    def _set_rate(self) -> float:
        rate = self._config.optimizer.lr * self._config.schedule.factor(self._done())
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _step(self, batches: Any) -> dict[str, Tensor]:
        """One optimiser step; the mean of every loss term over its micro-batches."""
        config, count = self._config, self._config.batch.accumulate
        torch.manual_seed(Draw(config.seed, self._progress.step, self._processes.rank).number("step"))
        sums: dict[str, Tensor] = {}
        for micro in range(count):
            last = micro + 1 == count
            # Gradients travel between processes once a step.
            with nullcontext() if last else self._processes.local(self._forward):
                losses = self._recipe.losses(self._forward, next(batches))
                (losses["loss"] / count).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            for name, value in losses.items():
                part = value.detach().float() / count
                sums[name] = sums[name] + part if name in sums else part
        norm = nn.utils.clip_grad_norm_(self._parameters.values(), config.optimizer.clip or float("inf"))
        if self._processes.device.type == "cpu":  # reading a number is free here: stop before the weights are spoilt
            self._check({**sums, "grad_norm": norm})
        usual, skipped = self._progress.usual_norm, False
        if config.optimizer.skip_above:
            usual, skipped = self._judge(float(norm))
            sums["skipped"] = torch.tensor(float(skipped))
        if not skipped:
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._average.update()
        faces = config.batch.size * count * self._processes.count
        self._progress = replace(
            self._progress,
            step=self._progress.step + 1,
            samples=self._progress.samples + faces,
            average_updates=self._average.updates,
            usual_norm=usual,
        )
        return {**sums, "grad_norm": norm.detach(), "faces": torch.tensor(float(faces))}

    def _judge(self, norm: float) -> tuple[float, bool]:
        """The usual norm of the gradient, and whether this one is a spike (never while the run is young)."""
        self._check({"grad_norm": norm})
        usual = self._progress.usual_norm or norm
        spike = self._progress.step >= _YOUNG and norm > self._config.optimizer.skip_above * usual
        return 0.98 * usual + 0.02 * min(norm, 5 * usual), spike

    def _log(self, log: TrainLog | None, means: Mapping[str, float], rate: float) -> None:
        self._check(means)
        done = self._progress
        row = {"step": done.step, "samples": done.samples, "seconds": round(done.seconds, 1), "lr": rate, **means}
        if log is not None:
            log.write(row)
        self._say(line(row, progress=self._done()))

    def _check(self, values: Mapping[str, Tensor | float]) -> None:
        bad = [name for name, value in values.items() if not torch.isfinite(torch.as_tensor(value)).all()]
        if bad:
            state = f"state/step-{self._saved:08d}" if self._saved >= 0 else "none yet"
            raise DivergedError(
                f"{bad[0]} is not a finite number near step {self._progress.step}: training stopped. The last good "
                f"state ({state} in {self._folder}) is kept; lower optimizer.lr and start again, or resume from it"
            )

    def _save(self) -> None:
        if self._saved == self._progress.step:
            return
        if self._processes.is_main:
            record = {"name": self._config.name, **asdict(self._progress), "processes": self._processes.count}
            with self._average.applied():
                self._recipe.export(self._folder / "weights", record)
            # After the weights: a state that is there has its weights beside it, also when a kill comes in between.
            state = TrainState(
                self._progress,
                trained_tensors(self._recipe.module),
                self._average.tensors,
                optimizer_tensors(self._optimizer, {id(p): name for name, p in self._parameters.items()}),
            )
            save_state(self._folder / "state", state)
        self._saved = self._progress.step
        self._processes.wait()

    def _write_samples(self) -> None:
        if not self._processes.is_main:
            return
        self._recipe.module.eval()
        with self._average.applied(), torch.no_grad():
            columns = self._recipe.samples(Draw(self._config.seed, 0), self._config.report.sample_rows)
        self._recipe.module.train()
        write_grid(self._folder / "samples" / f"{self._progress.step:08d}.png", columns)


def make_optimizer(parameters: Mapping[str, nn.Parameter], config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW that decays matrices and kernels only. The fused kernel is several times faster on CPU and CUDA."""
    groups = [
        {"params": [p for p in parameters.values() if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters.values() if p.ndim < 2], "weight_decay": 0.0},
    ]
    betas = (config.betas[0], config.betas[1])
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=betas, eps=config.eps, fused=True)


def _find(folder: Path, config: TrainConfig, *, resume: bool) -> TrainState | None:
    """Check that the folder fits the request, and load what there is to resume."""
    written = folder / "run.json"
    if not resume:
        if written.exists():
            raise TrainingError(f"{folder} already holds a run: add --resume to go on, or choose another folder")
        return None
    if written.exists():
        _same_model(json.loads(written.read_text("utf-8")), json.loads(config.to_json()), folder)
    return load_state(folder / "state")


def _same_model(old: Any, new: Any, folder: Path) -> None:
    """Raise TrainingError when the run in `folder` trains another model."""
    for section in ("nano", "iconface"):
        was, now = (((run.get(section) or {}).get("model")) for run in (old, new))
        if was != now:
            raise TrainingError(f"{folder} holds a run with another [{section}.model]: choose another folder")
