"""A date that is known as well as somebody knows it: a day, a month, a year, or from one to another.

Written as ISO 8601-2 (EDTF) writes it: `1957-06-12`, `1957-06`, `1957`, `1955/1959`.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .dates import FIRST_PHOTO

_PART = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?", re.ASCII)
_TO = re.compile(r"\s*/\s*|\s+[-\u2013]\s+|(?<=^\d{4})[-\u2013](?=\d{4}$)")
"""Between the two ends of a span; without spaces only between two years, for a month has a hyphen too."""
_YEAR, _MONTH, _DAY = 4, 7, 10  # characters


@dataclass(frozen=True, slots=True)
class Span:
    """`first` and `last` as they were stated: each a year, a month or a day; the same text when one was stated."""

    first: str
    last: str

    @property
    def text(self) -> str:
        """As `read_span` reads it."""
        return self.first if self.first == self.last else f"{self.first}/{self.last}"

    @property
    def days(self) -> tuple[date, date]:
        """The first day and the last one that are meant."""
        return _bounds(self.first)[0], _bounds(self.last)[1]

    @property
    def exact(self) -> bool:
        """One day."""
        return self.days[0] == self.days[1]

    def middle(self, not_before: date | None = None) -> datetime:
        """The middle day, at midnight, which nothing takes for a time. `not_before`: somebody in the photo was born
        then; a day that lies after the span counts for nothing."""
        first, last = self.days
        if not_before is not None and first < not_before <= last:
            first = not_before
        return datetime.combine(first + (last - first) // 2, time.min)

    @property
    def shortened(self) -> str:
        """One date for programs that know no ranges: the year, month or day that all of it has in common; else the
        year of its middle."""
        first, last = (d.isoformat() for d in self.days)
        for length, whole in ((_DAY, self.exact), (_MONTH, first[:_MONTH] == last[:_MONTH])):
            if whole:
                return first[:length]
        return f"{self.middle().year:04d}"


def years_span(first: int, last: int) -> Span:
    """From the beginning of one year to the end of another."""
    return Span(f"{first:04d}", f"{last:04d}")


def read_span(text: str, today: date) -> Span | None:
    """What `Span.text` wrote or somebody typed, with a hyphen too: `1955-1959`. None for anything else, for a span that
    ends before it begins, and for one before the oldest photograph or after `today`."""
    first, *rest = _TO.split(text.strip())
    if len(rest) > 1:
        return None
    span = Span(first, rest[0] if rest else first)
    try:
        begin, end = span.days
    except ValueError:
        return None
    if begin > end or begin.year < FIRST_PHOTO or begin > today + timedelta(days=1):
        return None
    return span


def stored_span(text: str | None) -> Span | None:
    """Out of a column; None where nobody said anything, or that nobody knows."""
    if not text:
        return None
    first, slash, last = text.partition("/")
    return Span(first, last if slash else first)


def _bounds(text: str) -> tuple[date, date]:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no year, month or day")
    year, month, day = int(found["year"]), found["month"], found["day"]
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    if day is None:
        return date(year, int(month), 1), date(year, int(month), calendar.monthrange(year, int(month))[1])
    return (one := date(year, int(month), int(day))), one
