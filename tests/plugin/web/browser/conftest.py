"""One library a run and one Chromium a session; the real server for each test that changes something."""

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

from plugin.app import build_app
from plugin.service.control import ask
from plugin.settings import load_settings
from plugin.web.server.running import address, told
from tests.plugin.web.real_server import in_thread
from tests.support.once import once

from .chromium import DESKTOP, Browser
from .family import Family, build

WAYS_IN = re.compile(r"http://127\.0\.0\.1:\d+/\S*")


class Server:
    """The site of one home, served from a thread of this process: starting `iconface web` costs three seconds a test.
    Its one-time address is `way_in`; `log` is what it said.

    `ServerProcess` is the command itself, for tests that end it."""

    def __init__(self, home: Path, log: Path) -> None:
        self.home, self._log = home, log
        self._handler = logging.FileHandler(log)
        logging.getLogger().addHandler(self._handler)
        with ExitStack() as opened:
            app = build_app(load_settings(home, {}))
            opened.callback(app.close)
            web = opened.enter_context(in_thread(app))
            opened.enter_context(told(app.settings.folders.runtime, web.port, web.sessions.secret))
            self.way_in = address(web.port, web.sessions.ticket())
            self._opened = opened.pop_all()
        self.base = f"http://127.0.0.1:{web.port}"

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        """Also of the service, where the site started one."""
        end_service(self.home)
        self._opened.close()
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()
        end_service(self.home)


class ServerProcess:
    """`iconface web` over one home, in its own process."""

    def __init__(self, home: Path, log: Path) -> None:
        self.home, self._log = home, log
        command = [sys.executable, "-m", "plugin", "--home", str(home), "web", "--no-browser", "--port", "0"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        self._errors = log.open("wb")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, env=environment)
        self.way_in = self._address()
        self.base = self.way_in.split("/", 3)[0] + "//" + self.way_in.split("/", 3)[2]

    def _address(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := WAYS_IN.search(line.decode()):
                return found[0]
        raise AssertionError(f"no address: {self.log()}")

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        """Also of the service, where the site started one."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        end_service(self.home)


def end_service(home: Path) -> None:
    """Of a home, if one runs; asked again, because it may only just have started."""
    runtime = home / "data" / "run"
    end = time.monotonic() + 30
    while ask(runtime, "stop") is not None and time.monotonic() < end:
        time.sleep(0.1)


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Read-only for tests: take `library`."""
    folder, (people, waiting) = once(tmp_path_factory, "family", build)
    return Family(folder / "Family photos", folder / "home", people, waiting)


@pytest.fixture
def library(family: Family, tmp_path: Path) -> Family:
    """The family's library with a home of its own."""
    return family.copy(tmp_path / "home")


Enter = Callable[[Path], Browser]


@contextmanager
def visits(
    driver: webdriver.Chrome, logs: Path, start: Callable[[Path, Path], Server | ServerProcess] = Server
) -> Iterator[Enter]:
    """`enter(home)` starts the server of a home and comes in through its one-time address.

    At the end: no error in the console, none in the server's log, no request to anywhere else.
    """
    servers: list[Server | ServerProcess] = []
    browsers: list[Browser] = []

    def come_in(home: Path) -> Browser:
        servers.append(start(home, logs / f"web-{len(servers)}.log"))
        browser = Browser(driver, servers[-1].base)
        browsers.append(browser)
        browser.forget()
        browser.look(DESKTOP)
        driver.get(servers[-1].way_in)
        return browser

    try:
        yield come_in
        trouble = [t for b in browsers for t in b.trouble()]
    finally:
        for browser in browsers:
            browser.forget()
        for server in servers:
            server.end()
    crashes = [s.log()[-4000:] for s in servers if "Traceback" in s.log()]
    assert not trouble + crashes, "\n".join(trouble + crashes)


@pytest.fixture
def enter(driver: webdriver.Chrome, tmp_path: Path) -> Iterator[Enter]:
    """See `visits`; checked after every test."""
    with visits(driver, tmp_path) as come_in:
        yield come_in


@pytest.fixture
def site(enter: Enter, library: Family) -> Browser:
    """The site of a library of one's own."""
    return enter(library.home)


@pytest.fixture
def site_of_the_command(driver: webdriver.Chrome, library: Family, tmp_path: Path) -> Iterator[Browser]:
    """The site of a library of one's own, served by `iconface web`."""
    with visits(driver, tmp_path, ServerProcess) as come_in:
        yield come_in(library.home)


@pytest.fixture(scope="module")
def shared_site(
    driver: webdriver.Chrome, family: Family, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One site for the tests of a module that only look."""
    folder = tmp_path_factory.mktemp("shared")
    with visits(driver, folder) as come_in:
        yield come_in(family.copy(folder / "home").home)
