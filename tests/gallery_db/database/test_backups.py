import sqlite3
import stat
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gallery_db import BackupError, Gallery, GalleryBusyError, SchemaTooNewError
from gallery_db.database.backups import backup, daily_backup, free_name, list_backups, restore_backup
from tests.gallery_db.factories import put
from tests.support.narrow import present

pytestmark = pytest.mark.sqlite


def paths(db: Path) -> list[str]:
    with Gallery.open(db) as g, g.begin(write=False) as tx:
        return [p.path for p in tx.photos.find()]


@pytest.fixture
def saved(gallery: Gallery, tmp_path: Path) -> Path:
    with gallery.begin() as tx:
        put(tx, "before")
    dest = backup(gallery.path, tmp_path / "backups" / "b.db")
    with gallery.begin() as tx:
        put(tx, "after")
    gallery.close()
    return dest


def test_a_backup_is_whole_private_and_made_while_somebody_writes(gallery: Gallery, tmp_path: Path):
    with gallery.begin() as tx:
        put(tx, "committed")
    with gallery.begin() as tx:
        put(tx, "uncommitted")
        dest = backup(gallery.path, tmp_path / "b.db")
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert paths(dest) == ["/lib/committed"]


def test_a_backup_never_overwrites_and_leaves_nothing_behind(saved: Path, gallery: Gallery, tmp_path: Path):
    with pytest.raises(BackupError, match="exists already"):
        backup(gallery.path, saved)
    with pytest.raises(BackupError, match="nothing to back up"):
        backup(tmp_path / "none.db", tmp_path / "x.db")
    (tmp_path / "broken.db").write_bytes(b"hello " * 500)
    with pytest.raises(BackupError, match="nothing was left"):
        backup(tmp_path / "broken.db", tmp_path / "x.db")
    assert not list(tmp_path.glob("x.db*"))


def test_daily_backups_rotate(gallery: Gallery, tmp_path: Path):
    folder = tmp_path / "backups"
    start = datetime(2026, 1, 30)
    for day in range(5):
        assert daily_backup(gallery.backup, folder, keep=3, now=start + timedelta(days=day)) is not None
        assert daily_backup(gallery.backup, folder, keep=3, now=start + timedelta(days=day, hours=9)) is None
    (folder / "mine.db").write_text("keep me")
    daily_backup(gallery.backup, folder, keep=3, now=start + timedelta(days=9))
    names = [p.name for p in list_backups(folder)]
    assert names == ["gallery-2026-02-02.db", "gallery-2026-02-03.db", "gallery-2026-02-08.db"]
    assert (folder / "mine.db").exists()


def test_restore_puts_it_back_and_keeps_the_present(saved: Path, gallery: Gallery):
    safety = present(restore_backup(saved, gallery.path))
    assert paths(gallery.path) == ["/lib/before"]
    assert paths(safety) == ["/lib/after", "/lib/before"]
    assert saved.exists()
    again = restore_backup(saved, gallery.path)
    assert again != safety


def test_restore_where_nothing_was(saved: Path, tmp_path: Path):
    assert restore_backup(saved, tmp_path / "fresh.db") is None
    assert paths(tmp_path / "fresh.db") == ["/lib/before"]


def test_restore_over_a_damaged_gallery_keeps_its_bytes(saved: Path, gallery: Gallery):
    damaged = b"not a database " * 200
    gallery.path.write_bytes(damaged)
    gallery.path.with_name(f"{gallery.path.name}-wal").write_bytes(b"stale journal")
    safety = present(restore_backup(saved, gallery.path))
    assert paths(gallery.path) == ["/lib/before"]
    assert safety.read_bytes() == damaged


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]), BackupError),
        (lambda p: p.write_bytes(b"junk" * 999), BackupError),
        (lambda p: sql(p, "drop table alembic_version"), BackupError),
        (lambda p: sql(p, "update alembic_version set version_num = '9999'"), SchemaTooNewError),
        (lambda p: sql(p, "insert into cluster (person_id) values (12345)"), BackupError),
        (lambda p: p.unlink(), BackupError),
    ],
)
def test_a_bad_backup_changes_nothing(saved: Path, gallery: Gallery, spoil, error):
    spoil(saved)
    before = sorted(p.name for p in gallery.path.parent.iterdir())
    with pytest.raises(error):
        restore_backup(saved, gallery.path)
    assert paths(gallery.path) == ["/lib/after", "/lib/before"]
    assert sorted(p.name for p in gallery.path.parent.iterdir()) == before


def sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as c:
        c.execute(statement)
        c.commit()


def test_an_open_gallery_is_not_replaced_under_its_reader(saved: Path, gallery: Gallery):
    with gallery.begin(write=False) as tx:
        tx.photos.counts()
        with pytest.raises(GalleryBusyError, match="stop it"):
            restore_backup(saved, gallery.path)
    gallery.close()
    assert paths(gallery.path) == ["/lib/after", "/lib/before"]


def test_the_gallery_is_no_backup_of_itself(gallery: Gallery):
    with pytest.raises(BackupError, match="itself"):
        restore_backup(gallery.path, gallery.path)


def test_two_backups_of_one_second_have_two_names(tmp_path: Path):
    names = []
    for _ in range(3):
        path = free_name(tmp_path, "manual")
        path.touch()
        names.append(path.name)
    assert len(set(names)) == 3
    assert {p.name for p in list_backups(tmp_path)} == set(names), "the page and restore-backup show all of them"
