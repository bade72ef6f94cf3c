"""Events of the system as ours, and what watchdog keeps to itself: limits and lost events."""

import errno
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

from gallery_db.filesystem import filesystem_of
from plugin.watching import limits
from plugin.watching.events import Change, translate, watch_by_polling, watch_events


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (FileCreatedEvent("/a.jpg"), [Change("file", "/a.jpg")]),
        (FileClosedEvent(b"/a.jpg"), [Change("file", "/a.jpg")]),
        (FileDeletedEvent("/a.jpg"), [Change("file", "/a.jpg")]),
        (FileMovedEvent("/t", "/a.jpg"), [Change("file", "/t"), Change("file", "/a.jpg")]),
        (DirMovedEvent("/d", "/e"), [Change("folder", "/d"), Change("folder", "/e")]),
        (DirCreatedEvent("/d"), [Change("folder", "/d")]),
        (DirDeletedEvent("/d"), [Change("folder", "/d")]),
        (FileMovedEvent("/d/a.jpg", "/e/a.jpg", is_synthetic=True), []),
    ],
)
def test_translation(event, expected):
    assert list(translate(event)) == expected


def until(changes: list[Change], kind: str) -> Change:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for change in changes:
            if change.kind == kind:
                return change
        time.sleep(0.02)
    raise AssertionError(f"no {kind} in {changes}")


def test_lost_events_are_told(tmp_path: Path):
    changes: list[Change] = []
    observer = watch_events(str(tmp_path), changes.append)
    try:
        overflow = inotify_c.InotifyConstants.IN_Q_OVERFLOW
        observer._fd.handle_event(inotify_c.InotifyEvent(-1, overflow, 0, b""))
        until(changes, "rescan")
        (tmp_path / "a.jpg").write_bytes(b"x")  # and it goes on
        until(changes, "file")
    finally:
        observer.stop()
        observer.join()


def out_of_watches(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The kernel's answer when a user has no watch left: the real limit is everybody's on this machine."""
    real, given = inotify_c.inotify_add_watch, [0]

    def add(fd: int, path: bytes, mask: int) -> int:
        given[0] += 1
        if given[0] <= after:
            return real(fd, path, mask)
        inotify_c.ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)


def test_no_watch_for_the_root_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out_of_watches(monkeypatch, 0)
    with pytest.raises(OSError, match="limit") as e:
        watch_events(str(tmp_path), lambda c: None)
    assert limits.is_limit(e.value)


@pytest.mark.parametrize("later", [False, True])
def test_no_watch_for_a_folder_below_is_told(later: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """watchdog leaves such a folder out without a word: its photos would never be seen."""
    (tmp_path / "a").mkdir()
    if not later:
        (tmp_path / "b").mkdir()
    out_of_watches(monkeypatch, 2)
    changes: list[Change] = []
    observer = watch_events(str(tmp_path), changes.append)
    try:
        if later:
            (tmp_path / "b").mkdir()
        assert until(changes, "limit").path.startswith(str(tmp_path))
    finally:
        observer.stop()
        observer.join()


def test_polling_does_not_follow_a_loop(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to(tmp_path)
    (tmp_path / "@eaDir").mkdir()
    changes: list[Change] = []
    observer = watch_by_polling(str(tmp_path), changes.append, every_s=0.1)
    try:
        (tmp_path / "@eaDir" / "thumb.jpg").write_bytes(b"x")
        (tmp_path / "d" / "a.jpg").write_bytes(b"x")
        until(changes, "file")
        assert {c.path for c in changes if c.kind == "file"} == {str(tmp_path / "d" / "a.jpg")}
    finally:
        observer.stop()
        observer.join()


def test_the_watcher_falls_back_to_polling_and_says_what_to_do(watched, monkeypatch: pytest.MonkeyPatch):
    (watched.root / "a").mkdir()
    out_of_watches(monkeypatch, 1)
    watched.watch()
    deadline = time.monotonic() + 10
    while not watched.told("polling"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [root] = watched.watcher.status()["roots"]
    assert root["mode"] == "polling"
    assert "fs.inotify.max_user_watches=" in root["reason"]
    (watched.root / "a" / "x.jpg").write_bytes(b"no picture")
    deadline = time.monotonic() + 10
    while "a/x.jpg" not in watched.photos():
        assert time.monotonic() < deadline
        watched.settle()


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
    assert (limits.no_events(Path(path), mounts) is not None) is polled


def test_advice_raises_the_limit_that_was_reached(tmp_path: Path):
    (tmp_path / "max_user_watches").write_text("1048576\n")
    assert "now" not in limits.advice(errno.ENOSPC, tmp_path)
    assert "fs.inotify.max_user_watches=2097152" in limits.advice(errno.ENOSPC, tmp_path)
    assert "fs.inotify.max_user_instances=1024" in limits.advice(errno.EMFILE, tmp_path)
    assert "sysctl -p" in limits.advice(errno.ENOSPC, tmp_path)
