"""`iconface jobs ...` over a real queue, without a service."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from filelock import FileLock

from gallery_db import Gallery
from gallery_db.jobs.queue import EVERYTHING
from plugin import job_pause
from plugin.cli import enqueue
from plugin.cli.fast_enqueue import quick
from plugin.cli.main import run
from plugin.job_kinds import enqueue_restore
from tests.support.library import Cli, Library


def queue(library: Library, *photos: Path, **more) -> list[int]:
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
        return [enqueue_restore(tx, photo, **more) for photo in photos]


def test_jobs_run_does_what_is_due_and_tells_what_failed(cli: Cli, library: Library, tmp_path: Path):
    copy = Path(shutil.copy(library.ruined, tmp_path / "found in an attic.jpg"))
    good, bad = queue(library, copy, tmp_path / "missing.jpg")
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
        strange = {"path": str(library.ruined), "face_id": None, "options": {"sparkle": True}}
        odd = tx.jobs.enqueue("restore", strange)
    report = cli("jobs", "run", code=5)
    states = {j["job_id"]: j["state"] for j in report["jobs"]}
    assert states == {good: "done", bad: "failed", odd: "failed"}
    result = cli("jobs", "show", good)["job"]["progress"]
    assert result["outcome"] in ("restored", "unsure")
    assert Path(result["output"]).exists()
    assert Path(result["photo"]) == copy
    reasons = {j["job_id"]: j["error"] for j in cli("jobs", "list", "--failed")["jobs"]}
    assert "no such photo" in reasons[bad]
    assert "sparkle" in reasons[odd]
    told = [c["message"] for c in cli("doctor", code=5)["checks"] if c["check"] == "job"]
    assert len(told) == 2
    assert cli("jobs", "run")["jobs"] == [], "nothing is due: what cannot be done is not tried again by itself"
    assert cli("jobs", "retry", "--all")["changed"] == [bad, odd]
    assert cli("jobs", "cancel", odd)["changed"] == [odd]
    assert cli("jobs", "cancel", odd, code=5)["unchanged"] == [odd]
    assert cli("jobs", "clear", "--dry-run")["cleared"] == 2
    assert cli("jobs", "clear", "--waiting")["cleared"] == 3
    assert cli("jobs", "list", "--all")["jobs"] == []


def test_jobs_run_goes_on_itself_when_the_service_it_waits_for_is_gone(cli: Cli, library: Library, tmp_path: Path):
    [job] = queue(library, tmp_path / "missing.jpg")
    runtime = library.home / "data" / "run"
    runtime.mkdir(exist_ok=True)
    service = FileLock(runtime / "service.lock", thread_local=False)  # held, and nobody answers: killed just now
    service.acquire()
    Timer(1.0, service.release).start()
    assert [j["job_id"] for j in cli("jobs", "run", code=5)["jobs"]] == [job]


def test_mistakes_are_told(cli: Cli):
    assert "no job with id 99" in cli("jobs", "show", 99, code=3)["error"]["message"]
    assert "say --all" in cli("jobs", "retry", code=2)["error"]["message"]
    cli("jobs", "cancel", 99, code=3)


def test_pause_survives_and_jobs_run_respects_it(cli: Cli, library: Library):
    [job] = queue(library, library.ruined)
    assert cli("jobs", "pause")["paused"] == ["*"]
    assert cli("jobs", "run")["jobs"] == []
    assert cli("jobs", "list")["paused"] == ["*"]
    assert cli("jobs", "resume")["paused"] == []
    assert cli("jobs", "cancel", job)["changed"] == [job]


def test_enqueue_of_a_file_that_is_not_there(cli: Cli, library: Library):
    assert "no such photo" in cli("restore", "--enqueue", library.home / "nothing.jpg", code=3)["error"]["message"]
    assert cli("jobs", "list")["jobs"] == []


def test_a_folder_among_the_photos_is_named_as_one(
    cli: Cli, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(enqueue, "wake_or_start", lambda runtime, home: True)  # no service for this
    argv = ["--home", str(library.home), "restore", "--enqueue", "--", str(library.ruined), str(tmp_path), "/no.jpg"]
    assert quick(argv) == 5
    told = cli.capture.readouterr().out
    assert f"{tmp_path}: a folder, no photo" in told
    assert "/no.jpg: no such photo" in told


def test_what_a_file_manager_waits_for_opens_no_gallery(cli: Cli, library: Library, tmp_path: Path):
    """Neither when it may go on at once, nor when it has to tell that nothing comes of it yet."""
    heavy = "{'gallery_db', 'sqlalchemy', 'numpy', 'typer', 'torch'}"
    code = f"""
