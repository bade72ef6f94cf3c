"""The real service in its own process: light, alone, asked over its socket, killed and started again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.records import RestorationRecord
from iconface_core.images.provenance import read_provenance
from plugin.job_kinds import enqueue_restore
from plugin.job_payloads import QueuedChoices
from plugin.jobs import inbox
from plugin.service.control import ask
from tests.support.library import Cli, Library, tree_hash
from tests.support.service import Background, time_passes
from tests.support.waiting import gone, until

pytestmark = pytest.mark.timeout(240)
HEAVY = {"torch", "cv2", "onnxruntime", "faiss", "diffusers", "transformers", "insightface", "ncnn"}


@pytest.fixture
def background(library: Library) -> Iterator[Background]:
    b = Background(library.home)
    yield b
    b.end()


def outputs(library: Library) -> list[Path]:
    folder = library.home / "restored"
    return [p for p in folder.rglob("*") if p.is_file()] if folder.exists() else []


def rows(library: Library) -> list[RestorationRecord]:
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin(write=False) as tx:
        return tx.restorations.history()


def test_the_main_process_is_light(library: Library):
    """Not one model runtime, and no index, in the process that is there all day."""
    code = f"""
import sys, threading
from pathlib import Path
from plugin.settings import load_settings
from gallery_db import Gallery
from plugin.service.run import Service
settings = load_settings(Path({str(library.home)!r}), {{}})
with Gallery.open(settings.folders.database) as gallery:
    service = Service(gallery, settings, Path({str(library.home)!r}))
    threading.Timer(3, service.stop).start()
    service._supervisor._kinds = ("nothing",)  # no worker is wanted here
    service.run()
import psutil
bad = {HEAVY} & set(sys.modules)
assert not bad, bad
memory = psutil.Process().memory_info().rss >> 20
assert memory < 150, memory
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("argv", [["restore", "--enqueue", "--", "x.jpg"], ["--help"]])
def test_a_right_click_opens_no_database(tmp_path: Path, argv: list[str]):
    (tmp_path / "x.jpg").write_bytes(b"x")
    code = f"""
import sys
from plugin.service import start
start.start_detached = lambda home: None
from plugin import __main__
sys.argv = ["iconface", "--home", {str(tmp_path / "h")!r}, *{argv!r}]
try:
    __main__.main()
except SystemExit as e:
    assert not e.code, e.code
bad = ({HEAVY} | {{"sqlalchemy", "numpy", "cv2"}}) & set(sys.modules)
assert not bad, bad
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    assert len(inbox.waiting(tmp_path / "h" / "data" / "inbox")) == (argv[0] == "restore")


def test_a_right_click_on_any_name_starts_the_service_and_the_copy_appears(library: Library, tmp_path: Path):
    """Spaces, quotes, a leading dash, umlauts, and bytes that are no UTF-8; nobody started a service before."""
    names = [b"-a photo.jpg", 'it\'s "m\u00fcller".jpg'.encode(), b"M\xfcller.jpg"]
    folder = tmp_path / "desktop"
    folder.mkdir()
    for name in names:
        shutil.copy(library.ruined, folder / os.fsdecode(name))
    before = tree_hash(library.photos)
    command: list[str | bytes] = [sys.executable, "-m", "plugin", "--home", str(library.home)]
    command += ["restore", "--enqueue", "--", *names]
    background = Background(library.home)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        until(lambda: len(outputs(library)) == 3, 200)
        until(lambda: background.status()["jobs"]["done"] >= 3)
    finally:
        background.end()
        until(lambda: ask(background.runtime, "ping") is None)
    assert {p.name for p in outputs(library)} == {
        "-a photo_restored.jpg",
        'it\'s "m\u00fcller"_restored.jpg',
        "M_ller_restored.jpg",
    }
    assert all(read_provenance(p) for p in outputs(library))
    assert tree_hash(library.photos) == before
    assert len(list(folder.iterdir())) == 3


def test_commands_with_and_without_the_service(library: Library, background: Background, cli: Cli):
    missing = cli("service", "status")
    assert not missing["running"]
    assert not cli("service", "stop")["stopped"]
    cli("jobs", "pause", "restore")
    process = background.start()
    until(lambda: background.status()["watcher"]["roots"])
    status = cli("service", "status")
    assert status["running"]
    assert status["pid"] == process.pid
    assert status["paused"] == ["restore"]
    assert status["memory"] < 150 << 20
    assert [r["path"] for r in status["watcher"]["roots"]] == [str(library.photos)]
    # Only one.
    second = [sys.executable, "-m", "plugin", "--home", str(library.home), "service", "run"]
    assert subprocess.run(second, capture_output=True).returncode == 6
    # Every other command goes on.
    assert cli("people", "list")["people"]
    cli("restore", "--enqueue", library.ruined)
    until(lambda: not inbox.waiting(library.home / "data" / "inbox"))
    [job] = cli("jobs", "list", "--kind", "restore")["jobs"]
    assert job["state"] == "waiting", "it is paused"
    cli("jobs", "resume")
    cli("jobs", "run")  # waits for the service to do it
    assert cli("jobs", "show", job["job_id"])["job"]["state"] == "done"
    assert len(outputs(library)) == 1
    assert (library.home / "state" / "service.log").read_text().count("the service starts") == 1
    assert cli("service", "stop")["stopped"]
    assert process.wait(30) == 0


@pytest.mark.slow
def test_kill_minus_nine_of_service_and_worker_doubles_nothing(library: Library, background: Background):
    """Killed at odd moments of a real restoration, over and over: in the end one copy and one row."""
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
        job_id = enqueue_restore(tx, library.ruined, options=QueuedChoices(force=True))

    def state() -> str:
        with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin(write=False) as tx:
            return tx.jobs.get(job_id).state

    def works() -> bool:
        if state() == "waiting":
            time_passes(library.home)
            ask(background.runtime, "wake")
        return bool(background.status().get("worker")) or state() in ("done", "failed")

    before = tree_hash(library.photos)
    service = background.start("--no-watch")
    for n in range(4):
        until(works)
        time.sleep(1.0 + 0.9 * n)
        worker = (background.status().get("worker") or {}).get("pid")
        if n == 2:
            service.send_signal(signal.SIGKILL)
            service.wait()
            until(partial(gone, worker))  # it does not outlive its supervisor
            with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
                for job in tx.jobs.find(states=("failed",)):
                    tx.jobs.retry(job.id)
            service = background.start("--no-watch")
        elif worker:
            os.kill(worker, signal.SIGKILL)
    until(lambda: works() and state() in ("done", "failed"), 200)
    with Gallery.open(library.home / "data" / "gallery.db") as g, g.begin() as tx:
        job = tx.jobs.get(job_id)
        if job.state == "failed":  # three kills in a row are held against the photo; the user says it is fine
            assert tx.jobs.retry(job_id)
    ask(background.runtime, "wake")
    until(lambda: state() == "done", 200)
    assert len(outputs(library)) == 1
    done = [r for r in rows(library) if r.state == "done"]
    assert len(done) == 1
    assert done[0].output == str(outputs(library)[0])
    assert tree_hash(library.photos) == before


def test_a_lingering_service_ends_by_itself_or_gives_way(library: Library, background: Background):
    assert subprocess.run(background.command("--no-watch", "--linger", "0"), timeout=60).returncode == 0
    assert background.status() == {}
    lingering = background.start("--no-watch", "--linger", "1000")
    assert "would end with it" in (ask(background.runtime, "web") or {})["error"]
    proper = background.start("--no-watch")
    assert lingering.wait(60) == 0
    until(lambda: background.status().get("pid") == proper.pid)
