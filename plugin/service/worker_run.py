"""A machine that only works: a supervisor and its worker at a gallery that several machines share."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from gallery_db import Gallery

from ..errors import UsageError
from ..folders import Folders
from ..lock_file import held
from ..paths import make_private
from ..settings import Settings
from .restart import ending_signals
from .run import logging_to, make_supervisor


@contextmanager
def _only_worker(folders: Folders) -> Generator[None]:
    """Raises BusyError when a worker of this name runs on this machine already."""
    make_private(folders.runtime)
    lock_file = folders.runtime / f"worker-{sha256(folders.machine_name.encode()).hexdigest()[:16]}.lock"
    with held(lock_file, f"a worker called {folders.machine_name} runs here already: give this one a --name"):
        yield


def run_worker(settings: Settings, home: Path | None, *, on_start: Callable[[], None] = lambda: None) -> None:
    """`iconface worker run`: a supervisor and its worker at a gallery that machines share, until a signal. It watches
    nothing and serves no page.

    Raises UsageError for a gallery in a file, BusyError when this worker runs already, SchemaTooNewError when another
    machine has updated the gallery.
    """
    folders = settings.folders
    if folders.server is None:
        raise UsageError(
            "a gallery in a file has one worker, that of its service: iconface service run (docs/scale.md)"
        )
    with (
        _only_worker(folders),
        Gallery.open(folders.gallery) as gallery,
        logging_to(folders.state / "service.log"),
    ):
        supervisor = make_supervisor(gallery, settings, home)
        for number in ending_signals():
            signal.signal(number, lambda *_: supervisor.stop())
        on_start()
        supervisor.run()
