"""Proposals out of a gallery, with a reader of ages whose vectors are ages; and what is done with them."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from gallery_db import Gallery
from gallery_db.records import FoundFace
from iconface_core import reason_codes as codes
from iconface_core.ages import AGES, ApparentAge
from iconface_core.types import F32, BBox, DetectedFace, EmbedderId, FaceEmbedding
from plugin.errors import NotFoundError, UsageError
from plugin.people.when_taken import (
    When,
    WhenTaken,
    date_as_proposed,
    date_photos,
    read_date,
    when_taken,
    when_taken_of,
)

E = EmbedderId("ages")
LANDMARKS = np.arange(10, dtype=np.float32).reshape(5, 2)


class Ages:
    """Reads the age out of a vector's angle."""

    def ages(self, vectors: F32) -> list[ApparentAge]:
        years = np.arctan2(vectors[:, 1], vectors[:, 0]) * 200 / np.pi
        weights = np.exp(-0.5 * ((AGES - years[:, None]) / (1.5 + 0.1 * years[:, None])) ** 2)
        return [ApparentAge(w / w.sum()) for w in weights.astype(np.float32)]

    def without_age(self, vectors: F32) -> F32:
        raise AssertionError("not asked for")


WHEN = WhenTaken(E, Ages(), date(2026, 11, 29))


def vector(age: float) -> F32:
    angle = age * np.pi / 200
    return np.array([np.cos(angle), np.sin(angle), 0, 0], np.float32)


def put(gallery: Gallery, name: str, year: int | None, people: Mapping[str, float]) -> Path:
    """A photo, of that year by its file, of people who look so old."""
    with gallery.begin() as tx:
        at = None if year is None else datetime(year, 6, 1, 12)
        photo = tx.photos.upsert(f"/lib/{name}", f"hash-{name}", width=100, height=10, captured_at=at)
        faces = [
            FoundFace(
                DetectedFace(BBox(20 * i, 0, 20 * i + 10, 10), LANDMARKS, 0.9),
                (FaceEmbedding(E, vector(age), 10.0),),
                0.9,
            )
            for i, age in enumerate(people.values())
        ]
        stored = tx.faces.replace_for_photo(photo.id, faces).stored
        for face, who in zip(stored, people, strict=True):
            known = tx.people.by_name(who)
            if known:
                tx.decisions.assign([face.id], known[0].id)
            else:
                tx.decisions.assign_new([face.id], who)
    return Path(f"/lib/{name}")


@pytest.fixture
def family(gallery: Gallery) -> Gallery:
    """Ada was born in 1950, as was said; of her mother there are dated photos."""
    put(gallery, "portrait.jpg", 1980, {"Ada": 30})
    with gallery.begin() as tx:
        [ada] = tx.people.by_name("Ada")
        tx.decisions.birth_date(ada.id, date(1950, 3, 1))
    for year in (1945, 1955, 1965, 1975):
        put(gallery, f"mother-{year}.jpg", year, {"Mother": year - 1925})
    return gallery


def of(gallery: Gallery, path: Path) -> When:
    [found] = when_taken(gallery, WHEN, [path])
    return found


def test_an_undated_photo_gets_years_and_reasons(family: Gallery):
    found = of(family, put(family, "beach.jpg", None, {"Ada": 7, "Mother": 32}))
    assert found.standing == "undated"
    assert found.proposed is not None
    first, last = found.proposed.days
    assert first.year <= 1957 <= last.year
    assert last.year - first.year < 10
    assert {r.code for r in found.reasons} >= {codes.LOOKS_AND_BORN, codes.LOOKS_AND_BORN_ABOUT}
    with family.begin(write=False) as tx:
        assert tx.photos.get(found.photo.id).captured_at is None, "nothing is decided by looking"


def test_a_scanner_s_date_is_doubted_and_a_right_one_is_left(family: Gallery):
    scanned = of(family, put(family, "scan.jpg", 2011, {"Ada": 7}))
    assert scanned.standing == "doubted"
    assert scanned.proposed is not None
    right = of(family, put(family, "camera.jpg", 1957, {"Ada": 7}))
    assert (right.standing, right.proposed) == ("file", None)


def test_strangers_tell_nothing(family: Gallery):
    found = of(family, put(family, "nobody.jpg", None, {"Somebody": 40}))
    assert (found.standing, found.proposed) == ("undated", None)


def test_neighbours_in_the_folder_count_unless_a_scanner_dated_all_of_them(family: Gallery):
    put(family, "album/1.jpg", 1957, {"Ada": 7})
    middle = put(family, "album/2.jpg", None, {"Ada": 7})
    put(family, "album/3.jpg", 1957, {"Ada": 7})
    assert codes.BETWEEN_PHOTOS(first=1957, last=1957) in of(family, middle).reasons
    for i in (1, 2, 3):
        put(family, f"scans/{i}.jpg", 2011, {"Ada": 7})
    found = of(family, Path("/lib/scans/2.jpg"))
    assert found.standing == "doubted"
    assert codes.BETWEEN_PHOTOS not in {r.code for r in found.reasons}


def test_accepting_correcting_and_not_this(family: Gallery):
    beach = put(family, "beach.jpg", None, {"Ada": 7})
    proposed = of(family, beach).proposed
    assert proposed is not None
    [tried] = date_as_proposed(family, WHEN, [beach], dry_run=True)
    assert of(family, beach).standing == "undated"
    date_as_proposed(family, WHEN, [beach], dry_run=False)
    accepted = of(family, beach)
    assert (accepted.standing, accepted.said, accepted.proposed) == ("said", proposed, None)
    assert tried.summary.params["date"] == proposed.text
    date_photos(family, [beach], read_date("1957-06"), dry_run=False)
    assert of(family, beach).photo.captured_at == "1957-06-15T00:00:00"
    with pytest.raises(NotFoundError):
        date_as_proposed(family, WHEN, [beach], dry_run=False)
    date_photos(family, [beach], None, dry_run=False)
    assert of(family, beach).standing == "left"


def test_a_person_s_photos_to_go_through(family: Gallery):
    put(family, "b.jpg", None, {"Ada": 12})
    put(family, "a.jpg", None, {"Ada": 7})
    put(family, "scan.jpg", 2011, {"Ada": 7})
    with family.begin(write=False) as tx:
        [ada] = tx.people.by_name("Ada")
    found = when_taken_of(family, WHEN, ada.id)
    assert [Path(w.photo.path).name for w in found] == ["a.jpg", "b.jpg", "scan.jpg"]


def test_what_cannot_be_asked(family: Gallery):
    with pytest.raises(NotFoundError):
        when_taken(family, WHEN, [Path("/lib/unknown.jpg")])
    with pytest.raises(UsageError):
        read_date("next summer")
