"""A service that answers and does nothing by itself: no process is started behind a test's back. What waits in the
queue is done when the test says so, by the worker of the real service, in this process."""

from collections.abc import Generator
from contextlib import contextmanager

from iconface_core.codec import JsonObject
from plugin.app import App
from plugin.jobs.registry import HANDLERS
from plugin.jobs.worker import Worker
from plugin.service.control import ControlServer, Request
from plugin.service.run import Service


class StandingBy:
    """What it was asked, in order."""

    def __init__(self, app: App) -> None:
        self._app, self.asked = app, list[str]()
        self._service = Service(app.gallery, app.settings, None, watch=False)

    def answer(self, request: Request) -> JsonObject:
        self.asked.append(request.command)
        return self._service.answer(request)

    def work(self) -> None:
        """Do everything that is due."""
        Worker(self._app, HANDLERS, lambda **_: None, idle_s=0).run()


@contextmanager
def standing_by(app: App) -> Generator[StandingBy]:
    """While the block runs, the service of `app` answers."""
    service = StandingBy(app)
    server = ControlServer(app.settings.folders.runtime, service.answer)
    try:
        yield service
    finally:
        server.close()
