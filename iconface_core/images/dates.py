"""Which dates of a photo can be believed, and the ones that only its file's name knows. Pure."""

import re
from datetime import date, datetime, timedelta

FIRST_PHOTO = 1826
"""The oldest photograph that is left: Niépce's view from his window."""

RESET = frozenset({(1904, 1, 1), (1969, 12, 31), (1970, 1, 1), (1980, 1, 1)})
"""The first day of clocks that lost their battery, of cameras and of the programs that read them (Unix time, west of
Greenwich too; MS-DOS; QuickTime). A scan that somebody dated so by hand is taken for one of them."""

_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>(?:18|19|20)\d\d)(?P<sep>[-_. ]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)(?!\d)")
"""IMG_20190824_101112, PXL_20210503_..., IMG-20190824-WA0003, 2019-08-24 10.11.12, WhatsApp Image 2019-08-24 at ..."""


def believable(taken: datetime, now: datetime) -> bool:
    """Whether a photo can have been taken then, by the clock `now`; a day of grace for other time zones."""
    day = taken.date()
    return (
        day.year >= FIRST_PHOTO
        and day <= now.date() + timedelta(days=1)
        and (day.year, day.month, day.day) not in RESET
    )


def date_in_name(stem: str, now: datetime) -> datetime | None:
    """The day that cameras and messengers write into a file's name, or None.

    Less certain than what a camera stores: it may be the day on which a picture was sent. So it is no more than a day,
    midnight, which nothing takes for a time (`references`: a day is not a burst).
    """
    for found in _YEAR_FIRST.finditer(stem):
        try:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            continue
        taken = datetime(day.year, day.month, day.day)
        if believable(taken, now):
            return taken
    return None
