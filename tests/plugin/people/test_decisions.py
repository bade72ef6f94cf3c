"""What front ends decide about people and faces: each verb on its own, without a command or a page."""

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter
from iconface_core.images.date_span import years_span
from iconface_core.types import BBox
from plugin.errors import UsageError
from plugin.job_payloads import EMBED
from plugin.people.decisions import Decisions, NameTakenError
from tests.gallery_db.factories import put


class ChangedError(Exception):
    """What a front end raises when somebody was quicker."""


def changed(tx: Tx) -> None:
    raise ChangedError


@pytest.fixture
def faces(gallery: Gallery) -> list[int]:
    """Four: two of person 1, one of person 2, one of nobody."""
    with gallery.begin() as tx:
        a, b, c, d = put(tx, "a.jpg", 1, 2, 3, 4)
        tx.decisions.assign_new([a, b], None)
        tx.decisions.assign_new([c], None)
    return [a, b, c, d]


def state(gallery: Gallery) -> object:
    """All that can be decided about."""
    with gallery.begin(write=False) as tx:
        people = [tx.people.get(p.id) for p in tx.people.find(hidden=None, ignored=None)]
        return people, tx.faces.find(FaceFilter(states=None)), sorted(tx.faces.rejections()), tx.people.constraints()


def traces(gallery: Gallery) -> object:
    """What a decision leaves beside it."""
    with gallery.begin(write=False) as tx:
        return tx.jobs.find(), tx.decisions.history()


Verb = Callable[[Decisions, Sequence[int]], object]
VERBS: dict[str, Verb] = {
    "name": lambda d, f: d.name(1, "Ada"),
    "merge": lambda d, f: d.merge(1, [2]),
    "split": lambda d, f: d.split(1, f[:1], name="Twin"),
    "different": lambda d, f: d.different(1, 2),
    "hide": lambda d, f: d.hide(1),
    "ignore": lambda d, f: d.ignore(1),
    "show_as": lambda d, f: d.show_as(1, "ignored"),
    "birth_date": lambda d, f: d.birth_date(1, date(1990, 5, 1)),
    "cover": lambda d, f: d.cover(1, f[1]),
    "assign": lambda d, f: d.assign([f[3]], 1),
    "assign_new": lambda d, f: d.assign_new([f[3]], "Nell"),
    "confirm": lambda d, f: d.confirm([f[0]]),
    "reject": lambda d, f: d.reject([f[0]]),
    "unassign": lambda d, f: d.unassign([f[0]]),
    "ignore_faces": lambda d, f: d.ignore_faces([f[3]]),
    "name_face": lambda d, f: d.name_face(f[3], name="Nell"),
    "draw_face": lambda d, f: d.draw_face(1, BBox(10, 10, 40, 50), name="Nell"),
    "date_photos": lambda d, f: d.date_photos([1], years_span(1955, 1959)),
}


def test_every_verb_is_tried():
    own = {name for name, value in vars(Decisions).items() if callable(value) and not name.startswith("_")}
    assert own - {"carry_out"} == set(VERBS)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_tried_or_refused_it_changes_nothing_and_undone_nothing_is_left(verb: Verb, gallery: Gallery, faces: list[int]):
    before, quiet = state(gallery), traces(gallery)
    verb(Decisions(gallery, dry_run=True), faces)
    with pytest.raises(ChangedError):
        verb(Decisions(gallery, given=changed), faces)
    assert (state(gallery), traces(gallery)) == (before, quiet)
    verb(Decisions(gallery), faces)
    assert traces(gallery) != quiet
    with gallery.begin() as tx:
        tx.decisions.undo()
    assert state(gallery) == before


def test_a_name_that_somebody_has_is_asked_about_first(gallery: Gallery, faces: list[int]):
    decide = Decisions(gallery)
    decide.name(1, "Ada")
    with pytest.raises(NameTakenError) as taken:
        decide.name(2, " ada ", anyway=False)
    assert taken.value.people == [1]
    decide.name(1, "ADA", anyway=False)  # their own is nobody else's
    decide.name(2, "Ada")
    decide.name(2, "", anyway=False)  # no name is not shared


def test_a_face_gets_the_person_of_the_name_that_was_typed(gallery: Gallery, faces: list[int]):
    decide = Decisions(gallery)
    a, b, c, d = faces

    def who(face: int) -> tuple[int | None, str | None]:
        with gallery.begin(write=False) as tx:
            record = tx.faces.get(face)
        return record.person_id, record.person_name

    decide.name_face(a, name="Ada")
    assert who(b) == (1, "Ada"), "a group without a name gets it as a whole"
    decide.name_face(d, name="ada")
    assert who(d) == (1, "Ada"), "who is known is not made anew"
    decide.name_face(d, person_id=2)
    assert who(d) == (2, None)
    decide.name(2, "Ada")
    with pytest.raises(NameTakenError) as taken:
        decide.name_face(d, name="Ada")
    assert taken.value.people == [1, 2]
    with pytest.raises(NameTakenError):
        decide.draw_face(1, BBox(10, 10, 40, 50), name="Ada")
    with pytest.raises(UsageError):
        decide.name_face(d, name="  ")


def test_a_drawn_face_is_looked_at_by_a_job(gallery: Gallery, faces: list[int]):
    done = Decisions(gallery).draw_face(1, BBox(10, 10, 40, 50))
    with gallery.begin(write=False) as tx:
        assert [j.payload for j in tx.jobs.find(kind=EMBED)] == [{"face_id": done.face_id}]


@pytest.mark.parametrize(
    ("to", "hidden", "ignored"), [("hidden", True, False), ("ignored", False, True), ("shown", False, False)]
)
def test_where_a_person_is_shown(to, hidden: bool, ignored: bool, gallery: Gallery, faces: list[int]):
    Decisions(gallery).show_as(1, to)
    with gallery.begin(write=False) as tx:
        person = tx.people.get(1)
    assert (person.hidden, person.ignored) == (hidden, ignored)


def test_somebody_ignored_is_shown_again_in_one_step(gallery: Gallery, faces: list[int]):
    decide = Decisions(gallery)
    decide.show_as(1, "ignored")
    decide.show_as(1, "shown")
    with gallery.begin(write=False) as tx:
        assert not tx.people.get(1).ignored
