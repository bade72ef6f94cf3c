"""Single paths brought up to date: moves by inode and by content, copies, roots, retries, drives that are gone."""

import os
import shutil
from pathlib import Path

from PIL import Image

from plugin.app import build_app
from plugin.library.scan_report import ScanReport
from plugin.library.scanning import GROUPING_PENDING
from plugin.progress import Silent
from plugin.reasons import MANY_GONE
from plugin.settings import load_settings
from tests.support.narrow import present

from .conftest import Watched
from .test_watcher import picture, put


def update(watched: Watched, *names: str, root_id: int = 1, **options) -> ScanReport:
    paths = [name if name.startswith("/") else str(watched.root / name) for name in names]
    return watched.app.scans.update(Silent(), root_id, paths, **options).scan


def test_only_the_given_paths_are_read(watched: Watched):
    put(watched.root, "a.jpg", "b.jpg", "d/c.jpg")
    assert update(watched, "a.jpg", "a.jpg", "nothing.jpg").new == 1
    assert set(watched.photos()) == {"a.jpg"}
    assert update(watched, "a.jpg").unchanged == 1
    assert update(watched, "d").new == 0, "what is new in a folder must be named"


def test_a_copy_is_another_photo_and_a_moved_copy_the_same(watched: Watched):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    first = watched.ids()["a.jpg"]
    shutil.copy(watched.root / "a.jpg", watched.root / "copy.jpg")
    assert update(watched, "copy.jpg").new == 1
    second = watched.ids()["copy.jpg"]
    assert second != first
    # To another device and back: a new inode, a new time, the same content.
    (watched.root / "a.jpg").unlink()
    assert update(watched, "a.jpg").missing == 1
    (watched.root / "later.jpg").write_bytes(picture(0))
    report = update(watched, "later.jpg")
    assert (report.moved, report.new) == (1, 0)
    assert watched.ids() == {"copy.jpg": second, "later.jpg": first}


def test_the_new_name_may_be_told_before_the_old_one(watched: Watched):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()
    (watched.root / "a.jpg").rename(watched.root / "b.jpg")
    assert update(watched, "b.jpg").moved == 1
    assert update(watched, "a.jpg").missing == 0
    assert watched.ids() == {"b.jpg": before["a.jpg"]}


def test_a_file_with_the_inode_of_another_is_read(watched: Watched):
    """The kernel gives the inode of a deleted file to the next one."""
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    with watched.app.gallery.begin() as tx:
        row = tx.photos.by_path(str(watched.root / "a.jpg"))
        assert row is not None
    (watched.root / "a.jpg").unlink()
    put(watched.root, "b.jpg", start=40)
    os.utime(watched.root / "b.jpg", ns=(row.mtime_ns + 1, row.mtime_ns + 1))
    report = update(watched, "b.jpg", "a.jpg")
    assert (report.new, report.moved, report.missing) == (1, 0, 1)


def test_two_copies_of_a_lost_photo_are_not_both_it(watched: Watched):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    (watched.root / "a.jpg").unlink()
    for name in ("x.jpg", "y.jpg"):
        (watched.root / name).write_bytes(picture(0))
    report = update(watched, "a.jpg", "x.jpg", "y.jpg")
    assert (report.moved, report.new, report.missing) == (1, 1, 0)


def test_a_photo_on_an_unplugged_drive_has_not_moved(watched: Watched, tmp_path: Path):
    drive = tmp_path / "drive"
    put(drive, "a.jpg")
    watched.app.roots.add(drive)
    update(watched, str(drive / "a.jpg"), root_id=2)
    drive.rename(tmp_path / "unplugged")
    (watched.root / "copy.jpg").write_bytes(picture(0))
    report = update(watched, "copy.jpg")
    assert (report.moved, report.new) == (0, 1)
    assert update(watched, str(drive / "a.jpg"), root_id=2).offline
    with watched.app.gallery.begin(write=False) as tx:
        assert present(tx.photos.by_path(str(drive / "a.jpg"))).state == "indexed"


def test_a_photo_moves_between_roots(watched: Watched, tmp_path: Path):
    other = tmp_path / "other"
    put(other, "stays.jpg", "a.jpg", start=5)
    watched.app.roots.add(other)
    update(watched, str(other / "a.jpg"), root_id=2)
    with watched.app.gallery.begin(write=False) as tx:
        before = present(tx.photos.by_path(str(other / "a.jpg")))
    (other / "a.jpg").rename(watched.root / "a.jpg")
    assert update(watched, "a.jpg").moved == 1
    with watched.app.gallery.begin(write=False) as tx:
        after = present(tx.photos.by_path(str(watched.root / "a.jpg")))
    assert (after.id, after.root_id) == (before.id, 1)


def test_a_touched_photo_is_hashed_and_not_looked_at(watched: Watched):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    os.utime(watched.root / "a.jpg", (1, 1))
    report = update(watched, "a.jpg")
    assert (report.changed, report.unchanged) == (0, 1)
    assert update(watched, "a.jpg").unchanged == 1
    with watched.app.gallery.begin(write=False) as tx:
        photo = present(tx.photos.by_path(str(watched.root / "a.jpg")))
    assert photo.mtime_ns == 10**9, "the next scan need not read it"


def test_unreadable_files_are_left_until_they_are_tried_again(watched: Watched):
    (watched.root / "bad.jpg").write_bytes(picture(0)[:300])
    assert update(watched, "bad.jpg").failed
    assert update(watched, "bad.jpg").unchanged == 1
    assert update(watched, "bad.jpg", retry_failed=True).failed


def test_many_at_once_are_doubted_on_a_share_and_believed_of_the_kernel(watched: Watched):
    names = [f"d/{i}.jpg" for i in range(20)]
    put(watched.root, *names, "stays.jpg")
    update(watched, *names, "stays.jpg")
    shutil.rmtree(watched.root / "d")
    report = update(watched, "d", guarded=True)
    assert report.missing == 0
    assert report.problems[0].code == MANY_GONE
    assert update(watched, "d").missing == 20


def test_a_name_that_is_not_utf8_stops_nothing(watched: Watched):
    put(watched.root, "a.jpg")
    bad = os.fsdecode(os.fsencode(watched.root) + b"/caf\xe9.jpg")
    Path(bad).write_bytes(picture(3))
    assert update(watched, bad, "a.jpg").new == 1


def test_a_new_face_joins_its_person_at_once_and_for_good(library, tmp_path: Path):
    """Among enough faces only the new one is placed; the full pass that follows agrees."""
    app = build_app(load_settings(library.home, {}))
    more = tmp_path / "more"
    more.mkdir()
    with Image.open(library.photos / "sample-person2-2001.jpg") as known:
        known.rotate(3, Image.Resampling.BICUBIC).save(more / "again.jpg", quality=88)
    root = app.roots.add(more)["root_id"]
    with app.gallery.begin(write=False) as tx:
        owner = {Path(f.photo).name: f.person_id for f in tx.faces.find()}
    report = app.scans.update(Silent(), root, [str(more / "again.jpg")])

    def person() -> int | None:
        with app.gallery.begin(write=False) as tx:
            return next(f.person_id for f in tx.faces.find() if f.photo == str(more / "again.jpg"))

    assert report.grouped
    assert person() == owner["sample-person2-1999.jpg"]
    with app.gallery.begin(write=False) as tx:
        assert tx.meta.get(GROUPING_PENDING) == "1", "the full pass is still due"
    app.scans.run(Silent(), only=more)
    assert person() == owner["sample-person2-1999.jpg"]
    app.close()
