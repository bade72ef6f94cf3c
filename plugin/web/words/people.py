"""People and their faces in the words of the people pages."""

from collections.abc import Sequence

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx

from ...languages import N_, _
from .dates import whole_month, years

NOBODY_YET = N_("this person")
"""Somebody without a name, in a sentence."""

NO_NAME = N_("No name yet")
"""The same where a name would stand."""


def named(name: str | None) -> str:
    """The name, or what stands in its place."""
    return name or _(NO_NAME)


WHOLE = N_("The whole photo")
"""What a restoration that is of no face is called."""


def called(tx: Tx, person_id: int) -> str:
    """The name, or words for somebody without one (or who is no longer there)."""
    try:
        return tx.people.get(person_id).name or _(NOBODY_YET)
    except UnknownIdError:
        return _(NOBODY_YET)


def period_words(period: str) -> str:
    """ "2019-05" as "May 2019", "2019" as it is."""
    if not period[:4].isdecimal():
        return _("Without a date")
    year, number = period[:4], period[5:]
    return whole_month(f"{period}-01") if number.isdecimal() and 1 <= int(number) <= 12 else year


def years_words(months: Sequence[tuple[str | None, int]]) -> str:
    """The first and the last year of a person's photos; "" without any date."""
    known = sorted(month for month, _n in months if month is not None)
    return years(known[0], known[-1]) if known else ""
