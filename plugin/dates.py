"""Days, years and ages in words. Capture dates are camera time: no zone, and often only roughly right."""

from datetime import date

from iconface_core.images.date_span import Span, stored_span

from .languages import PSEUDO, _, locale, ngettext, number, spoken

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_YEAR, _MONTH = 4, 7  # characters
_LONG = 366  # days


def day(at: str | None) -> str:
    """ "1 May 2003", or "" for an unknown date."""
    return "" if at is None else _written(_date(at), "{day} {month} {year}", "yMMMMd")


def taken(at: str | None, said: str | None) -> str:
    """When a photo was taken: "1955 to 1959", "May 1957", "1 May 2003", or "" when unknown. `said`: what a person
    says, as `images.date_span` writes it, before the day `at`."""
    span = stored_span(said)
    return day(at) if span is None else span_words(span)


def age_then(born: str | None, at: str | None, said: str | None) -> str:
    """`age`, or "" when the photo's date is known to no more than a few years."""
    span = stored_span(said)
    if span is not None and (span.days[1] - span.days[0]).days > _LONG:
        return ""
    return age(born, at)


def span_words(span: Span) -> str:
    """ "1955 to 1959", "May 1957"."""
    first, last = _part(span.first), _part(span.last)
    return first if first == last else _("{first} to {last}", first=first, last=last)


def _part(text: str) -> str:
    return text if len(text) == _YEAR else whole_month(f"{text}-01") if len(text) == _MONTH else day(text)


def month(at: str | None) -> str:
    """ "May 2003", "Sep 2003", or "" for an unknown date."""
    return "" if at is None else _written(_date(at), "{month:.3} {year}", "yMMM")


def whole_month(at: str) -> str:
    """ "September 2003"."""
    return _written(_date(at), "{month} {year}", "yMMMM")


def day_of_year(at: date) -> str:
    """ "24 December"."""
    return _written(at, "{day} {month}", "MMMMd")


def years(first: str | None, last: str | None) -> str:
    """ "1984 to 2003", "1984", or "" for unknown dates."""
    if first is None or last is None:
        return ""
    return first[:4] if first[:4] == last[:4] else _("{first} to {last}", first=first[:4], last=last[:4])


def age(born: str | None, at: str | None) -> str:
    """ "7 years old", "5 months old"; "" when a date is unknown, or the photo older than the person."""
    if born is None or at is None:
        return ""
    birth, then = _date(born), _date(at)
    months = (then.year - birth.year) * 12 + then.month - birth.month - (then.day < birth.day)
    if months < 0:
        return ""
    if months >= 24:
        return ngettext("{n} year old", "{n} years old", months // 12)
    return ngettext("{n} month old", "{n} months old", months)


def looks_aged(low: int, high: int) -> str:
    """ "looks about 6 to 9": an estimate, never a fact. Both in years."""
    if low == high:
        return _("looks about {low}", low=number(low))
    return _("looks about {low} to {high}", low=number(low), high=number(high))


def about_aged(years: int) -> str:
    """ "about 7", "about 35": an age told from looks. From 15 on in steps of five, since nobody can tell it closer."""
    if years == 0:
        return _("a baby")
    return _("about {n}", n=number(years if years < 15 else 5 * round(years / 5)))


def _written(at: date, english: str, skeleton: str) -> str:
    """A date by Babel's `skeleton`, in English by a pattern: no command has to wait for Babel."""
    if spoken() in ("en", PSEUDO):
        return english.format(day=at.day, month=MONTHS[at.month - 1], year=at.year)
    from babel.dates import format_skeleton

    return format_skeleton(skeleton, at, locale=locale())


def _date(at: str) -> date:
    try:
        return date.fromisoformat(at[:10])
    except ValueError:  # a camera wrote nonsense
        return date(max(1, int(at[:4])) if at[:4].isdecimal() else 1, 1, 1)
