"""Events of the system as ours, and what watchdog keeps to itself: limits and lost events."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
)
from watchdog.observers import inotify_c

from gallery_db.database.filesystem import filesystem_of
from plugin.cli.service_words import service_lines
from plugin.doctor import examine
from plugin.library import watch_limits
from plugin.watching.events import FileChange, translate, watch_by_polling, watch_events
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (FileCreatedEvent("/a.jpg"), [FileChange("file", "/a.jpg")]),
        (FileClosedEvent(b"/a.jpg"), [FileChange("file", "/a.jpg")]),
        (FileDeletedEvent("/a.jpg"), [FileChange("file", "/a.jpg")]),
        (FileMovedEvent("/t", "/a.jpg"), [FileChange("file", "/t"), FileChange("file", "/a.jpg")]),
        (DirMovedEvent("/d", "/e"), [FileChange("folder", "/d"), FileChange("folder", "/e")]),
        (DirCreatedEvent("/d"), [FileChange("folder", "/d")]),
        (DirDeletedEvent("/d"), [FileChange("folder", "/d")]),
        (FileMovedEvent("/d/a.jpg", "/e/a.jpg", is_synthetic=True), []),
    ],
)
def test_translation(event, expected):
    assert list(translate(event)) == expected


def change(changes: list[FileChange], kind: str) -> FileChange:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for change in changes:
            if change.kind == kind:
                return change
        time.sleep(0.02)
    raise AssertionError(f"no {kind} in {changes}")


def test_lost_events_are_told(tmp_path: Path):
    changes: list[FileChange] = []
    observer = watch_events(str(tmp_path), changes.append)
    try:
        overflow = inotify_c.InotifyConstants.IN_Q_OVERFLOW
        vars(observer)["_fd"].handle_event(inotify_c.InotifyEvent(inotify_c.WatchDescriptor(-1), overflow, 0, b""))
        change(changes, "rescan")
        (tmp_path / "a.jpg").write_bytes(b"x")  # and it goes on
        change(changes, "file")
    finally:
        observer.stop()
        observer.join()


LISTENER = """
import sys
from plugin.watching.events import watch_events
watch_events(sys.argv[1], lambda c: print(c.kind, c.path, flush=True) if c.kind == "rescan" else None)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="inotify's queue")
def test_a_queue_that_runs_over_is_told(tmp_path: Path):
    """For real: the listener is stopped while more happens than the kernel keeps."""
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if room > 100_000:
        pytest.skip("the queue of this system takes too long to fill")
    argv = [sys.executable, "-c", LISTENER, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdin is not None
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        listener.send_signal(signal.SIGSTOP)
        # Equal events in a row are one for the kernel: two files in turn.
        for i in range(room + room // 4):
            os.close(os.open(tmp_path / f"{i % 2}.txt", os.O_WRONLY | os.O_CREAT))
        listener.send_signal(signal.SIGCONT)
        assert listener.stdout.readline().split() == ["rescan"]
        listener.stdin.close()
        listener.kill()


def out_of_watches(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The kernel's answer when a user has no watch left: the real limit is everybody's on this machine."""
    real, given = inotify_c.inotify_add_watch, [0]

    def add(fd: int, path: bytes, mask: int) -> int:
        given[0] += 1
        if given[0] <= after:
            return real(fd, path, mask)
        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)


def test_no_watch_for_the_root_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out_of_watches(monkeypatch, 0)
    with pytest.raises(OSError, match="limit") as e:
        watch_events(str(tmp_path), lambda c: None)
    assert watch_limits.is_limit(e.value)


@pytest.mark.parametrize("later", [False, True])
def test_no_watch_for_a_folder_below_is_told(later: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """watchdog leaves such a folder out without a word: its photos would never be seen."""
    (tmp_path / "a").mkdir()
    if not later:
        (tmp_path / "b").mkdir()
    out_of_watches(monkeypatch, 2)
    changes: list[FileChange] = []
    observer = watch_events(str(tmp_path), changes.append)
    try:
        if later:
            (tmp_path / "b").mkdir()
        assert change(changes, "limit").path.startswith(str(tmp_path))
    finally:
        observer.stop()
        observer.join()


def out_of_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's answer when a user has as many watchers as are allowed."""

    def init() -> int:
        ctypes.set_errno(errno.EMFILE)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_init", init)


def test_polling_does_not_follow_a_loop(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to(tmp_path)
    (tmp_path / "@eaDir").mkdir()
    changes: list[FileChange] = []
    observer = watch_by_polling(str(tmp_path), changes.append, every_s=0.1)
    try:
        (tmp_path / "@eaDir" / "thumb.jpg").write_bytes(b"x")
        (tmp_path / "d" / "a.jpg").write_bytes(b"x")
        change(changes, "file")
        assert {c.path for c in changes if c.kind == "file"} == {str(tmp_path / "d" / "a.jpg")}
    finally:
        observer.stop()
        observer.join()


@pytest.mark.parametrize(
    ("limit", "given"), [("max_user_instances", 0), ("max_user_watches", 0), ("max_user_watches", 1)]
)
def test_the_watcher_falls_back_to_polling_and_says_what_to_do(
    watched, limit: str, given: int, monkeypatch: pytest.MonkeyPatch
):
    """Whether the root itself cannot be watched, or only a folder in it."""
    (watched.root / "a").mkdir()
    if limit == "max_user_instances":
        out_of_instances(monkeypatch)
    else:
        out_of_watches(monkeypatch, given)
    watched.watch()
    until(lambda: watched.told("polling"))
    [root] = watched.watcher.status()["roots"]
    assert root["mode"] == "polling"
    assert f"fs.inotify.{limit}=" in root["reason"]
    answer = {"pid": 1, "memory": 0, "uptime_s": 1, "worker": None, "watcher": watched.watcher.status()}
    [said] = [line for line in service_lines(answer) if str(watched.root) in line]
    [check] = [c for c in examine(watched.app, thorough=False, runtimes=False) if c.check == "watch"]
    assert f"fs.inotify.{limit}=" in said
    assert f"fs.inotify.{limit}=" in check.message
    (watched.root / "a" / "x.jpg").write_bytes(b"no picture")
    until(lambda: watched.work() or "a/x.jpg" in watched.photos())


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
nas:/photos /mnt/nas nfs4 rw 0 0
//nas/p /mnt/my\\040share cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
mergerfs /mnt/pool fuse.mergerfs rw 0 0
/dev/sdb1 /mnt/usb fuseblk rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "polled"),
    [
        ("/home/a", False), ("/mnt/nas/x", True), ("/mnt/my share/x", True), ("/mnt/ssh", True), ("/mnt/pool/a", True),
        ("/mnt/usb/a", False),
    ],
)  # fmt: skip
def test_which_file_systems_tell_of_changes(path: str, polled: bool, tmp_path: Path):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert filesystem_of(PurePosixPath(path), MOUNTS) is not None
    assert (watch_limits.no_events(Path(path), mounts) is not None) is polled


def test_advice_raises_the_limit_that_was_reached(tmp_path: Path):
    (tmp_path / "max_user_watches").write_text("1048576\n")
    assert "now" not in watch_limits.advice(errno.ENOSPC, tmp_path)
    assert "fs.inotify.max_user_watches=2097152" in watch_limits.advice(errno.ENOSPC, tmp_path)
    assert "fs.inotify.max_user_instances=1024" in watch_limits.advice(errno.EMFILE, tmp_path)
    assert "sysctl -p" in watch_limits.advice(errno.ENOSPC, tmp_path)
