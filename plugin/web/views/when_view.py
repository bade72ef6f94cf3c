"""When a photo was taken: what the photo page says of it, and the next photo without a date."""

from collections.abc import Sequence
from dataclasses import dataclass

from gallery_db.gallery import Tx

from ...people.when_taken import Standing, WhenTaken
from ..edit_conflicts import date_stamp
from ..words.dates import day, span_words
from ..words.people import named
from ..words.reasons import on_page


@dataclass(frozen=True, slots=True)
class NextUndated:
    """Another photo of `name` without a date, of `photos` that there are."""

    photo_id: int
    name: str
    photos: int


@dataclass(frozen=True, slots=True)
class WhenView:
    """`said`: the date that somebody stated, `by_file` what the file says, `proposed` the years that are proposed, all
    in words and "" where there are none. `text`: the proposal as a form sends it, `typed`: what stands in the field.
    `more`: photos to go on with, where this one has no date or somebody stated it."""

    photo_id: int
    stamp: str
    standing: Standing
    said: str
    by_file: str
    proposed: str
    text: str
    typed: str
    why: Sequence[str]
    more: Sequence[NextUndated]


def when_view(tx: Tx, when: WhenTaken, photo_id: int) -> WhenView:
    """Raises UnknownIdError."""
    [w] = when.of(tx, [photo_id])
    text = "" if w.proposed is None else w.proposed.text
    return WhenView(
        photo_id=photo_id,
        stamp=date_stamp(w.photo),
        standing=w.standing,
        said="" if w.said is None else span_words(w.said),
        by_file=day(w.photo.file_date),
        proposed="" if w.proposed is None else span_words(w.proposed),
        text=text,
        typed=_typed(text if w.said is None else w.said.text),
        why=[on_page(reason) for reason in w.reasons],
        more=[] if w.standing == "file" else list(_more(tx, photo_id)),  # a dated photo is no step on that way
    )


def _typed(text: str) -> str:
    """As somebody would type it."""
    return text.replace("/", " - " if "-" in text else "-")


def _more(tx: Tx, photo_id: int) -> list[NextUndated]:
    """For everybody in the photo the next of their photos without a date, in the order of paths and round."""
    out: dict[int, NextUndated] = {}
    path = tx.photos.get(photo_id).path
    for f in tx.faces.of_photo(photo_id):
        if f.person_id is None or f.person_name is None or f.person_id in out or f.state == "ignored":
            continue
        others = {i: p for i, p in tx.photos.undated(f.person_id).items() if i != photo_id}
        if others:
            after = next((i for i, p in others.items() if p > path), next(iter(others)))
            out[f.person_id] = NextUndated(after, named(f.person_name), len(others))
    return list(out.values())
