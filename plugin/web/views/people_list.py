"""What lists of people show: pages of people and of loose faces, and the offer to put some together."""

from collections.abc import Sequence
from typing import Any, Literal

from gallery_db.browse.repository import FacePlace, PersonCard, PersonPlace
from gallery_db.gallery import Tx

from ...dry_run import Precondition
from ...errors import UsageError
from ...languages import N_, _
from ...people.decisions import Visibility
from ..edit_conflicts import all_of, person_stamp_of, person_unchanged
from .person_view import versions

Tab = Literal["people", "hidden", "nobody", "ignored"]
SHELVES: dict[Tab, Visibility] = {"people": "shown", "hidden": "hidden", "ignored": "ignored"}
PEOPLE, FACES = 60, 120
"""How many of each come at a time."""

SHOWN_WORDS: dict[Visibility, str] = {
    "shown": N_("{name} is back among the people."),
    "hidden": N_("{name} is hidden, and still recognised."),
    "ignored": N_("{name} is ignored: not shown, not asked about, not used."),
}


def one_person_now(name: str | None) -> str:
    """What is said after a merge."""
    return _("They are one person now: {name}.", name=name) if name else _("They are one person now.")


def merge_offer(tx: Tx, people: Sequence[int]) -> dict[str, Any]:
    """What a question "are they one person?" shows. The named one with most photos is kept, unless chosen otherwise."""
    cards = tx.browse.cards(dict.fromkeys(people))
    if len(cards) < 2:
        raise UsageError(
            _("Choose two or more people to put together. Some of these may have been put together already.")
        )
    together = tx.browse.together(cards[0].id, [c.id for c in cards[1:]])
    return {
        "cards": stamped(tx, cards),
        "keep": min(cards, key=lambda c: (c.name is None, -c.photos, c.id)).id,
        "names": sorted({c.name for c in cards if c.name is not None}),
        "together": sum(together.values()),
    }


def people_unchanged(people: Sequence[int], stamps: Sequence[str]) -> Precondition:
    """What was decided about each is what the page showed. Raises UsageError for an odd form."""
    if len(stamps) != len(people) or len(set(people)) < 2:
        raise UsageError(_("Choose two or more people to put together."))
    pairs = zip(people, stamps, strict=True)
    return all_of(*(person_unchanged(seen, one, _("one of these people")) for one, seen in pairs))


def other_people(people: Sequence[int], keep: int) -> list[int]:
    """Who becomes `keep`. Raises UsageError for an odd form."""
    if keep not in people:
        raise UsageError(_("Choose two or more people to put together."))
    return sorted(set(people) - {keep})


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


def people_list(tx: Tx, tab: Tab, q: str) -> dict[str, Any]:
    """A list from its beginning, with the numbers on the tabs."""
    return people_from(tx, tab, q, "") | loose_faces_from(tx, tab, "") | {"counts": tx.browse.counts()}


def one_of_the_list(tx: Tx, person_id: int) -> tuple[PersonCard, str, str]:
    """One person as `stamped` has them."""
    [one] = stamped(tx, tx.browse.cards([person_id]))
    return one


def people_from(tx: Tx, tab: Tab, q: str, after: str) -> dict[str, Any]:
    """People of a list from a place on, as the page before has it ("": from the beginning); `q` is searched for. Raises
    UsageError for no such place."""
    place = _person_place(after)
    shelf = SHELVES.get(tab)
    found = [] if shelf is None else tx.browse.people(shelf, search=q, after=place, limit=PEOPLE + 1)
    cards = found[:PEOPLE]
    last = cards[-1].place if len(found) > PEOPLE else None
    text = None if last is None else f"{int(last.unnamed)}-{last.photos}-{last.person_id}"
    return {"tab": tab, "q": q, "people": stamped(tx, cards), "after": text, "begins": place is None}


def loose_faces_from(tx: Tx, tab: Tab, after: str) -> dict[str, Any]:
    """Faces of nobody, or ignored ones, from a place on. Raises UsageError for no such place."""
    place = _face_place(after)
    found = []
    if tab == "nobody":
        found = tx.browse.loose(after=place, limit=FACES + 1)
    elif tab == "ignored":
        found = tx.browse.ignored_faces(after=place, limit=FACES + 1)
    faces = found[:FACES]
    last = faces[-1].place if len(found) > FACES else None
    text = None if last is None else f"{last.id}~{'' if last.quality is None else last.quality!r}"
    return {"tab": tab, "faces": faces, "faces_after": text, "versions": versions(tx, [f.id for f in faces])}


def _person_place(text: str) -> PersonPlace | None:
    """The inverse of what `people_from` puts into the page. Raises UsageError for anything else."""
    if not text:
        return None
    try:
        unnamed, photos, person_id = (int(part) for part in text.split("-"))
    except ValueError:
        raise UsageError(_("“{text}” is no place in the list of people", text=text)) from None
    return PersonPlace(bool(unnamed), photos, person_id)


def _face_place(text: str) -> FacePlace | None:
    """The inverse of what `loose_faces_from` puts into the page. Raises UsageError for anything else."""
    if not text:
        return None
    face_id, _tilde, quality = text.partition("~")
    try:
        return FacePlace(int(face_id), quality=float(quality) if quality else None)
    except ValueError:
        raise UsageError(_("“{text}” is no place in a list of faces", text=text)) from None
