"""The disk of the server fills in the middle of a scan: a real one, of a few megabytes."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import plugin.app
from gallery_db import Gallery
from gallery_db.database.address import Server
from plugin.progress import Silent
from tests.support.library import Cli
from tests.support.postgres import OFF, Cluster, cluster, programs
from tests.support.shared_gallery import content, opened
from tests.support.stand_in_worker import machine, photos, stand_in_app
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PHOTOS = 40


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of its own, which anybody may write to."""
    if OFF:
        pytest.skip("left out by ICONFACE_TEST_POSTGRES=off")
    folder = Path(tempfile.mkdtemp(prefix="small-"))  # the server's user may not enter pytest's folder
    folder.chmod(0o755)
    try:
        line = ["mount", "-t", "tmpfs", "-o", "size=96m,mode=1777", "tmpfs", str(folder)]
        subprocess.run(line, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as e:
        folder.rmdir()
        pytest.skip(f"no file system can be mounted here: {getattr(e, 'stderr', e)}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def test_the_disk_of_the_server_fills_in_the_middle_of_a_scan(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """First there is no room for its tables, then none for its log of changes either, without which it ends."""
    monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)  # a scan begins the day's backup, by pg_dump
    photos(tmp_path / "photos", PHOTOS)
    with cluster(disk=disk) as server:
        server.create("g")
        home, url = tmp_path / "here", server.url("g")
        with opened(machine(home, "here", url)) as app:
            app.roots.add(tmp_path / "photos")
        monkeypatch.setattr(plugin.app, "build_app", lambda *_, **__: stand_in_app(home, 0.02))
        cli = Cli(home, capsys)
        with Gallery.open(Server(url, tmp_path / "looking")) as gallery:
            log(server, 30)
            with server.admin.connect() as conn:
                conn.execute(text("CHECKPOINT"))  # what the log had is room for what comes: it does not fill yet

            with filling(disk, gallery, 6) as full:
                error = cli("scan", code=6)["error"]
            assert error["kind"] == "gallery_unreachable"
            assert "free some space on the disk of the server" in error["message"]
            before = known(gallery)
            assert full <= before
            assert len(before) < PHOTOS
            (disk / "ballast").unlink()

            with filling(disk, gallery, len(before) + 6, lambda: log(server, 300)) as full:
                error = cli("scan", code=6)["error"]
            assert error["kind"] == "gallery_unreachable"
            (disk / "ballast").unlink()
            until(lambda: answers(server))
            assert before < full <= known(gallery)

            cli("scan")
            assert gallery.check() == []
            with opened(machine(tmp_path / "alone", "alone", None)) as app:
                app.roots.add(tmp_path / "photos")
                app.scans.run(Silent())
                assert content(gallery) == content(app.gallery)


@contextmanager
def filling(disk: Path, gallery: Gallery, number: int, then: Callable[[], None] = lambda: None) -> Iterator[set[str]]:
    """Fill the disk as soon as so many photos are stored, while the block runs; which ones are."""
    stored = set[str]()

    def fill() -> None:
        until(lambda: len(known(gallery)) >= number)
        stored.update(known(gallery))
        with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while ballast.write(bytes(1 << 14)):
                pass
        then()

    thread = Thread(target=fill)
    thread.start()
    try:
        yield stored
    finally:
        thread.join()


def log(server: Cluster, times: int) -> None:
    """Write so many pieces of 100 kB to the server's log, or as many as it has room for."""
    with suppress(OperationalError), server.admin.connect() as conn:
        for _ in range(times):
            conn.execute(text("SELECT pg_logical_emit_message(false, '', repeat('x', 100000))"))


def known(gallery: Gallery) -> set[str]:
    with gallery.begin(write=False) as tx:
        return set(tx.photos.known())


def answers(server: Cluster) -> bool:
    """Whether it does; when it has ended, it is started again."""
    try:
        with server.admin.connect():
            return True
    except OperationalError:
        with suppress(subprocess.CalledProcessError):  # it is just at it
            server.start()
        return False
