import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import text

from gallery_db import Gallery, GalleryBusyError, GalleryError, SchemaTooNewError, UnsupportedLocationError
from gallery_db.database.filesystem import filesystem_of, refuse_network
from tests.gallery_db.factories import E, put

pytestmark = pytest.mark.sqlite

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
/dev/sdb1 /home/ada/local\\040disk xfs rw 0 0
//nas/photos /mnt/nas cifs rw 0 0
tmpfs /mnt/nas/cache tmpfs rw 0 0
/dev/sdc1 /stack ext4 rw 0 0
host:/x /stack nfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind", "point"),
    [
        ("/var/lib/g.db", "ext4", "/"),
        ("/home/ada/g.db", "nfs4", "/home"),
        ("/home/ada/local disk/g.db", "xfs", "/home/ada/local disk"),
        ("/mnt/nas/g.db", "cifs", "/mnt/nas"),
        ("/mnt/nas2/g.db", "ext4", "/"),
        ("/mnt/nas/cache/g.db", "tmpfs", "/mnt/nas/cache"),
        ("/stack/g.db", "nfs", "/stack"),
    ],
)
def test_mount_of_a_path(path, kind, point):
    assert filesystem_of(PurePosixPath(path), MOUNTS) == (kind, point)


def test_network_file_system_is_refused(tmp_path: Path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/x {os.path.realpath(tmp_path)}/share nfs4 rw 0 0\n")
    with pytest.raises(UnsupportedLocationError, match="--home"):
        refuse_network(tmp_path / "share" / "g.db", mounts)
    (tmp_path / "link").symlink_to(tmp_path / "share")
    with pytest.raises(UnsupportedLocationError):
        refuse_network(tmp_path / "link" / "g.db", mounts)
    refuse_network(tmp_path / "local" / "g.db", mounts)
    refuse_network(tmp_path / "share" / "g.db", tmp_path / "no-such-file")


def test_only_the_owner_may_read(tmp_path: Path):
    path = tmp_path / "new" / "g.db"
    with Gallery.open(path) as g, g.begin() as tx:
        put(tx, "a")
        names = {p.name for p in path.parent.iterdir() if p.is_file()}
        assert {"g.db", "g.db-wal"} <= names
        assert all(stat.S_IMODE((path.parent / n).stat().st_mode) == 0o600 for n in names)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    Gallery.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_pragmas(gallery: Gallery):
    with gallery._engine.connect(write=False) as c:
        assert c.execute(text("pragma journal_mode")).scalar() == "wal"
        assert c.execute(text("pragma foreign_keys")).scalar() == 1
        assert c.execute(text("pragma secure_delete")).scalar() == 1
        assert c.execute(text("pragma busy_timeout")).scalar() == 10_000


def test_newer_database_is_refused_and_untouched(tmp_path: Path):
    path = tmp_path / "g.db"
    Gallery.open(path).close()
    with sqlite3.connect(path) as c:
        c.execute("update alembic_version set version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(SchemaTooNewError, match="update iconface"):
        Gallery.open(path)
    assert path.read_bytes() == before


def test_another_program_s_database_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / "other.db") as c:
        c.execute("create table album (id integer)")
    with pytest.raises(GalleryError, match="another program"):
        Gallery.open(tmp_path / "other.db")


def test_a_file_that_is_no_database(tmp_path: Path):
    (tmp_path / "g.db").write_bytes(b"hello " * 1000)
    with pytest.raises(GalleryError, match="restore-backup"):
        Gallery.open(tmp_path / "g.db")


def test_a_folder_that_cannot_be_created(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises((GalleryError, OSError)):
        Gallery.open(tmp_path / "file" / "g.db")


def test_second_writer_gets_a_clear_error(gallery: Gallery):
    other = Gallery.open(gallery.path, busy_timeout_ms=50)
    with gallery.begin() as tx:
        put(tx, "a")
        with other.begin(write=False) as reader:
            assert reader.photos.by_path("/lib/a") is None  # readers see the last committed state, at once
        with pytest.raises(GalleryBusyError, match="another process"), other.begin() as tx2:
            put(tx2, "b")
    with other.begin() as tx2:
        put(tx2, "b")
    other.close()


def test_read_then_write_does_not_lose_the_lock(gallery: Gallery):
    """What BEGIN IMMEDIATE is for: a deferred transaction that read first would fail at once, timeout or not."""
    errors: list[Exception] = []

    def work(n: int):
        try:
            for i in range(15):
                with gallery.begin() as tx:
                    tx.photos.by_path("/lib/x")
                    put(tx, f"{n}-{i}", i)
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    with gallery.begin(write=False) as tx:
        assert len(tx.faces.matrix(E)) == 60


def test_many_processes_may_create_it_at_once(tmp_path: Path):
    code = "import sys, pathlib; from gallery_db import Gallery; Gallery.open(pathlib.Path(sys.argv[1])).close()"
    args = [sys.executable, "-c", code, str(tmp_path / "g.db")]
    started = [subprocess.Popen(args, stderr=subprocess.PIPE) for _ in range(4)]
    assert [p.communicate()[1].decode() for p in started] == [""] * 4


def test_full_disk_is_explained_and_nothing_is_lost(gallery: Gallery):
    with gallery.begin() as tx:
        put(tx, "a")

    with gallery._engine.connect(write=False) as c:
        pages = c.execute(text("pragma page_count")).scalar_one()
        c.execute(text(f"pragma max_page_count = {pages + 2}"))  # per connection: the pool hands the same one out again
    with pytest.raises(GalleryError, match="Free some space"), gallery.begin() as tx:
        for i in range(2000):
            put(tx, f"more-{i}", i)
    gallery._engine.dispose()
    with gallery.begin(write=False) as tx:
        assert [p.path for p in tx.photos.find()] == ["/lib/a"]


def test_rollback_leaves_nothing(gallery: Gallery):
    def fail():
        with gallery.begin() as tx:
            put(tx, "a")
            assert tx.faces.generation(E) > 0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with gallery.begin(write=False) as tx:
        assert tx.faces.generation(E) == 0
        assert len(tx.faces.matrix(E)) == 0
        assert tx.photos.by_path("/lib/a") is None


def test_opening_twice_in_a_process_keeps_the_locks(tmp_path: Path):
    """Closing any handle of a file drops all POSIX locks of the process on it. Without them, a process that ends takes
    itself for the last one, deletes the write-ahead log, and this one reads the past for ever."""
    path = tmp_path / "g.db"
    with Gallery.open(path) as gallery:
        with gallery.begin() as tx:
            put(tx, "a")
        with Gallery.open(path) as again, again.begin(write=False) as tx:
            assert tx.faces.count() == 1
        code = (
            "import sys, pathlib; sys.path[:0] = sys.argv[2:]\n"
            "from gallery_db import Gallery\n"
            "with Gallery.open(pathlib.Path(sys.argv[1])) as g, g.begin() as tx:\n"
            "    tx.meta.set('from', 'another process')\n"
        )
        subprocess.run([sys.executable, "-c", code, str(path), *sys.path], check=True)
        with gallery.begin(write=False) as tx:
            assert tx.meta.get("from") == "another process"


def test_a_file_whose_name_looks_like_a_part_of_an_address(tmp_path: Path):
    path = tmp_path / "what? #1 %2e.db"
    with Gallery.open(path) as g, g.begin() as tx:
        tx.meta.set("key", "value")
    assert [f.name for f in tmp_path.iterdir()] == [path.name]
    with Gallery.open(path) as g, g.begin(write=False) as tx:
        assert tx.meta.get("key") == "value"
