"""What of a photo is shown, and that one is read after the other."""

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from iconface_core.reason_codes import FILE_MISSING, NOT_A_PICTURE
from iconface_core.reasons import Reason
from iconface_core.types import BBox
from plugin.albums.pictures import FACE_PX, TIGHT, WHOLE_PX, AlbumPicture, make_pictures, portrait
from plugin.reasons import CHANGED_SINCE
from tests.support.narrow import present

from .conftest import BLUE, GREEN, RED, Life

W, H = 1000, 800


@st.composite
def boxes(draw: st.DrawFn) -> BBox:
    x, y = draw(st.integers(0, W - 2)), draw(st.integers(0, H - 2))
    return BBox(x, y, x + draw(st.integers(1, W - x)), y + draw(st.integers(1, H - y)))


@given(boxes(), st.lists(boxes(), max_size=4))
def test_a_portrait_holds_the_face_stays_in_the_photo_and_keeps_away_from_strangers(face: BBox, strangers: list[BBox]):
    part = portrait(face, strangers, W, H)
    assert 0 <= part.x1 <= face.x1 < face.x2 <= part.x2 <= W
    assert 0 <= part.y1 <= face.y1 < face.y2 <= part.y2 <= H
    alone = portrait(face, [], W, H)
    assert alone.x1 <= part.x1 <= part.x2 <= alone.x2, "strangers never make it larger"
    tight = TIGHT * max(face.width, face.height) / 2
    x, y = (face.x1 + face.x2) / 2, (face.y1 + face.y2) / 2
    for s in strangers:
        if max(s.x1 - x, x - s.x2, s.y1 - y, y - s.y2) >= tight:
            assert min(part.x2, s.x2) <= max(part.x1, s.x1) + 1e-6 or min(part.y2, s.y2) <= max(part.y1, s.y1) + 1e-6


def made(life: Life, left_out: dict[str, Reason]) -> Iterator[AlbumPicture]:
    return make_pictures(life.chosen(per_year=9).photos, life.app.reader, left_out)


def colours(uri: str | None) -> set[tuple[int, int, int]]:
    """Which of the colours of faces a picture has."""
    head, _, data = present(uri).partition(",")
    assert head == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert not picture.getexif()
    assert max(picture.size) <= WHOLE_PX
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    return {c for c in (GREEN, RED, BLUE) if (np.abs(pixels - c).max(1) < 30).mean() > 0.002}


def test_of_a_photo_with_strangers_only_the_person_is_shown(life: Life):
    ben = life.person("Ben")
    life.photo("1 with Ben.jpg", "1961-01-02", ben)
    life.photo("2 with a stranger.jpg", "1962-01-02", None)
    with_ben, with_stranger = made(life, {})
    assert colours(with_ben.whole) == {GREEN, RED}
    assert with_ben.before is None
    assert with_stranger.whole is None
    assert colours(with_stranger.before) == {GREEN}


def test_before_and_after_are_the_same_part(life: Life):
    face, *_ = life.photo("a.jpg", "1961-01-02")
    life.restored(face, "a.jpg")
    [picture] = made(life, {})
    assert (colours(picture.before), colours(picture.after)) == ({GREEN}, {BLUE})
    sizes = {
        Image.open(io.BytesIO(base64.b64decode(present(u).partition(",")[2]))).size
        for u in (picture.before, picture.after)
    }
    assert len(sizes) == 1
    assert max(*sizes.pop()) <= FACE_PX


def test_a_copy_that_cannot_be_read_is_said_and_the_photo_shown(life: Life):
    face, *_ = life.photo("a.jpg", "1961-01-02")
    copy = Path(present(life.restored(face, "a.jpg").output))
    small = io.BytesIO()
    Image.new("RGB", (90, 60)).save(small, "JPEG")
    for now, code in ((b"no picture at all", NOT_A_PICTURE), (small.getvalue(), CHANGED_SINCE)):
        copy.write_bytes(now)
        left_out: dict[str, Reason] = {}
        [picture] = made(life, left_out)
        assert (picture.after, colours(picture.whole)) == (None, {GREEN})
        assert {path: why.code for path, why in left_out.items()} == {str(copy): code}


def test_one_after_the_other_and_the_rest_goes_on_without_one(life: Life):
    for n in range(3):
        life.photo(f"{n}.jpg", f"196{n}-01-02")
    left_out: dict[str, Reason] = {}
    pictures = made(life, left_out)
    next(pictures)
    (life.photos / "1.jpg").unlink()
    assert [Path(p.shown.photo.path).name for p in pictures] == ["2.jpg"]
    assert left_out == {str(life.photos / "1.jpg"): FILE_MISSING()}


def test_a_photo_of_another_size_is_not_cut_at_the_wrong_place(life: Life):
    life.photo("a.jpg", "1961-01-02")
    left_out: dict[str, Reason] = {}
    photos = [replace(p, photo=replace(p.photo, width=333)) for p in life.chosen().photos]
    assert list(make_pictures(photos, life.app.reader, left_out)) == []
    assert left_out == {str(life.photos / "a.jpg"): CHANGED_SINCE()}
