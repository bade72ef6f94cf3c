"""What lists of people show, and the decisions that the list and a person's own page share."""

from collections.abc import Sequence
from typing import Any

from gallery_db.browse.repository import PersonCard
from gallery_db.browse.sql import Visibility
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord

from ...errors import UsageError
from ..edit_conflicts import check, person_stamp, person_stamp_of
from .person_view import versions

SHOWN_WORDS: dict[Visibility, str] = {
    "shown": "{} is back among the people.",
    "hidden": "{} is hidden, and still recognised.",
    "ignored": "{} is ignored: not shown, not asked about, not used.",
}


def one_person_now(name: str | None) -> str:
    """What is said after a merge."""
    return f"They are one person now: {name}." if name else "They are one person now."


def put_on_shelf(tx: Tx, person_id: int, stamp: str, to: Visibility) -> DecisionRecord:
    """The decision behind hide, ignore and show again. Raises Conflict, NotFoundError."""
    check(stamp, person_stamp(tx, person_id), "this person")
    if to == "ignored":
        return tx.decisions.ignore(person_id)
    if tx.people.get(person_id).ignored:
        return tx.decisions.ignore(person_id, False)
    return tx.decisions.hide(person_id, to == "hidden")


def merge_offer(tx: Tx, people: Sequence[int]) -> dict[str, Any]:
    """What a question "are they one person?" shows. The named one with most photos is kept, unless chosen otherwise."""
    cards = tx.browse.cards(dict.fromkeys(people))
    if len(cards) < 2:
        raise UsageError("Choose two or more people to put together. Some of these may have been put together already.")
    together = tx.browse.together(cards[0].id, [c.id for c in cards[1:]])
    return {
        "cards": stamped(tx, cards),
        "keep": min(cards, key=lambda c: (c.name is None, -c.photos, c.id)).id,
        "names": sorted({c.name for c in cards if c.name is not None}),
        "together": sum(together.values()),
    }


def merge_into(tx: Tx, people: Sequence[int], stamps: Sequence[str], keep: int) -> DecisionRecord:
    """The decision behind a merge. Raises Conflict when one changed, UsageError for an odd form."""
    if len(stamps) != len(people) or keep not in people or len(set(people)) < 2:
        raise UsageError("Choose two or more people to put together.")
    for one, seen in zip(people, stamps, strict=True):
        check(seen, person_stamp(tx, one), "one of these people")
    return tx.decisions.merge(keep, sorted(set(people) - {keep}))


def stamped(tx: Tx, cards: Sequence[PersonCard]) -> list[tuple[PersonCard, str, str]]:
    """Each with its stamp and the version of its cover's picture."""
    known = versions(tx, [c.cover_face_id for c in cards])
    return [
        (
            c,
            person_stamp_of(c.id, c.name, c.hidden, c.ignored, c.birth_date, c.chosen_cover_id),
            known.get(c.cover_face_id or 0, ""),
        )
        for c in cards
    ]
