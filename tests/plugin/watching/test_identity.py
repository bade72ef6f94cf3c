"""A photo stays itself while files move under the reader: its content decides, never who was looked at first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.app import build_app
from plugin.library.disk import look_up
from plugin.library.moved_photos import MovedPhotos
from plugin.progress import Silent
from plugin.settings import load_settings

from .conftest import Watched
from .test_update import update
from .test_watcher import picture, put


def swap(one: Path, two: Path) -> None:
    between = one.with_name(".between.jpg")
    one.rename(between)
    two.rename(one)
    between.rename(two)


def scan_while(watched: Watched, tmp_path: Path, happens: Callable[[Path], None]) -> None:
    """A scan during which `happens` is called before each file is read."""
    app = build_app(
        load_settings(tmp_path / "home", {}), looking=lambda path, begins: happens(path) if begins else None
    )
    app.scans.run(Silent())
    app.close()


def test_a_photo_that_moves_between_the_walk_and_the_look_stays_itself(watched: Watched, tmp_path: Path):
    put(watched.root, "a.jpg", "b.jpg")
    update(watched, "a.jpg", "b.jpg")
    before = watched.ids()
    os.utime(watched.root / "a.jpg", (5, 5))  # makes no event, and is read by the next comparison

    def move(path: Path) -> None:
        if path.name == "a.jpg" and path.exists():
            path.rename(path.with_name("c.jpg"))

    scan_while(watched, tmp_path, move)
    assert watched.photos(missing=True) == {"a.jpg": "missing", "b.jpg": "indexed"}, "gone is not unreadable"
    assert update(watched, "a.jpg", "c.jpg").moved == 1
    assert watched.ids() == {"c.jpg": before["a.jpg"], "b.jpg": before["b.jpg"]}


def test_a_new_file_that_is_gone_when_it_is_looked_at_leaves_nothing(watched: Watched, tmp_path: Path):
    put(watched.root, "a.jpg")
    scan_while(watched, tmp_path, lambda path: path.unlink())
    assert watched.photos(missing=True) == {}


def no_error(error: OSError) -> None:
    pytest.fail(str(error))


def test_a_photo_that_a_walk_saw_twice_is_where_it_went_last(watched: Watched):
    """Renamed before the walk came by, and once more during it."""
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    (watched.root / "a.jpg").rename(watched.root / "b.jpg")
    early = look_up(str(watched.root / "b.jpg"), no_error)
    (watched.root / "b.jpg").rename(watched.root / "c.jpg")
    late = look_up(str(watched.root / "c.jpg"), no_error)
    assert early is not None
    assert late is not None
    for found in ([early, late], [late, early]):
        moved = MovedPhotos(watched.app.gallery).same_files(found)
        assert moved[late.path] == watched.ids()["a.jpg"]


def test_a_file_that_cannot_be_opened_for_a_while_and_moves_stays_itself(watched: Watched, tmp_path: Path):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()["a.jpg"]
    os.utime(watched.root / "a.jpg", (5, 5))

    def hide(path: Path) -> None:
        # Permissions do not stop root: a loop of links is an error that is not "gone" for everybody.
        if path.name == "a.jpg" and not path.is_symlink():
            path.rename(path.with_name(".kept"))
            path.symlink_to("a.jpg")

    scan_while(watched, tmp_path, hide)
    assert watched.photos() == {"a.jpg": "failed"}
    (watched.root / "a.jpg").unlink()
    (watched.root / ".kept").rename(watched.root / "b.jpg")
    assert update(watched, "a.jpg", "b.jpg").moved == 1
    assert watched.ids() == {"b.jpg": before}


@pytest.mark.parametrize("told", [("a.jpg", "b.jpg"), ("b.jpg", "a.jpg")])
@pytest.mark.parametrize("at_once", [True, False])
def test_two_photos_that_swap_their_names_stay_themselves(watched: Watched, told: tuple[str, str], at_once: bool):
    put(watched.root, "a.jpg", "b.jpg")
    update(watched, "a.jpg", "b.jpg")
    before = watched.ids()
    swap(watched.root / "a.jpg", watched.root / "b.jpg")
    for names in [told] if at_once else [told[:1], told[1:]]:
        assert update(watched, *names).moved == len(names)
    assert watched.ids() == {"a.jpg": before["b.jpg"], "b.jpg": before["a.jpg"]}
    assert contents(watched) == {"a.jpg": picture(1), "b.jpg": picture(0)}


def test_three_photos_may_change_places(watched: Watched):
    names = ["a.jpg", "b.jpg", "c.jpg"]
    put(watched.root, *names)
    update(watched, *names)
    before = watched.ids()
    swap(watched.root / "a.jpg", watched.root / "b.jpg")
    swap(watched.root / "b.jpg", watched.root / "c.jpg")
    update(watched, *names)
    assert watched.ids() == {"a.jpg": before["b.jpg"], "b.jpg": before["c.jpg"], "c.jpg": before["a.jpg"]}


@pytest.mark.parametrize("told", [("a.jpg", "kept.jpg"), ("kept.jpg", "a.jpg")])
def test_a_photo_that_made_room_for_a_new_one_stays_itself(watched: Watched, told: tuple[str, str]):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()["a.jpg"]
    (watched.root / "a.jpg").rename(watched.root / "kept.jpg")
    put(watched.root, "a.jpg", start=9)
    update(watched, *told)
    assert watched.ids()["kept.jpg"] == before != watched.ids()["a.jpg"]
    assert contents(watched) == {"a.jpg": picture(9), "kept.jpg": picture(0)}


def test_a_copy_in_the_old_place_keeps_the_photo_there(watched: Watched):
    """`mv a b; cp b a`: both have the content, and names are about places then."""
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()["a.jpg"]
    (watched.root / "a.jpg").rename(watched.root / "b.jpg")
    shutil.copy(watched.root / "b.jpg", watched.root / "a.jpg")
    update(watched, "a.jpg", "b.jpg")
    assert watched.ids()["a.jpg"] == before != watched.ids()["b.jpg"]


@pytest.mark.parametrize("link", [Path.hardlink_to, Path.symlink_to])
def test_a_link_is_no_photo_of_its_own_and_becomes_the_photo_when_it_alone_is_left(watched: Watched, link):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()["a.jpg"]
    link(watched.root / "b.jpg", watched.root / "a.jpg")
    report = update(watched, "b.jpg")
    assert (report.new, report.linked) == (0, 1)
    assert watched.ids() == {"a.jpg": before}
    if link is Path.hardlink_to:
        (watched.root / "a.jpg").unlink()
        assert update(watched, "a.jpg", "b.jpg").moved == 1
        assert watched.ids() == {"b.jpg": before}


def test_of_links_that_are_found_together_the_file_itself_stands_for_them(watched: Watched):
    put(watched.root, "z.jpg")
    (watched.root / "a.jpg").symlink_to("z.jpg")
    (watched.root / "loop").symlink_to(".")
    report = update(watched, "a.jpg", "z.jpg")
    assert (report.new, report.linked) == (1, 1)
    assert set(watched.ids()) == {"z.jpg"}


def test_a_photo_of_which_only_the_case_of_its_name_changed_stays_itself(watched: Watched):
    """Where upper and lower case are one, the old name still finds the file. A link to the folder has the same effect
    on any file system."""
    put(watched.root, "D/a.jpg")
    update(watched, "D/a.jpg")
    (watched.root / "d").symlink_to("D")
    found = look_up(str(watched.root / "d" / "a.jpg"), no_error)
    assert found is not None
    assert MovedPhotos(watched.app.gallery).same_files([found]) == {found.path: watched.ids()["a.jpg"]}
    (watched.root / "D" / "b.jpg").hardlink_to(watched.root / "D" / "a.jpg")
    assert MovedPhotos(watched.app.gallery).same_files([found]) == {}, "two names, told apart by nothing"


def test_a_link_whose_name_differs_in_case_takes_nothing_from_the_photo(watched: Watched):
    put(watched.root, "a.jpg")
    update(watched, "a.jpg")
    before = watched.ids()["a.jpg"]
    (watched.root / "A.jpg").symlink_to("a.jpg")
    assert update(watched, "A.jpg").new == 0
    assert watched.ids() == {"a.jpg": before}


def contents(watched: Watched) -> dict[str, bytes]:
    """What the gallery believes of each photo that is there, checked against the file."""
    from iconface_core.images.read import content_hash

    with watched.app.gallery.begin(write=False) as tx:
        rows = [p for p in tx.photos.find() if p.state == "indexed"]
    for row in rows:
        assert row.content_hash == content_hash(Path(row.path)), row.path
    return {Path(row.path).name: Path(row.path).read_bytes() for row in rows}
