"""No network by anybody, and nothing written outside the folders of iconface. Without `CI`, which silences some."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugin.service.control import ask
from plugin.web.server.running import wait_for_way_in
from tests.plugin.traced import internet, traced, written
from tests.support.service import at_rest
from tests.support.waiting import until

ICONFACE = str(Path(sys.executable).with_name("iconface"))
WATCHED_S = 25.0
"""The first report of a library went out ten seconds after its first session."""


@pytest.mark.slow
def test_scan_restore_service_and_page(sample: tuple[Path, Path], tmp_path: Path) -> None:
    photos, ruined = sample
    home, user, temp = tmp_path / "home", tmp_path / "user", tmp_path / "tmp"
    for folder in (user, temp):
        folder.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ICONFACE_", "ORT_", "HF_"))}
    env.pop("CI", None)
    env |= {"HOME": str(user), "TMPDIR": str(temp), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={tmp_path}/nobody"  # a note would wait for an answer there
    # A collector that the user's own programs report to is none of ours.
    env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.1:4318", "FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
    iconface = (ICONFACE, "--home", str(home), "--quiet")
    began = time.monotonic()

    def run(name: str, *argv: str) -> None:
        done = subprocess.run(traced(tmp_path / name, [*iconface, *argv]), env=env, cwd=user, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    run("trace-add", "library", "add", str(photos))
    run("trace-scan", "scan")
    run("trace-restore", "restore", str(ruined))
    service = subprocess.Popen(traced(tmp_path / "trace-service", [*iconface, "service", "run"]), env=env, cwd=user)
    runtime = home / "data" / "run"
    try:
        until(lambda: ask(runtime, "ping") is not None)
        subprocess.run([*iconface, "restore", "--enqueue", "--", str(ruined)], env=env, cwd=user, check=True)
        assert "error" not in (ask(runtime, "web", port=0) or {"error": "gone"})
        assert wait_for_way_in(runtime, 60) is not None
        until(lambda: at_rest(runtime))
        time.sleep(max(0.0, WATCHED_S - (time.monotonic() - began)))
        port = json.loads((runtime / "web.json").read_text())["port"]
    finally:
        ask(runtime, "stop")
        assert service.wait(60) == 0

    for log in tmp_path.glob("trace-*"):
        calls = internet(log)
        if log.name == "trace-service":
            page = [c for c in calls if "socket(AF_INET, SOCK_STREAM" in c]
            assert len(page) == 1, page
            calls = [c for c in calls if c not in page and 'inet_addr("127.0.0.1")' not in c]
            assert f"sin_port=htons({port})" in log.read_text()
        assert not calls, f"{log.name}: {calls[:5]}"
        outside = {p for p in written(log, user) if not p.is_relative_to(home) and p.parts[1] not in ("dev", "proc")}
        assert not outside, f"{log.name}: {sorted(outside)}"
    assert not list(user.iterdir())
    assert not list(temp.iterdir())


def test_whoever_imports_the_core_is_silenced_first() -> None:
    code = "import iconface_core.types, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    env = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"} | {"ORT_DISABLE_TELEMETRY": "0"}
    assert subprocess.check_output([sys.executable, "-c", code], env=env, text=True) == "1\n"
