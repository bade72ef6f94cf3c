"""Faces that were chosen on a page: whether they are as it showed them, and what is left once some are gone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from gallery_db.gallery import Tx

from ...dry_run import Precondition
from ...languages import ngettext
from ..edit_conflicts import Conflict
from .person_view import PersonHead, full_years, person_head


def faces_unchanged(
    face_ids: Sequence[int], owner: int | None, state: Literal["shown", "ignored"] = "shown"
) -> Precondition:
    """They are all still this person's (None: nobody's), and shown or ignored as they were. Raises Conflict."""
    states = ("ok", "doubtful") if state == "shown" else ("ignored",)

    def given(tx: Tx) -> None:
        same = [f for f in tx.faces.by_ids(face_ids) if f.person_id == owner and f.state in states]
        if len(same) < len(face_ids):
            words = ngettext(
                "Nothing was changed: {n} face of these changed in another window; here is how it is now.",
                "Nothing was changed: {n} faces of these changed in another window; here is how it is now.",
                len(face_ids) - len(same),
            )
            raise Conflict(words)

    return given


def head_with_faces(tx: Tx, person_id: int) -> PersonHead | None:
    """A person who has faces still; None for somebody without any, who need not be there any more."""
    return person_head(tx, person_id) if tx.browse.faces(person_id, limit=1) else None


def counts_left(tx: Tx, head: PersonHead, gone: Sequence[int]) -> dict[str, int]:
    """How many faces stay in each group of the timeline that lost some of the faces `gone`, by the id of its number in
    the page. `head` is without them; the groups are those from before, because the open page has them."""
    lost = Counter(None if f.captured_at is None else f.captured_at[:7] for f in tx.faces.by_ids(gone))
    months = list((Counter(dict(head.months)) + lost).items())
    before = replace(head, months=months, full=full_years(months))
    groups = {before.period(month) for month in lost}
    left = Counter[str]()
    for month, n in head.months:
        left[before.period(month)] += n
    return {f"count-{group}": left[group] for group in groups}
