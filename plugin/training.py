"""`train run` with the folders of this machine, and a Ctrl-C that saves first."""

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from plugin.iconface_backend import IconFaceFiles
from plugin.roots import absolute
from plugin.settings import Settings

if TYPE_CHECKING:
    from iconface_core.training.trainer import Outcome


def run_training(
    config: Path,
    data: Sequence[Path],
    out: Path,
    settings: Settings,
    resume: bool,
    max_seconds: float | None,
    say: Callable[[str], None],
) -> "Outcome":
    """One session of a run. The first Ctrl-C (or SIGTERM) ends it after the present step, saved; the second at once.

    Raises what `iconface_core.training.start.train` raises.
    """
    from iconface_core.training.start import Places, train
    from iconface_core.training.train_config import load_train_config

    models = settings.folders.models
    places = Places([absolute(d) for d in data], absolute(out), models, IconFaceFiles(models).backbone)
    loaded = load_train_config(absolute(config))
    with _stop_requests(say) as stop:
        return train(loaded, places, resume=resume, max_seconds=max_seconds, stop=stop.is_set, say=say)


@contextmanager
def _stop_requests(say: Callable[[str], None]) -> Generator[Event]:
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
