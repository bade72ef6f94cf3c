"""`iconface web --window`: what the entry among the programs starts, with the real service and a browser that notes
what it was asked to open."""

import http.client
import sys
import time
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plugin.cli.main import run
from plugin.service.control import ask
from plugin.settings import load_settings
from plugin.web import own_window
from tests.support.library import Library
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the browser is a script on PATH")


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only one there is; the file it writes the addresses to."""
    asked = tmp_path / "asked"
    program = tmp_path / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > "{asked}.new"\n/bin/mv "{asked}.new" "{asked}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return asked


def test_it_starts_the_service_and_opens_a_window(library: Library, browser: Path, capsys: pytest.CaptureFixture[str]):
    runtime = load_settings(library.home, {}).folders.runtime
    try:
        assert run(["--home", str(library.home), "web", "--window"]) == 0
        until(browser.is_file)
        [option] = browser.read_text().split()
        url = option.removeprefix("--app=")
        assert url == capsys.readouterr().out.strip()
        assert ask(runtime, "ping") is not None, "the service stays"
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.request("GET", f"{parts.path}?{parts.query}")
        assert connection.getresponse().status == 303, "the address lets the window in"
        connection.close()
    finally:
        end = time.monotonic() + 60
        while ask(runtime, "stop") is not None and time.monotonic() < end:
            time.sleep(0.1)


def test_without_such_a_browser_it_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    opened: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))

    def open_it(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    assert own_window.open_window("http://127.0.0.1:1/")
    assert opened == ["http://127.0.0.1:1/"]
