"""Dates that can be believed, and dates in names."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.images.dates import believable, date_in_name
from iconface_core.images.metadata import capture_date

NOW = datetime(2026, 11, 28, 12)
EXIF = 0x9003


@pytest.mark.parametrize(
    "text",
    ["1970:01:01 00:00:00", "1980:01:01 00:00:10", "1904:01:01 00:00:00", "1969:12:31 16:00:00", "0000:00:00 00:00:00",
     "2050:12:31 10:00:00", "1601:01:01 00:00:00", "1825:12:31 10:00:00", "2026:11:30 10:00:00"],
)  # fmt: skip
def test_no_photo_was_taken_then(text: str) -> None:
    assert capture_date({EXIF: text}, None, now=NOW) is None
    assert capture_date({EXIF: text}, None, "IMG_20190824_101112.jpg", now=NOW) == datetime(2019, 8, 24)


@pytest.mark.parametrize("text", ["1826:06:01 12:00:00", "1955:01:01 00:00:00", "1980:01:02 00:00:00"])
def test_what_a_camera_says_comes_first(text: str) -> None:
    taken = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
    assert capture_date({EXIF: text}, None, "IMG_20190824_101112.jpg", now=NOW) == taken


def test_another_date_of_the_file_when_the_clock_was_reset() -> None:
    tags: dict[int, object] = {EXIF: "1980:01:01 00:00:10", 0x0132: "2003:05:05 05:05:05"}
    assert capture_date(tags, None, now=NOW) == datetime(2003, 5, 5, 5, 5, 5)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("IMG_20190824_101112", "2019-08-24"), ("PXL_20210503_101112345.MP", "2021-05-03"),
        ("IMG-20190824-WA0003", "2019-08-24"), ("20190824_101112", "2019-08-24"),
        ("2019-08-24 10.11.12", "2019-08-24"), ("WhatsApp Image 2019-08-24 at 10.11.12", "2019-08-24"),
        ("Screenshot_2019-08-24-10-11-12", "2019-08-24"), ("signal-2019-08-24-101112", "2019-08-24"),
        ("scan 1962.07.04 wedding", "1962-07-04"), ("Foto 2019_08_24", "2019-08-24"),
    ],
)  # fmt: skip
def test_names_of_cameras_and_messengers(name: str, day: str) -> None:
    assert date_in_name(name, NOW) == datetime.fromisoformat(day)


@pytest.mark.parametrize(
    "name",
    ["IMG_1234", "DSC01998", "FB_IMG_1566648000000", "20191301", "2019-08_24", "2050-01-01", "19700101_0",
     "1234567820190824",
     "P1020304", "2019-02-30", "a20190824567", ""],
)  # fmt: skip
def test_numbers_that_are_no_dates(name: str) -> None:
    assert date_in_name(name, NOW) is None


@given(st.text(max_size=40))
def test_a_date_in_a_name_is_one_that_can_be_believed(name: str) -> None:
    found = date_in_name(name, NOW)
    assert found is None or (believable(found, NOW) and found.time() == datetime.min.time())


@given(st.datetimes(datetime(1826, 1, 1), NOW + timedelta(days=400)))
def test_a_name_written_by_a_camera_is_read_back(taken: datetime) -> None:
    found = date_in_name(f"IMG_{taken:%Y%m%d_%H%M%S}", NOW)
    assert found == (taken.replace(hour=0, minute=0, second=0, microsecond=0) if believable(taken, NOW) else None)
