"""`train run` with the folders of this machine, and a Ctrl-C that saves first."""

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ..models.iconface_backend import IconFaceFiles
from ..paths import absolute
from ..settings import Settings

if TYPE_CHECKING:
    from iconface_core.training.loop.trainer import TrainingOutcome


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What `train run` was asked for; `start` are weights to start from."""

    config: Path
    data: Sequence[Path]
    out: Path
    start: Path | None = None
    resume: bool = False
    max_seconds: float | None = None


def run_training(request: TrainRequest, settings: Settings, say: Callable[[str], None]) -> "TrainingOutcome":
    """One session of a run. The first Ctrl-C (or SIGTERM) ends it after the present step, saved; the second at once.

    Raises what `iconface_core.training.loop.start.train` raises.
    """
    from iconface_core.training.loop.start import TrainingPaths, train
    from iconface_core.training.loop.train_config import load_train_config

    config = load_train_config(absolute(request.config))
    models = settings.folders.models
    places = TrainingPaths(
        data=[absolute(folder) for folder in request.data],
        out=absolute(request.out),
        models=models,
        backbone=IconFaceFiles(models).backbone,
        start=None if request.start is None else absolute(request.start),
    )
    with stop_requests(say) as stop:
        return train(config, places, resume=request.resume, max_seconds=request.max_seconds, stop=stop.is_set, say=say)


@contextmanager
def stop_requests(say: Callable[[str], None]) -> Generator[Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second one raises KeyboardInterrupt."""
    asked = Event()
    signals = (signal.SIGINT, signal.SIGTERM)

    def ask(number: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        say("stopping after this step; once more to stop at once")

    before = [signal.signal(s, ask) for s in signals]
    try:
        yield asked
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
