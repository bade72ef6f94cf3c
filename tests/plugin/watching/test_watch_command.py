"""`iconface watch`, as a process of its own with its worker; and what `doctor` says afterwards."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin.cli.main import run

from .test_watcher import picture


def test_watch_follows_the_disk_until_it_is_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root, home = tmp_path / "photos", tmp_path / "home"
    root.mkdir()
    (root / "old.jpg").write_bytes(picture(1))
    assert run(["--home", str(home), "library", "add", str(root)]) == 0
    argv = [sys.executable, "-m", "plugin", "--home", str(home), "--jsonl", "watch"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        events: list[dict[str, Any]] = []
        try:
            while not any(e["event"] == "job" and e["kind"] == "changes" for e in events):
                events.append(json.loads(process.stdout.readline()))
                if events[-1]["event"] == "events":
                    (root / "new.jpg").write_bytes(picture(2))
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert {e["event"] for e in events} >= {"events", "reconcile", "changes", "job"}
    [named] = [e for e in events if e["event"] == "changes"]
    assert named["paths"] == [str(root / "new.jpg")]
    assert all(e["state"] == "done" for e in events if e["event"] == "job")

    capsys.readouterr()
    assert run(["--home", str(home), "--json", "doctor"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert [c for c in checks if c["check"] == "watch"] == [], "events need no remark"
    assert "2 photos" in next(c["message"] for c in checks if c["check"] == "folder")


def test_doctor_tells_of_a_folder_that_is_polled(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from gallery_db import Gallery
    from plugin.library.watch_limits import WATCHED

    root, home = tmp_path / "photos", tmp_path / "home"
    root.mkdir()
    assert run(["--home", str(home), "library", "add", str(root)]) == 0

    def said() -> str:
        capsys.readouterr()
        run(["--home", str(home), "--json", "doctor"])
        return next(c["message"] for c in json.loads(capsys.readouterr().out)["checks"] if c["check"] == "watch")

    assert "never watched" in said()
    with Gallery.open(home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
        tx.meta.set(WATCHED, json.dumps({"1": {"mode": "polling", "reason": "type this: sysctl"}}))
    assert "type this: sysctl" in said()


def test_only_one_watches(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from plugin.service.lock import only_service
    from plugin.settings import load_settings

    with only_service(load_settings(tmp_path, {}).folders):
        assert run(["--home", str(tmp_path), "--json", "watch"]) == 6
    assert "runs already" in capsys.readouterr().out
