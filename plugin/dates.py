"""Days, years and ages in words. Capture dates are camera time: no zone, and often only roughly right."""

from datetime import date

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day(at: str | None) -> str:
    """ "1 May 2003", or "" for an unknown date."""
    if at is None:
        return ""
    year, month, number = _parts(at)
    return f"{number} {MONTHS[month - 1]} {year}"


def month(at: str | None) -> str:
    """ "May 2003", or "" for an unknown date."""
    return "" if at is None else f"{MONTHS[_parts(at)[1] - 1][:3]} {_parts(at)[0]}"


def years(first: str | None, last: str | None) -> str:
    """ "1984 to 2003", "1984", or "" for unknown dates."""
    if first is None or last is None:
        return ""
    return first[:4] if first[:4] == last[:4] else f"{first[:4]} to {last[:4]}"


def age(born: str | None, at: str | None) -> str:
    """ "7 years old", "5 months old"; "" when a date is unknown, or the photo older than the person."""
    if born is None or at is None:
        return ""
    (year, month, number), (then, months, days) = _parts(born), _parts(at)
    whole = (then - year) * 12 + months - month - (days < number)
    if whole < 0:
        return ""
    n, unit = (whole // 12, "year") if whole >= 24 else (whole, "month")
    return f"{n} {unit}{'' if n == 1 else 's'} old"


def looks_aged(low: int, high: int) -> str:
    """ "looks about 6 to 9": an estimate, never a fact. Both in years."""
    return f"looks about {low}" if low == high else f"looks about {low} to {high}"


def _parts(at: str) -> tuple[int, int, int]:
    try:
        d = date.fromisoformat(at[:10])
    except ValueError:  # a camera wrote nonsense
        return int(at[:4]) if at[:4].isdecimal() else 1, 1, 1
    return d.year, d.month, d.day
