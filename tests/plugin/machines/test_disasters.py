"""What may befall workers and their server, with real processes: nothing is lost, and nothing is done twice."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from gallery_db import Gallery
from gallery_db.database.address import Server
from gallery_db.database.revisions import HEAD
from gallery_db.errors import SchemaTooNewError
from iconface_core.images.read import content_hash
from plugin.app import App
from plugin.library.scan_jobs import scan_soon
from plugin.progress import Silent
from tests.support.postgres import Cluster, cluster
from tests.support.shared_gallery import at_rest, content, opened, working
from tests.support.stand_in_worker import machine, photos, stand_in_worker, start
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@contextmanager
def running(*args: object, **kwargs: float) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    process = start(*args, **kwargs)  # type: ignore[arg-type]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def app(url: str, tmp_path: Path) -> Iterator[App]:
    """A machine, whose worker each test starts when it wants it."""
    with opened(machine(tmp_path / "here", "here", url)) as app:
        yield app


def in_hand(gallery: Gallery, name: str, kind: str = "look") -> bool:
    """Whether this machine is at a job."""
    with gallery.begin(write=False) as tx:
        return any(j.worker == name for j in tx.jobs.find(kind=kind, states=("running",)))


def leases_end(gallery: Gallery) -> None:
    """As if half a minute had passed."""
    with gallery.begin() as tx:
        tx.meta._c.execute(text("UPDATE job SET lease_until = 0 WHERE state = 'running'"))


def alone(folder: Path, home: Path) -> dict[str, object]:
    """What one process makes of the photos."""
    with opened(machine(home, "alone", None)) as app:
        app.roots.add(folder)
        app.scans.run(Silent())
        return content(app.gallery)


@pytest.mark.parametrize("way", ["killed", "frozen", "cut off"])
def test_a_worker_in_the_middle_of_looking(way: str, app: App, url: str, tmp_path: Path):
    """It holds pictures of photos that have changed by the time it wakes, if it does."""
    folder, gallery = tmp_path / "photos", app.gallery
    made = photos(folder, 4)
    app.roots.add(folder)
    scan_soon(gallery, 1)
    with proxy(tmp_path, url) as (door, forwarder), running(machine(tmp_path / "b", "b", door), latency=1.0) as b:
        until(lambda: in_hand(gallery, "b"))
        until(lambda: _looked(gallery) >= 1)
        stopped = b if way == "frozen" else forwarder
        if way == "killed":
            b.kill()
        else:
            stopped.send_signal(signal.SIGSTOP)
        photos(tmp_path / "other", 4, people=3)
        for n, path in enumerate(made):
            path.write_bytes((tmp_path / "other" / f"{(n + 1) % 4:05}.png").read_bytes())
        leases_end(gallery)
        with working(app):
            until(lambda: at_rest(gallery))
            scan_soon(gallery, 1)
            until(lambda: at_rest(gallery))
        before = content(gallery)
        if way != "killed":
            with gallery.begin() as tx:
                tx.jobs.enqueue("group", {"root_ids": []})
            stopped.send_signal(signal.SIGCONT)
            until(lambda: at_rest(gallery))  # it has given up what it held, and does what waits
        with gallery.begin(write=False) as tx:
            assert {p.path: p.content_hash for p in tx.photos.find()} == {str(p): content_hash(p) for p in made}
            assert {j.state for j in tx.jobs.find()} == {"done"}
        assert content(gallery) == before == alone(folder, tmp_path / "alone")


def _looked(gallery: Gallery) -> int:
    with gallery.begin(write=False) as tx:
        return max((int((j.progress or {}).get("total", 0)) for j in tx.jobs.find(kind="look")), default=0)


@contextmanager
def proxy(folder: Path, url: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a door to the server that a process keeps: stopped, it forwards nothing and says nothing."""
    real = url.partition("host=")[2]
    (folder / "door").mkdir()
    line = [sys.executable, "-c", _FORWARD, str(folder / "door"), real]
    process = subprocess.Popen(line)
    try:
        until(lambda: (folder / "door" / ".s.PGSQL.5432").exists())
        yield url.replace(real, str(folder / "door")), process
    finally:
        process.kill()
        process.wait()


