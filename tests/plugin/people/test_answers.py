"""What an answer decides, without a page: the question, then whose the faces are."""

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import Asked
from plugin.errors import UnknownIdError, UsageError
from plugin.people.answers import answer_question
from plugin.people.decisions import NameTakenError
from plugin.people.questions import ask_again, open_questions, put_off
from tests.gallery_db.factories import put


class ChangedError(Exception):
    """What a front end raises when somebody was quicker."""


def changed(tx: Tx) -> None:
    raise ChangedError


@pytest.fixture
def question(gallery: Gallery) -> int:
    """Is face 3 person 1? Person 1 is Ada, person 2 has no name."""
    with gallery.begin() as tx:
        (a, b), [c] = put(tx, "a.jpg", 1, 2), put(tx, "b.jpg", 3)
        tx.decisions.assign_new([a], "Ada")
        tx.decisions.assign_new([b], None)
        tx.questions.keep([Asked("join", (c,), 1, evidence=0.5)])
        [join] = tx.questions.open(kind="join")
        return join.id


def person_of(gallery: Gallery, face_id: int) -> int | None:
    with gallery.begin(write=False) as tx:
        return tx.faces.get(face_id).person_id


def test_yes_and_no(gallery: Gallery, question: int):
    answer_question(gallery, question, "yes")
    assert person_of(gallery, 3) == 1
    with pytest.raises(UnknownIdError, match=f"no open question with id {question}"):
        answer_question(gallery, question, "no")


def test_an_answer_that_does_not_fit_changes_nothing(gallery: Gallery, question: int):
    with pytest.raises(UsageError):
        answer_question(gallery, question, "both")
    with pytest.raises(UsageError):
        answer_question(gallery, question, "name", name="  ")
    with pytest.raises(ChangedError):
        answer_question(gallery, question, "yes", given=changed)
    assert person_of(gallery, 3) is None


def test_the_name_of_one_is_them_that_of_two_is_asked_about(gallery: Gallery, question: int):
    with gallery.begin() as tx:
        tx.decisions.name(2, "Nell")
        tx.decisions.create_person("Nell")
    with pytest.raises(NameTakenError) as taken:
        answer_question(gallery, question, "name", name="nell")
    assert taken.value.people == [2, 3]
    answer_question(gallery, question, "same", name="nell", who=2)
    assert person_of(gallery, 3) == 2


def test_put_off_until_it_is_asked_again(gallery: Gallery, question: int):
    asked = open_questions(gallery, limit=9)
    with pytest.raises(ChangedError):
        put_off(gallery, question, given=changed)
    assert open_questions(gallery, limit=9) == asked
    assert put_off(gallery, question) > 0
    rows, n = open_questions(gallery, limit=9)
    assert question not in {r["question_id"] for r in rows}
    assert n == asked[1] - 1
    ask_again(gallery, question)
    assert open_questions(gallery, limit=9) == asked
