"""What names of another program would come to, before anything is decided."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gallery_db.gallery import Tx

from ...languages import _, ngettext
from ...people.named_faces import Conflict, ImportPlan

SHOWN = 50


@dataclass(frozen=True, slots=True)
class NamedView:
    """Somebody: `what` says how many faces, and whether they are new."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A name that is not taken: why, in words, and the page of its photo where it can be settled."""

    name: str
    why: str
    photo_id: int | None
    photo: str


@dataclass(frozen=True, slots=True)
class NamesView:
    """`people` and `conflicts` are the first of them; the numbers count all. `stamp` stands for all that would be
    decided."""

    people: Sequence[NamedView]
    n_people: int
    faces: int
    drawn: int
    ignored: int
    known: int
    conflicts: Sequence[ConflictView]
    n_conflicts: int
    unplaced: int
    unread: int
    empty: bool
    stamp: str


def names_from(tx: Tx, plan: ImportPlan, unread: int) -> NamesView:
    """The view of a plan; `unread` files could not be read."""
    people = sorted(plan.people, key=lambda p: (-len(p.face_ids) - len(p.boxes), p.name))
    known = {p.person_id for p in plan.people if p.person_id is not None}
    here = tx.people.names(sorted(known))
    return NamesView(
        people=[
            NamedView(p.name, _faces(len(p.face_ids) + len(p.boxes), new=p.person_id not in here))
            for p in people[:SHOWN]
        ],
        n_people=len(people),
        faces=sum(len(p.face_ids) for p in people),
        drawn=sum(len(p.boxes) for p in people),
        ignored=len(plan.ignored),
        known=plan.known,
        conflicts=[_conflict(tx, c) for c in plan.conflicts[:SHOWN]],
        n_conflicts=len(plan.conflicts),
        unplaced=len(plan.unplaced),
        unread=unread,
        empty=plan.empty,
        stamp=plan_stamp(plan),
    )


def _faces(n: int, *, new: bool) -> str:
    return ngettext("{n} face, new", "{n} faces, new", n) if new else ngettext("{n} face", "{n} faces", n)


def plan_stamp(plan: ImportPlan) -> str:
    """Stands for what would be decided; see `edit_conflicts`."""
    return hashlib.sha256(repr((plan.people, plan.ignored)).encode()).hexdigest()[:16]


def _conflict(tx: Tx, c: Conflict) -> ConflictView:
    photo = tx.photos.by_path(str(c.photo))
    why = {
        "somebody_else": _("You said that this face is {name}.", name=c.other or _("somebody else")),
        "two_names": _("This face is also called {name} there.", name=c.other),
        "several_people": _("Several people have this name here."),
        "rejected": _("You said that this face is not them."),
        "left_out": _("You left this face out."),
        "unusable_name": _("This cannot be a name."),
    }[c.why]
    return ConflictView(c.name, why, None if photo is None else photo.id, c.photo.name)
