"""People and their faces in the words of the people pages."""

from collections.abc import Sequence

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx

from .dates import MONTHS, years

NOBODY_YET = "this person"
"""Somebody without a name, in a sentence."""

NO_NAME = "No name yet"
"""The same where a name would stand."""


def named(name: str | None) -> str:
    """The name, or what stands in its place."""
    return name or NO_NAME


WHOLE = "The whole photo"
"""What a restoration that is of no face is called."""


def called(tx: Tx, person_id: int) -> str:
    """The name, or words for somebody without one (or who is no longer there)."""
    try:
        return tx.people.get(person_id).name or NOBODY_YET
    except UnknownIdError:
        return NOBODY_YET


def period_words(period: str) -> str:
    """ "2019-05" as "May 2019", "2019" as it is."""
    if not period[:4].isdecimal():
        return "Without a date"
    year, _, number = period.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}" if number.isdecimal() and 1 <= int(number) <= 12 else year


def years_words(months: Sequence[tuple[str | None, int]]) -> str:
    """The first and the last year of a person's photos; "" without any date."""
    known = sorted(month for month, _ in months if month is not None)
    return years(known[0], known[-1]) if known else ""
