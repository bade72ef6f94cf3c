"""Which photos, copies and names an album shows."""

import os
from pathlib import Path

from iconface_core.reason_codes import FILE_MISSING
from plugin.reasons import CHANGED_SINCE, FOLDER_OFFLINE
from tests.support.narrow import present

from .conftest import Life, names


def test_the_clearest_of_every_year_and_undated_ones_last(life: Life):
    life.photo("blurred.jpg", "1962-05-01", quality=0.2)
    life.photo("clear.jpg", "1962-07-01", quality=0.9)
    life.photo("old.jpg", "1931-01-01")
    life.photo("box.jpg", None)
    assert names(life.chosen()) == ["old.jpg", "clear.jpg", "box.jpg"]
    assert names(life.chosen(per_year=2)) == ["old.jpg", "blurred.jpg", "clear.jpg", "box.jpg"]
    assert life.chosen().span == ("1931-01-01T00:00:00", "1962-07-01T00:00:00")


def test_everything_restored_is_shown_however_many_are_clearer(life: Life):
    for n in range(3):
        life.photo(f"clear {n}.jpg", f"1962-0{n + 1}-01", quality=0.9 - n / 10)
    ruined, *_ = life.photo("ruined.jpg", "1962-09-01", quality=0.1)
    life.restored(ruined, "ruined.jpg")
    assert names(life.chosen()) == ["clear 0.jpg", "ruined.jpg"]


def test_a_picture_is_shown_once(life: Life):
    look = bytes(range(48))
    life.photo("print.jpg", None, quality=0.9, look=look)
    life.photo("print, scanned again.jpg", "1962-01-01", quality=0.3, look=look)
    life.photo("a.jpg", "1970-01-02")
    life.photo("b.jpg", "1971-01-02", same_as="a.jpg")
    assert names(life.chosen()) == ["print, scanned again.jpg", "a.jpg"]


def test_who_is_named_and_who_is_a_stranger(life: Life):
    ben, hidden, ignored, nameless = (life.person(n) for n in ("Ben", "Hidden", "Ignored", None))
    with life.app.gallery.begin() as tx:
        tx.decisions.hide(hidden)
        tx.decisions.ignore(ignored)
    life.photo("1.jpg", "1961-01-02", ben)
    life.photo("2.jpg", "1962-01-02", ben, hidden)
    life.photo("3.jpg", "1963-01-02", ignored)
    life.photo("4.jpg", "1964-01-02", nameless)
    life.photo("5.jpg", "1965-01-02", None)
    _, passer_by = life.photo("6.jpg", "1966-01-02", None)
    with life.app.gallery.begin() as tx:
        tx.decisions.ignore_faces([passer_by])
    album = life.chosen()
    assert [p.beside for p in album.photos] == [("Ben",), ("Ben",), (), (), (), ()]
    assert [len(p.strangers) for p in album.photos] == [0, 1, 1, 1, 1, 1]
    assert album.company == ["Ben"]


def test_somebody_forgotten_is_not_shown(life: Life):
    gone = life.person("Gone")
    life.photo("together.jpg", "1961-01-02", gone)
    life.app.gallery.forget(gone)
    [photo] = life.chosen().photos
    assert photo.beside == ()
    assert len(photo.strangers) == 1


def test_of_several_copies_the_accepted_one_then_the_latest(life: Life):
    face, *_ = life.photo("a.jpg", "1962-01-02")

    def copy() -> str | None:
        restored = life.chosen().photos[0].restored
        return None if restored is None else Path(present(restored.output)).name

    assert copy() is None
    forced = life.restored(face, "forced.jpg", verdict="refused")
    assert copy() is None, "the identity check refused it"
    first = life.restored(face, "first.jpg")
    life.restored(face, "second.jpg", keep_id=False)
    assert copy() == "second.jpg"
    with life.app.gallery.begin() as tx:
        tx.decisions.accept_restorations([first.id])
    assert copy() == "first.jpg"
    Path(present(first.output)).unlink()
    assert copy() == "second.jpg"
    with life.app.gallery.begin() as tx:
        tx.decisions.accept_restorations([forced.id])
    assert copy() == "forced.jpg", "somebody looked at it and said that it is good"


def test_what_is_not_there_is_said_and_the_next_best_is_shown(life: Life):
    for n, name in enumerate(("gone.jpg", "changed.jpg", "copied.jpg")):
        life.photo(name, f"1962-0{n + 1}-01", quality=0.9 - n / 10)
    (life.photos / "gone.jpg").unlink()
    (life.photos / "changed.jpg").write_bytes(b"another picture")
    os.utime(life.photos / "copied.jpg", (1, 1))
    album = life.chosen()
    assert names(album) == ["copied.jpg"], "the same bytes with another time are the same photo"
    assert album.cover is None, "the clearest face stands for her, and its photo is gone"
    assert album.left_out == {
        str(life.photos / "gone.jpg"): FILE_MISSING(),
        str(life.photos / "changed.jpg"): CHANGED_SINCE(),
    }


def test_a_drive_that_is_not_there_is_the_reason(life: Life):
    life.photo("a.jpg", "1962-01-02")
    life.photos.rename(life.photos.with_name("elsewhere"))
    album = life.chosen()
    assert (album.photos, album.cover) == ((), None)
    assert album.left_out == {str(life.photos / "a.jpg"): FOLDER_OFFLINE(path=str(life.photos))}
