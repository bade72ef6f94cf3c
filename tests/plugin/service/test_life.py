"""The service beside every other command, and how its life begins and ends."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gallery_db import Gallery
from iconface_core.codec import decode
from plugin.service.control import SOCKET, ControlServer, Request, ask
from plugin.service.restart import LOOK_S, Updates, ending_signals
from plugin.service.run import Service
from plugin.service.start import wake_or_start
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.service import Background
from tests.support.waiting import gone, until

pytestmark = pytest.mark.timeout(240)
SLOW = pytest.mark.slow


@pytest.fixture
def background(library: Library) -> Iterator[Background]:
    b = Background(library.home)
    yield b
    b.end()


COMMANDS: list[tuple[str, int]] = [
    ("library list", 0),
    ("library rules {photos} --auto propose", 0),
    ("people list", 0),
    ("people name {person} Ada", 0),
    ("people hide {person}", 0),
    ("people hide {person} --off", 0),
    ("people questions", 0),
    ("people regroup --dry-run", 0),
    ("faces list", 0),
    ("faces unassign {face}", 0),
    ("faces assign {face} --person {person}", 0),
    ("references {ruined}", 0),
    ("restore --dry-run {ruined}", 0),
    ("restore --enqueue {ruined}", 0),
    ("restored list", 0),
    ("jobs list", 0),
    ("jobs cancel 999", 3),
    ("jobs clear", 0),
    ("cleanup plan", 0),
    ("cleanup status", 0),
    ("service status", 0),
    ("service install --dry-run", 0),
    ("integrate list", 0),
    ("models list", 0),
    ("history", 0),
    ("undo", 0),
    ("backup {home}/copy.db", 0),
    ("restore-backup {home}/copy.db", 0),
    ("library remove {photos} --dry-run", 0),
]


STATES = ["no service", "in the middle of a job", "killed", *(pytest.param(s, marks=SLOW) for s in ("idle", "paused"))]


@pytest.mark.parametrize("state", STATES)
def test_every_command_works_whatever_the_service_does(
    library: Library, background: Background, cli: Cli, monkeypatch: pytest.MonkeyPatch, state: str
):
    monkeypatch.setattr("plugin.service.start.start_detached", lambda home: None)  # the state shall stay what it is
    if state != "no service":
        cli("jobs", "pause")
        process = background.start()
    if state in ("idle", "in the middle of a job"):
        cli("jobs", "resume")
    worker = 0
    if state == "in the middle of a job":
        worker = hold_at_work(background)
    if state == "killed":
        process.kill()
        process.wait()
        assert (background.runtime / SOCKET).exists(), "what it left behind is in nobody's way"
    face = cli("faces", "list")["faces"][0]
    words = {"photos": library.photos, "ruined": library.ruined, "home": library.home}
    words |= {"person": face["person_id"], "face": face["face_id"]}
    try:
        for line, code in COMMANDS:
            if state == "in the middle of a job" and line.startswith("restore-backup"):
                os.kill(worker, signal.SIGCONT)  # the service asks it for its job
            cli(*(word.format(**words) for word in line.split()), code=code)
    finally:
        if worker and psutil.pid_exists(worker):
            os.kill(worker, signal.SIGCONT)
    running = state not in ("no service", "killed")
    until(lambda: (ask(background.runtime, "ping") is not None) == running)


def hold_at_work(background: Background) -> int:
    """Stop the worker of a service in the middle of its first comparison; its process."""
    until(lambda: (background.status().get("worker") or {}).get("pid"))
    pid = int(background.status()["worker"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_of_five_started_at_once_one_remains(library: Library, background: Background):
    started = [subprocess.Popen(background.command("--no-watch"), stderr=subprocess.DEVNULL) for _ in range(5)]
    try:
        until(lambda: sum(p.poll() is None for p in started) == 1)
        [one] = [p for p in started if p.poll() is None]
        assert {p.returncode for p in started if p is not one} == {6}
        until(lambda: background.status().get("pid") == one.pid)
        ask(background.runtime, "stop")
        assert one.wait(60) == 0
    finally:
        for p in started:
            p.kill()
            p.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_in_order_when_told_by_a_signal(library: Library, background: Background, number: signal.Signals):
    process = background.start()
    worker = None if (w := background.status()["worker"]) is None else w["pid"]
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not (background.runtime / SOCKET).exists()
    assert gone(worker)


def test_it_starts_anew_in_the_same_process(library: Library, background: Background):
    log = library.home / "state" / "service.log"
    process = background.start("--no-watch")
    begun = log.read_text().count("the service starts")
    assert (ask(background.runtime, "restart") or {})["ending"]
    until(lambda: log.read_text().count("the service starts") > begun)
    until(lambda: background.status().get("pid"))
    assert (background.status()["pid"], process.poll()) == (process.pid, None)


def test_who_is_told_to_stop_does_not_come_back(tmp_path: Path):
    settings = load_settings(tmp_path, {})
    with Gallery.open(settings.folders.database) as gallery:
        stopped_last = Service(gallery, settings, tmp_path, watch=False)
        stopped_last.answer(Request("restart"))
        assert stopped_last.restarting
        stopped_last.answer(Request("stop"))
        stopped_first = Service(gallery, settings, tmp_path, watch=False)
        stopped_first.answer(Request("stop"))
        stopped_first.answer(Request("restart"))
    assert not stopped_last.restarting
    assert not stopped_first.restarting


@pytest.mark.parametrize(
    "asked",
    [{"command": "pause", "kind": "\ud800"}, {"command": "pause", "kind": ["restore"]}, {"command": "pause", "kind": 5},
     {"command": "resume", "kind": "no such kind"}, {"command": "web", "port": 99999999},
     {"command": "web", "port": "x"}, {"command": ["stop"]}, {"command": None}, {}],
    ids=repr,
)  # fmt: skip
def test_a_line_that_makes_no_sense_changes_nothing(tmp_path: Path, asked: dict[str, Any]):
    settings = load_settings(tmp_path, {})
    with Gallery.open(settings.folders.database) as gallery:
        service = Service(gallery, settings, tmp_path, watch=False)
        with pytest.raises(ValueError, match=r"request: |no kind of job"):
            service.answer(decode(Request, asked, "request"))
        with gallery.begin(write=False) as tx:
            assert not tx.jobs.paused()


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in ending_signals()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert {signal.SIGTERM, signal.SIGHUP} <= set(ending_signals())


@pytest.mark.parametrize("ending", [True, False])
def test_a_service_that_is_ending_is_followed_by_one_for_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: bool
):
    started: list[object] = []
    monkeypatch.setattr("plugin.service.start.start_detached", started.append)
    server = ControlServer(tmp_path, lambda _: {"ok": True, "ending": ending})
    assert wake_or_start(tmp_path, None) is not ending
    server.close()
    assert len(started) == ending


def test_without_a_place_for_logs_the_work_goes_on(library: Library, background: Background):
    shutil.rmtree(library.home / "state", ignore_errors=True)
    (library.home / "state").write_text("a file where the folder should be")
    background.start()
    until(lambda: background.status()["jobs"]["done"])


def test_a_full_disk_for_logs_is_no_reason_to_stop(library: Library, background: Background):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (library.home / "state").mkdir(exist_ok=True)
    for name in ("service.log", "worker.log"):
        (library.home / "state" / name).unlink(missing_ok=True)
        (library.home / "state" / name).symlink_to("/dev/full")
    background.start()
    until(lambda: background.status()["jobs"]["done"])
    assert not background.status()["jobs"]["failed"]


def test_an_update_is_followed_once_the_installer_is_done(monkeypatch: pytest.MonkeyPatch):
    now = {"version": "1.0"}
    monkeypatch.setattr("plugin.service.restart.installed", lambda: now["version"])
    updates = Updates()
    later: Callable[[float], float] = lambda n: 1000.0 + n * LOOK_S  # noqa: E731 - minutes
    assert not updates.come(later(0))
    now["version"] = ""  # half removed
    assert not updates.come(later(1))
    now["version"] = "1.1"
    assert not updates.come(later(2)), "it may still be copied"
    assert not updates.come(later(2) + 1), "it does not look all the time"
    assert updates.come(later(3))


def test_watch_beside_a_service_shows_what_that_does(library: Library, background: Background):
    background.start()
    follow = [*background.command()[:-2], "watch"]
    follow.remove("--quiet")
    shown = subprocess.Popen(follow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert shown.stderr is not None
    assert "watches already" in shown.stderr.readline()
    ask(background.runtime, "stop")
    out, err = shown.communicate(timeout=60)
    assert shown.returncode == 0, out
    assert "the service has ended" in err
