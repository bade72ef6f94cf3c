"""What a human says of the date of a photo, in both engines."""

from datetime import date, datetime

import pytest

from gallery_db import ConflictError, Gallery, GalleryError
from gallery_db.gallery import Tx
from gallery_db.records import PhotoRecord
from iconface_core.images.date_span import Span, years_span

from .factories import photo, put

SCANNED = datetime(2011, 3, 12, 10, 30, 5)
FIFTIES = years_span(1955, 1959)


@pytest.fixture
def scan(gallery: Gallery) -> int:
    """A photo with the date of its scan."""
    with gallery.begin() as tx:
        return photo(tx, "scan.jpg", captured_at=SCANNED)


def now(gallery: Gallery, photo_id: int) -> PhotoRecord:
    with gallery.begin(write=False) as tx:
        return tx.photos.get(photo_id)


def say(gallery: Gallery, photo_id: int, span: Span | None) -> int:
    with gallery.begin() as tx:
        return tx.decisions.date_photos([photo_id], span).id


def undo(gallery: Gallery, decision_id: int | None = None) -> None:
    with gallery.begin() as tx:
        tx.decisions.undo(decision_id)


def test_what_a_person_says_counts_until_it_is_taken_back(gallery: Gallery, scan: int):
    said = say(gallery, scan, FIFTIES)
    photo_then = now(gallery, scan)
    assert (photo_then.captured_at, photo_then.dated) == ("1957-07-01T00:00:00", "1955/1959")
    assert photo_then.file_date == SCANNED.isoformat()
    with gallery.begin(write=False) as tx:
        [entry] = tx.journal.page()
        assert (entry.photo_ids, entry.value) == ((scan,), "1955/1959")
    undo(gallery)
    assert now(gallery, scan).captured_at == SCANNED.isoformat()
    assert now(gallery, scan).dated is None
    with gallery.begin() as tx:
        taken_back = tx.decisions.get(said).undone_by
        assert taken_back is not None
        tx.decisions.undo(taken_back)
    assert now(gallery, scan).dated == "1955/1959"


def test_a_later_word_has_to_be_taken_back_first(gallery: Gallery, scan: int):
    first = say(gallery, scan, FIFTIES)
    say(gallery, scan, Span("1961", "1961"))
    with pytest.raises(ConflictError):
        undo(gallery, first)
    undo(gallery)
    assert now(gallery, scan).dated == "1955/1959"


def test_a_new_scan_of_the_file_leaves_it_and_is_what_counts_afterwards(gallery: Gallery, scan: int):
    say(gallery, scan, FIFTIES)
    with gallery.begin() as tx:
        photo(tx, "scan.jpg", captured_at=datetime(2012, 1, 1), content_hash="edited")
    assert now(gallery, scan).captured_at == "1957-07-01T00:00:00"
    undo(gallery)
    assert now(gallery, scan).captured_at == "2012-01-01T00:00:00"


def test_nothing_is_to_be_proposed(gallery: Gallery, scan: int):
    say(gallery, scan, None)
    assert now(gallery, scan).dated == ""
    with gallery.begin() as tx:
        photo(tx, "scan.jpg", captured_at=datetime(2012, 1, 1))
    assert now(gallery, scan).captured_at == "2012-01-01T00:00:00", "the file's date counts, whatever it becomes"


def test_the_day_that_counts_is_after_everybody_was_born(gallery: Gallery):
    with gallery.begin() as tx:
        [face] = put(tx, "a.jpg", 1)
        ada = tx.decisions.assign_new([face], "Ada").person_id
        tx.decisions.birth_date(ada, date(1958, 6, 1))
        tx.decisions.date_photos([tx.faces.get(face).photo_id], FIFTIES)
        captured = tx.faces.get(face).captured_at
    assert captured is not None
    assert "1958-06-01" < captured < "1960"


def test_photos_of_somebody_without_a_date(tx: Tx):
    faces = [put(tx, name, i)[0] for i, name in enumerate(("b.jpg", "a.jpg", "left.jpg", "dated.jpg"))]
    ada = tx.decisions.assign_new(faces, "Ada").person_id
    b, a, left, dated = (tx.faces.get(f).photo_id for f in faces)
    photo(tx, "dated.jpg", captured_at=SCANNED)
    tx.decisions.date_photos([left], None)
    assert list(tx.photos.undated(ada)) == [a, b]
    tx.decisions.date_photos([a], FIFTIES)
    assert list(tx.photos.undated(ada)) == [b]


def test_no_photo_was_given(tx: Tx):
    with pytest.raises(GalleryError):
        tx.decisions.date_photos([], FIFTIES)
