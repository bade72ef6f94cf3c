"""Dates as the pages say them: days, years and ages as everywhere (`plugin/dates.py`), and moments."""

from datetime import datetime

from ...dates import (
    about_aged,
    age,
    age_then,
    day,
    day_of_year,
    looks_aged,
    month,
    span_words,
    taken,
    whole_month,
    years,
)
from ...languages import _

__all__ = [
    "about_aged",
    "age",
    "age_then",
    "day",
    "day_and_time",
    "day_of_year",
    "looks_aged",
    "moment",
    "month",
    "span_words",
    "taken",
    "whole_month",
    "years",
]


def moment(at: str, now: datetime) -> str:
    """When something was done (ISO 8601, UTC), as seen from `now` (with its zone): "today, 14:05"."""
    then = datetime.fromisoformat(at).astimezone(now.tzinfo)
    time = f"{then:%H:%M}"
    match (now.date() - then.date()).days:
        case 0:
            return _("today, {time}", time=time)
        case 1:
            return _("yesterday, {time}", time=time)
    return _at(then)


def day_and_time(at: str | None) -> str:
    """ "3 May 2014, 14:05", or "" for an unknown date. A time with a zone is shown on this machine's clock."""
    if at is None:
        return ""
    when = datetime.fromisoformat(at)
    return _at(when if when.tzinfo is None else when.astimezone())


def _at(when: datetime) -> str:
    return _("{day}, {time}", day=day(when.isoformat()), time=when.strftime("%H:%M"))
