"""A machine tells the others that share its gallery that it is there, what it takes, and what it cannot see."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event, Thread

from gallery_db import Gallery
from gallery_db.errors import GalleryError

from ..library.disk import why_offline

log = logging.getLogger(__name__)

SPEAK_S = 10.0
"""A machine speaks so often; one that is silent for a minute is not counted on (`gallery_db.machines`)."""


LEAVE_S = 2.0
"""A share that hangs does not keep a machine from leaving."""


class Presence:
    """Speaks from `start` to `stop`, in a thread of its own: a share that hangs must keep nobody waiting, and whoever
    looks at it in vain is silent soon."""

    def __init__(self, gallery: Gallery, name: str, queues: Sequence[str]) -> None:
        self._gallery, self._name, self._queues = gallery, name, tuple(queues)
        self._over = Event()
        self._thread = Thread(target=self._speak_on, name="presence", daemon=True)

    def start(self) -> None:
        """Raises GalleryError when the gallery cannot be written."""
        self.speak(started=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave in order: the others need not wait until silence tells them."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(LEAVE_S)
        with suppress(GalleryError), self._gallery.begin(alone=False) as tx:
            tx.machines.leave(self._name)

    def speak(self, *, started: bool = False) -> None:
        """Say once what is so now."""
        with self._gallery.begin(write=False) as tx:
            roots = tx.roots.all()
        missing = [r.id for r in roots if why_offline(Path(r.path), 1) is not None]
        with self._gallery.begin(alone=False) as tx:
            if not self._over.is_set():
                tx.machines.tell(self._name, queues=self._queues, missing=missing, version=_version(), started=started)

    def _speak_on(self) -> None:
        while not self._over.wait(SPEAK_S):
            try:
                self.speak()
            except GalleryError as e:
                log.warning("the others do not hear of this machine: %s", e)


def _version() -> str:
    try:
        return version("iconface")
    except PackageNotFoundError:
        return ""
