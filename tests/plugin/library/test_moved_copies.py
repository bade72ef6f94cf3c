"""Restored copies that somebody moves: accept, reject and undo find them, and never anything of the user's."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from gallery_db.records import RestorationRecord
from iconface_core.identity.verdict import Verdict, VerdictKind
from iconface_core.images.provenance import Provenance
from iconface_core.reason_codes import STILL_MATCHES
from iconface_core.types import BBox
from plugin.app import App, build_app
from plugin.progress import Silent
from plugin.restoring.decisions import accept, find, reject, undo
from plugin.restoring.presence import presence
from plugin.restoring.result import FaceResult
from plugin.settings import load_settings


@pytest.fixture
def app(tmp_path: Path):
    app = build_app(load_settings(tmp_path / "home", {}))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (20, 20), (9, 9, 9)).save(tmp_path / "photos" / "stays.jpg")
    app.roots.add(tmp_path / "photos")
    yield app
    app.close()


def write_copy(app: App, folder: Path, name: str = "a_restored.jpg", faces: int = 2) -> tuple[Path, list[int]]:
    """A marked copy in `folder`, remembered as `restore` does. Returns it and its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / name
    mark = Provenance("a.jpg", f"hash of {name}", "test", datetime(2026, 1, 1, tzinfo=UTC))
    Image.new("RGB", (8, 8), (len(name), 0, 0)).save(copy, xmp=mark.to_xmp())
    results = [
        FaceResult(
            folder / "a.jpg",
            number=i + 1,
            bbox=BBox(50 * i, 0, 50 * i + 40, 40),
            restorer="waifu2x",
            verdict=Verdict(VerdictKind.PASS, STILL_MATCHES(), 5.0),
            output=copy,
        )
        for i in range(faces)
    ]
    app.restored_copies.remember(
        results, copy, input_sha256=mark.source_sha256, weights_sha256="w", options={"seed": 42}, origin="hand"
    )
    with app.gallery.begin(write=False) as tx:
        first = tx.restorations.by_output(path=str(copy))
        assert first is not None
        return copy, [r.id for r in tx.restorations.with_output(first.id)]


def rows(app: App, ids: list[int]) -> list[RestorationRecord]:
    with app.gallery.begin(write=False) as tx:
        return [tx.restorations.get(i) for i in ids]


def moved(copy: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return copy.rename(to)


def test_a_scan_that_sees_a_moved_copy_has_its_restoration_follow(app: App, tmp_path: Path):
    copy, ids = write_copy(app, app.settings.folders.restored / "photos")
    new = moved(copy, tmp_path / "photos" / "2020" / "grandma.jpg")
    app.scans.run(Silent())
    assert {r.output for r in rows(app, ids)} == {str(new)}
    assert {presence(r) for r in rows(app, ids)} == {"there"}
    _, removed = undo(app.moved_copies, app.people, None)
    assert removed == [new]
    assert not new.exists()


@pytest.mark.parametrize("verb", ["undo", "reject", "accept"])
def test_a_copy_moved_in_the_folder_that_nobody_watches_is_found_when_it_is_needed(app: App, verb: str):
    folder = app.settings.folders.restored
    copy, ids = write_copy(app, folder / "photos")
    write_copy(app, folder / "photos", "b_restored.jpg")
    Image.new("RGB", (8, 8)).save(folder / "a_restored.jpg")  # the user's own, of the same name
    new = moved(copy, folder / "best" / "other name.jpg")
    if verb == "accept":
        accept(app.moved_copies, str(ids[0]))
        assert [(r.decided, r.output, presence(r)) for r in rows(app, ids)] == [("accepted", str(new), "there")] * 2
        return
    with app.gallery.begin(write=False) as tx:
        latest = next(d for d in tx.decisions.history() if str(copy) in d.summary.params.values())
    _, removed = (
        undo(app.moved_copies, app.people, latest.id) if verb == "undo" else reject(app.moved_copies, str(ids[0]))
    )
    assert removed == [new]
    assert {p.name for p in folder.rglob("*.jpg")} == {"a_restored.jpg", "b_restored.jpg"}


def test_a_whole_folder_of_copies_that_was_renamed_is_followed(app: App):
    folder = app.settings.folders.restored
    copies = [write_copy(app, folder / "photos" / "2019", f"{n}.jpg", 1) for n in range(3)]
    (folder / "photos" / "2019").rename(folder / "photos" / "old")
    app.scans.run(Silent())
    for copy, ids in copies:
        assert [r.output for r in rows(app, ids)] == [str(folder / "photos" / "old" / copy.name)]


def test_a_copy_is_known_by_its_new_path(app: App, tmp_path: Path):
    copy, ids = write_copy(app, app.settings.folders.restored)
    new = moved(copy, tmp_path / "desk" / "x.jpg")
    assert [r.id for r in find(app.moved_copies, str(new))] == ids
    assert {r.output for r in rows(app, ids)} == {str(new)}


def test_an_edited_copy_stays_the_users(app: App):
    folder = app.settings.folders.restored
    copy, ids = write_copy(app, folder)
    new = moved(copy, folder / "edited.jpg")
    mark = Provenance("a.jpg", "hash of a_restored.jpg", "test", datetime(2026, 1, 1, tzinfo=UTC))
    Image.new("RGB", (9, 9)).save(new, xmp=mark.to_xmp())
    _, removed = reject(app.moved_copies, str(ids[0]))
    assert (removed, new.exists()) == ([], True)
    assert {r.output for r in rows(app, ids)} == {str(copy)}


def test_a_second_copy_is_not_followed_while_the_first_is_there(app: App, tmp_path: Path):
    copy, ids = write_copy(app, app.settings.folders.restored)
    shutil.copy2(copy, tmp_path / "photos" / "backup.jpg")
    app.scans.run(Silent())
    assert {r.output for r in rows(app, ids)} == {str(copy)}
    copy.unlink()
    _, removed = reject(app.moved_copies, str(ids[0]))
    assert removed == [tmp_path / "photos" / "backup.jpg"], "it is the copy now"


def test_copies_on_a_drive_that_is_unplugged_are_not_looked_for(app: App, tmp_path: Path):
    folder = app.settings.folders.restored
    copy, ids = write_copy(app, folder)
    shutil.copy2(copy, tmp_path / "photos" / "backup.jpg")
    folder.rename(tmp_path / "unplugged")
    app.scans.run(Silent())
    assert {r.output for r in rows(app, ids)} == {str(copy)}
    (tmp_path / "unplugged").rename(folder)
    assert {presence(r) for r in rows(app, ids)} == {"there"}


def test_files_that_are_known_or_not_marked_are_not_read(app: App, tmp_path: Path):
    """What is searched when a copy was deleted for good: names, and the beginnings of strangers."""
    folder = app.settings.folders.restored
    copy, ids = write_copy(app, folder)
    write_copy(app, folder, "known.jpg")
    copy.unlink()
    (folder / "pipe.txt").write_text("no photo")
    assert app.moved_copies.catch_up() == 0
    assert {presence(r) for r in rows(app, ids)} == {"gone"}