_FORWARD = """
import os, socket, sys, threading
def pump(a, b):
    while data := a.recv(65536):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
os.chdir(sys.argv[1])
door = socket.socket(socket.AF_UNIX)
door.bind(".s.PGSQL.5432")
door.listen()
while True:
    here = door.accept()[0]
    there = socket.socket(socket.AF_UNIX)
    there.connect(sys.argv[2] + "/.s.PGSQL.5432")
    for pair in ((here, there), (there, here)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


def test_clocks_that_are_ten_minutes_apart(app: App, url: str, tmp_path: Path):
    folder, gallery = tmp_path / "photos", app.gallery
    photos(folder, 16)
    app.roots.add(folder)
    slow, fast = (machine(tmp_path / name, name, url) for name in ("slow", "fast"))
    with running(slow, latency=0.5, ahead=-300.0), running(fast, latency=0.5, ahead=300.0):
        scan_soon(gallery, 1)
        until(lambda: in_hand(gallery, "slow"))
        until(lambda: in_hand(gallery, "fast"))
        with working(app):
            until(lambda: at_rest(gallery))
    with gallery.begin(write=False) as tx:
        jobs = tx.jobs.find()
        assert {j.attempts for j in jobs} == {1}, "nobody takes a lease for over that is not"
        assert all(j.finished_at is not None and 0 <= j.finished_at - j.created_at < 120 for j in jobs)
    assert content(gallery) == alone(folder, tmp_path / "alone")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Cluster]:
    """A server that may be killed."""
    with cluster() as running:
        running.create("g")
        with running.admin.connect() as conn:
            conn.execute(text("ALTER DATABASE g SET synchronous_commit = on"))
        yield running


def test_the_server_is_killed_in_the_middle_of_a_scan(mortal: Cluster, tmp_path: Path):
    folder, url = tmp_path / "photos", mortal.url("g")
    photos(folder, 40)
    with (
        opened(machine(tmp_path / "here", "here", url)) as app,
        running(machine(tmp_path / "b", "b", url), latency=0.05),
    ):
        gallery = app.gallery
        app.roots.add(folder)
        scan_soon(gallery, 1)
        until(lambda: stored(gallery) >= 8)
        with gallery.begin(write=False) as tx:
            acknowledged = set(tx.photos.known())
        mortal.kill()
        until(lambda: _starts(mortal))
        assert acknowledged <= known(gallery)
        until(lambda: at_rest(gallery))
        with gallery.begin(write=False) as tx:
            assert {j.state for j in tx.jobs.find()} == {"done"}
        assert content(gallery) == alone(folder, tmp_path / "alone")


def _starts(server: Cluster) -> bool:
    try:
        server.start()
    except subprocess.CalledProcessError:  # the last of its processes is just ending
        return False
    return True


def stored(gallery: Gallery) -> int:
    return len(known(gallery))


def known(gallery: Gallery) -> set[str]:
    with gallery.begin(write=False) as tx:
        return set(tx.photos.known())


def test_another_machine_is_updated(app: App, url: str, tmp_path: Path):
    """Its release brings the schema to where this one cannot follow: nothing is written there any more."""
    gallery = app.gallery
    folder = tmp_path / "photos"
    photos(folder, 4)
    app.roots.add(folder)
    scan_soon(gallery, 1)
    with running(machine(tmp_path / "b", "b", url), latency=1.0) as b:
        until(lambda: in_hand(gallery, "b"))
        schema(gallery, "9999")
        assert b.wait(60) == 0
        assert stored(gallery) == 0
    with pytest.raises(SchemaTooNewError, match="update iconface"):
        stand_in_worker(app).run()
    with pytest.raises(SchemaTooNewError), Gallery.open(Server(url, tmp_path)):
        pass
    schema(gallery, HEAD)
    leases_end(gallery)
    with working(app):
        until(lambda: at_rest(gallery))
    assert content(gallery) == alone(folder, tmp_path / "alone")


def schema(gallery: Gallery, revision: str) -> None:
    with gallery.begin() as tx:
        tx.meta._c.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
