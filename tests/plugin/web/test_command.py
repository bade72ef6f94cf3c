"""`iconface web`: started twice, killed, beside the service, without a display."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tomllib
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from plugin.cli.main import run
from plugin.service.control import ask
from plugin.web.server.running import way_in
from tests.plugin.web.real_server import WAY_IN, Server, come_in, command, started
from tests.support.library import Library
from tests.support.waiting import gone, until

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[3]


def told(home: Path) -> Path:
    return home / "data" / "run" / "web.json"


def second(home: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, *options), capture_output=True, text=True, timeout=120, env={**os.environ, **env}
    )


def test_two_starts_share_one_server_and_ctrl_c_ends_it(library: Library, capsys):
    with started(library.home) as server:
        file = told(library.home)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert json.loads(file.read_text())["port"] == server.port
        again = second(library.home)
        found = WAY_IN.search(again.stdout)
        assert (again.returncode, found and int(found[1])) == (0, server.port)
        other = come_in(server, found[2] if found else "")
        assert server.ask("/people", cookie=other).status == 200
        elsewhere = second(library.home, "--port", "1234")
        assert "another port" in elsewhere.stderr
        assert second(library.home, "--here").returncode == 0
        # A page that listens does not hold up the end.
        with closing(server.connect()) as listening:
            listening.sendall(
                f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n\r\n".encode()
            )
            assert b"200" in listening.recv(20)
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(60) == 0
    assert not file.exists()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_after_a_crash_it_starts_again(library: Library):
    with started(library.home) as server:
        port = server.port
        server.process.kill()
        server.process.wait()
        assert told(library.home).exists()
        assert way_in(library.home / "data" / "run") is None
        with started(library.home, "--port", str(port)) as again:
            assert again.port == port
            assert again.ask("/people").status == 200


def test_a_port_that_another_program_has_is_said(library: Library):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        refused = second(library.home, "--port", str(port))
    assert refused.returncode == 6
    assert f"port {port} cannot be used" in refused.stderr
    assert not told(library.home).exists()


def test_what_is_no_page_of_ours_is_not_believed(library: Library):
    runtime = library.home / "data" / "run"
    runtime.mkdir(parents=True, exist_ok=True)
    for lie in ("", "[]", '{"port": "x"}', '{"port": 1, "secret": "x"}', '{"port": 99999999, "secret": "x"}', "\xff"):
        told(library.home).write_text(lie, "latin-1")
        assert way_in(runtime) is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_the_browser_is_opened_where_there_is_a_display(library: Library, tmp_path: Path):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {seen}\n')
    browser.chmod(0o700)
    opening = [a for a in command(library.home) if a != "--no-browser"]
    plain = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with started(library.home) as server:
        shown = subprocess.run(
            opening, env={**plain, "DISPLAY": ":9", "BROWSER": str(browser)}, capture_output=True, text=True
        )
        until(seen.exists)
        found = WAY_IN.search(seen.read_text())
        assert found, shown
        assert come_in(server, found[2])
        hidden = subprocess.run(opening, env={**plain, "BROWSER": str(browser)}, capture_output=True, text=True)
        assert "open this address in a browser" in hidden.stderr
        assert len(seen.read_text().splitlines()) == 1


@pytest.mark.slow
def test_it_ends_when_nobody_looks(library: Library):
    process = subprocess.Popen(command(library.home, "--idle", "1"), stdout=subprocess.PIPE, text=True)
    assert process.wait(120) == 0
    process.communicate()
    assert not told(library.home).exists()


def test_the_service_starts_it_in_a_process_of_its_own(library: Library):
    home, runtime = library.home, library.home / "data" / "run"
    argv = [sys.executable, "-m", "plugin", "--quiet", "--home", str(home), "service", "run", "--no-watch"]
    service = subprocess.Popen(argv, stderr=subprocess.DEVNULL, text=True)
    try:
        until(lambda: ask(runtime, "ping"))
        assert (ask(runtime, "status", timeout_s=30) or {})["web"] is None
        opened = second(home)
        found = WAY_IN.search(opened.stdout)
        assert found, opened
        server = Server(int(found[1]), "", home / "log", service)
        cookie = come_in(server, found[2])
        assert server.ask("/people", cookie=cookie).status == 200
        pid = (ask(runtime, "status", timeout_s=30) or {})["web"]
        assert pid not in (None, service.pid)
        again = WAY_IN.search(second(home).stdout)
        assert again
        assert int(again[1]) == server.port
        assert (ask(runtime, "status", timeout_s=30) or {})["web"] == pid
        log = home / "state" / "web.log"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert "ticket" not in log.read_text()
    finally:
        ask(runtime, "stop")
        service.wait(60)
    until(lambda: gone(pid))
    assert not told(home).exists()


def test_the_service_and_the_command_are_light():
    code = (
        "import sys, plugin.service.run, plugin.cli.web, plugin.web.server.running;"
        "bad = {'fastapi', 'starlette', 'uvicorn', 'jinja2', 'torch', 'cv2'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_site_loads_no_model_runtime(library: Library, tmp_path: Path):
    """All pages shown, pictures made, and what only the worker needs is not there."""
    code = f"""
import re, sys
from pathlib import Path
from starlette.testclient import TestClient
from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.make import make_web
from plugin.web.site import make_site

app = build_app(load_settings(Path({str(library.home)!r}), {{}}))
with make_web(app, 4711) as web, TestClient(make_site(web), base_url="http://127.0.0.1:4711") as site:
    site.cookies.set(web.sessions.cookie, web.sessions.redeem(web.sessions.ticket()))
    for path in ("/people", "/people/1", "/review", "/history", "/photos/1", "/restorations", "/jobs", "/library",
                 "/welcome", "/pictures/face/1", "/pictures/photo/1"):
        assert site.get(path).status_code in (200, 303), path
app.close()
bad = {{"torch", "onnxruntime", "insightface", "diffusers", "transformers", "ncnn", "onnx"}} & set(sys.modules)
assert not bad, bad
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_web_is_a_command_like_others(capsys):
    assert run(["web", "--help"]) == 0
    assert "--port" in capsys.readouterr().out
    assert run(["web", "--port", "70000"]) == 2


def test_everything_the_site_shows_is_in_the_wheel(tmp_path: Path):
    """Templates, styles, scripts and vendored files, with their licences."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    app = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]["plugin"]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    web = ROOT / "plugin" / "web"
    wanted = [p for folder in ("templates", "static") for p in (web / folder).rglob("*") if p.is_file()]
    assert len(wanted) > 20
    assert [p for p in wanted if f"{app}/web/{p.relative_to(web).as_posix()}" not in inside] == []
    assert {f"{app}/web/static/vendor/htmx/LICENSE", f"{app}/web/templates/base.html"} <= inside
