"""Dates as the pages say them: days, years and ages as everywhere (`plugin/dates.py`), and moments."""

from datetime import datetime

from ...dates import MONTHS, age, day, month, years

__all__ = ["MONTHS", "age", "day", "day_and_time", "moment", "month", "years"]


def moment(at: str, now: datetime) -> str:
    """When something was done (ISO 8601, UTC), as seen from `now` (with its zone): "today, 14:05"."""
    then = datetime.fromisoformat(at).astimezone(now.tzinfo)
    ago = (now.date() - then.date()).days
    return f"{('today', 'yesterday')[ago]}, {then:%H:%M}" if ago in (0, 1) else _at(then)


def day_and_time(at: str | None) -> str:
    """ "3 May 2014, 14:05", or "" for an unknown date. A time with a zone is shown on this machine's clock."""
    if at is None:
        return ""
    when = datetime.fromisoformat(at)
    return _at(when if when.tzinfo is None else when.astimezone())


def _at(when: datetime) -> str:
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M}"