import sys
from plugin.cli import enqueue
from plugin.cli.fast_enqueue import quick
enqueue.wake_or_start = lambda runtime, home: True
code = quick(sys.argv[1:])
bad = {heavy} & set(sys.modules)
assert not bad, bad
assert code == int(sys.argv[-1].endswith("gone.jpg")) * 3, code
assert 'plugin.notifications.show' in sys.modules or 'told' not in sys.argv[2]
"""
    told, quiet = tmp_path / "told", tmp_path / "quiet"
    for home in (told, quiet):
        (home / "data").mkdir(parents=True)
        with Gallery.open(home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
            if home == told:
                tx.jobs.pause(EVERYTHING)
    for home, photo in ((quiet, library.ruined), (told, library.ruined), (told, tmp_path / "gone.jpg")):
        argv: list[str | Path] = [sys.executable, "-c", code, "--home", home, "restore", "--enqueue", "--", photo]
        env = {k: v for k, v in os.environ.items() if k not in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY")}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr


def test_only_kinds_that_there_are_can_be_paused(cli: Cli, library: Library):
    for verb in ("pause", "resume"):
        told = cli("jobs", verb, "nonsense", code=2)["error"]["message"]
        assert "'nonsense'" in told
        assert "reconcile, restore" in told
    assert "reconcile, restore" in cli("jobs", "list", "--kind", "nonsense", code=2)["error"]["message"]
    assert cli("jobs", "pause", "restore")["paused"] == ["restore"]
    assert cli("jobs", "resume", "restore")["paused"] == []
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
        tx.jobs.pause("of an older release")
        tx.jobs.enqueue("of a later release")
    assert cli("jobs", "resume", "of an older release")["paused"] == []
    assert len(cli("jobs", "list", "--kind", "of a later release")["jobs"]) == 1


def test_enqueueing_while_restoring_is_paused_says_how_to_go_on(
    cli: Cli, library: Library, monkeypatch: pytest.MonkeyPatch
):
    assert job_pause.EVERYTHING == EVERYTHING
    monkeypatch.setattr(enqueue, "wake_or_start", lambda runtime, home: True)  # no service for this
    for kind, held in (((), True), (("restore",), True), (("nightly",), False)):
        cli("jobs", "pause", *kind)
        assert cli("restore", "--enqueue", library.ruined)["paused"] is held, kind
        cli("jobs", "resume")
    cli("jobs", "pause", "restore")
    assert run(["--home", str(library.home), "restore", "--enqueue", str(library.ruined)]) == 0
    told = cli.capture.readouterr().out
    assert "restoring is paused" in told
    assert "iconface jobs resume restore" in told
    cli("jobs", "resume", "restore")
    assert cli("restore", "--enqueue", library.ruined)["paused"] is False


def test_whether_the_queue_is_paused_is_asked_of_whatever_lies_there(tmp_path: Path):
    database = tmp_path / "a #?%.db"
    assert job_pause.paused_kinds(database) == frozenset()
    database.write_bytes(b"no database")
    assert job_pause.paused_kinds(database) == frozenset()
    database.unlink()
    with Gallery.open(database) as g:
        with g.begin() as tx:
            tx.jobs.pause("restore")
        assert job_pause.paused_kinds(database) == {"restore"}, "while somebody has it open"
    assert job_pause.paused_kinds(database) == {"restore"}
