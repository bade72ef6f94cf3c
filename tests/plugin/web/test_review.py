"""The review page over a real gallery: questions, answers, undo, other windows."""

import re
from datetime import date, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from gallery_db.records import Asked, FaceRecord, QuestionKind
from iconface_core.types import BBox
from plugin.app import App
from plugin.web.views.asking import view
from tests.gallery_db.factories import found
from tests.support.pages import toast

HTMX = {"HX-Request": "true"}


@pytest.fixture
def people(app: App) -> dict[int, list[FaceRecord]]:
    """The six people of the sample with their faces, largest id last."""
    with app.gallery.begin(write=False) as tx:
        faces = [f for f in tx.faces.find() if f.person_id is not None]
    out: dict[int, list[FaceRecord]] = {}
    for f in faces:
        out.setdefault(f.person_id or 0, []).append(f)
    return out


def ask(app: App, *asked: Asked) -> int:
    """Only these questions are open; returns the id of the first."""
    with app.gallery.begin() as tx:
        tx.questions.keep(asked)
        for q in tx.questions.open():
            if q.kind == "who":
                tx.questions.put_off(q.id)
        return tx.questions.open()[0].id


def free(app: App, *faces: int) -> None:
    with app.gallery.begin() as tx:
        tx.decisions.unassign(faces)


def left(app: App, kind: QuestionKind | None = None) -> int:
    with app.gallery.begin(write=False) as tx:
        return len(tx.questions.open(kind=kind))


def face(app: App, face_id: int) -> FaceRecord:
    with app.gallery.begin(write=False) as tx:
        return tx.faces.get(face_id)


def form(html: str, **values: object) -> dict[str, object]:
    stamp = re.search(r'name="stamp" value="([^"]+)"', html)
    assert stamp is not None
    return {"stamp": stamp[1], **values}


def number(html: str) -> int:
    found = re.search(r'action="/review/(\d+)"', html)
    assert found is not None
    return int(found[1])


def test_the_first_question_is_about_the_largest_person_without_a_name(site: TestClient, app: App):
    html = site.get("/review").text
    assert "<h1" in html
    assert "Who is this?" in html
    with app.gallery.begin(write=False) as tx:
        first = tx.questions.open()[0]
        sizes = [p.faces for p in tx.people.find()]
    assert (first.id, first.gain) == (number(html), max(sizes))
    assert "6 questions left" in html
    assert 'class="box"' in html, "the face is marked in its photo"


def test_a_name_is_given_and_taken_back(site: TestClient, app: App):
    html = site.get("/review").text
    n = number(html)
    answered = site.post(f"/review/{n}", data=form(html, answer="name", name=" Ada "), headers=HTMX)
    assert "5 questions left" in answered.text
    assert number(answered.text) != n
    told = toast(answered)
    assert told["text"] == "This is Ada."
    undone = site.post(f"/undo/{told['undo']}", headers=HTMX)
    assert undone.status_code == 204
    assert "reload" in undone.headers["HX-Trigger"]
    assert number(site.get("/review").text) == n, "the question is back"


def test_an_existing_name_offers_to_put_the_two_together(
    site: TestClient, app: App, people: dict[int, list[FaceRecord]]
):
    first, second = [q.person_id for q in _open(app)[:2]]
    with app.gallery.begin() as tx:
        tx.decisions.name(second, "Ada")
    html = site.get("/review").text
    offered = site.post(f"/review/{number(html)}", data=form(html, answer="name", name="ada"), headers=HTMX).text
    assert "ada is known already" in offered
    assert f'name="who" value="{second}"' in offered
    with app.gallery.begin(write=False) as tx:
        assert tx.people.get(first).name is None, "nothing was decided yet"
    data = form(offered, answer="same", who=second, name="Ada")
    assert site.post(f"/review/{number(offered)}", data=data, headers=HTMX).status_code == 200
    with app.gallery.begin(write=False) as tx:
        assert tx.people.summary(second).faces == len(people[first]) + len(people[second])


def test_another_person_of_the_same_name_is_somebody_new(site: TestClient, app: App):
    first, second = [q.person_id for q in _open(app)[:2]]
    with app.gallery.begin() as tx:
        tx.decisions.name(second, "Ada")
    html = site.get("/review").text
    site.post(f"/review/{number(html)}", data=form(html, answer="new", name="Ada"), headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        assert {p.id for p in tx.people.by_name("Ada")} == {first, second}


@pytest.mark.parametrize("answer", ["yes", "no", "ignore"])
def test_is_this_them(site: TestClient, app: App, people: dict[int, list[FaceRecord]], answer: str):
    who, faces = next(iter(people.items()))
    with app.gallery.begin() as tx:
        tx.decisions.name(who, "Ada")
        tx.decisions.birth_date(who, date(1970, 1, 1))
    free(app, faces[0].id)
    n = ask(app, Asked("join", (faces[0].id,), who, evidence=0.4))
    html = site.get("/review").text
    assert "Is this Ada?" in html
    assert "years old" in html
    assert "About 60 in a hundred" in html
    done = site.post(f"/review/{n}", data=form(html, answer=answer), headers=HTMX)
    assert "All done" in done.text
    now = face(app, faces[0].id)
    assert (now.person_id, now.confirmed, now.state) == {
        "yes": (who, True, "ok"),
        "no": (None, False, "ok"),
        "ignore": (None, False, "ignored"),
    }[answer]
    assert (
        toast(done)["text"]
        == {
            "yes": "Yes, this is Ada.",
            "no": "No, this is not Ada. This is remembered.",
            "ignore": "Left out from now on.",
        }[answer]
    )
    site.post(f"/undo/{toast(done)['undo']}", headers=HTMX)
    assert left(app) == 1


def test_somebody_else_than_asked(site: TestClient, app: App, people: dict[int, list[FaceRecord]]):
    (who, faces), (other, _), *_ = people.items()
    with app.gallery.begin() as tx:
        tx.decisions.name(other, "Bob")
    free(app, faces[0].id)
    n = ask(app, Asked("join", (faces[0].id,), who, evidence=0.4))
    html = site.get("/review").text
    site.post(f"/review/{n}", data=form(html, answer="name", name="bob"), headers=HTMX)
    assert face(app, faces[0].id).person_id == other


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_same_person(site: TestClient, app: App, people: dict[int, list[FaceRecord]], answer: str):
    small, large = sorted(people, key=lambda p: len(people[p]))[::5]
    with app.gallery.begin() as tx:
        tx.decisions.name(small, "Ada")
    n = ask(app, Asked("merge", (), large, small, 0.4, 5))
    html = site.get("/review").text
    assert "Is this Ada?" in html
    done = site.post(f"/review/{n}", data=form(html, answer=answer), headers=HTMX)
    words = "Yes, one person: Ada." if answer == "yes" else "No, this is not Ada. This is remembered."
    assert toast(done)["text"] == words
    with app.gallery.begin(write=False) as tx:
        assert len(tx.people.find()) == (5 if answer == "yes" else 6)
        assert tx.people.get(small).name == "Ada", "the named one stays"
        assert bool(tx.people.different()) == (answer == "no")
    assert left(app) == 0


@pytest.mark.parametrize("answer", ["first", "second", "neither"])
def test_twins_in_one_photo(site: TestClient, app: App, people: dict[int, list[FaceRecord]], answer: str):
    """Two faces of one photo that may both be one person: one answer settles both."""
    (who, _), (_, [stranger, *_]), *_ = people.items()
    with app.gallery.begin() as tx:  # beside the stranger in the photo
        left_face, right_face = (
            tx.decisions.add_face(stranger.photo_id, BBox(x, 2, x + 9, 12)).face_id or 0 for x in (2, 12)
        )
    ask(app, Asked("join", (left_face,), who, evidence=0.4), Asked("join", (right_face,), who, evidence=0.3))
    assert left(app, "twins") == 1
    html = site.get("/review").text
    assert "Which one is this person?" in html
    assert html.count('class="box"') == 2
    done = site.post(f"/review/{number(html)}", data=form(html, answer=answer), headers=HTMX)
    which = {"first": "The left one", "second": "The right one", "neither": "Neither of the two"}[answer]
    assert toast(done)["text"] == f"{which} is this person."
    got = [face(app, f).person_id == who for f in (left_face, right_face)]
    assert got == [answer == "first", answer == "second"]
    assert left(app) == 0


def test_not_sure_is_put_off_and_taken_back(site: TestClient, app: App):
    html = site.get("/review").text
    n = number(html)
    done = site.post(f"/review/{n}", data=form(html, answer="not-sure"), headers=HTMX)
    assert number(done.text) != n
    assert "5 questions left" in done.text
    undo = toast(done)["undo"]
    assert site.post(f"/undo/{undo}", headers=HTMX).status_code == 204
    assert number(site.get("/review").text) == n


def test_an_answer_to_what_was_answered_elsewhere_changes_nothing(site: TestClient, app: App):
    """Two windows show one question; the second answer comes too late."""
    html = site.get("/review").text
    n = number(html)
    site.post(f"/review/{n}", data=form(html, answer="name", name="Ada"), headers=HTMX)
    late = site.post(f"/review/{n}", data=form(html, answer="name", name="Bob"), headers=HTMX)
    assert late.status_code == 409
    assert "answered in another window" in toast(late)["text"]
    assert "reload" in late.headers["HX-Trigger"], "the page goes on to the next question"
    late = site.post(f"/review/{n}", data=form(html, answer="not-sure"), headers=HTMX)
    assert late.status_code == 409
    with app.gallery.begin(write=False) as tx:
        assert [p.name for p in tx.people.find(named=True)] == ["Ada"]


def test_an_answer_about_somebody_renamed_meanwhile_is_refused(
    site: TestClient, app: App, people: dict[int, list[FaceRecord]]
):
    who, faces = next(iter(people.items()))
    free(app, faces[0].id)
    n = ask(app, Asked("join", (faces[0].id,), who, evidence=0.4))
    html = site.get("/review").text
    with app.gallery.begin() as tx:
        tx.decisions.name(who, "Ada")
    assert site.post(f"/review/{n}", data=form(html, answer="yes"), headers=HTMX).status_code == 409
    assert face(app, faces[0].id).person_id is None


def test_questions_of_a_kind_or_about_one_person(site: TestClient, app: App):
    questions = _open(app)
    html = site.get("/review", params={"person": questions[3].person_id}).text
    assert number(html) == questions[3].id
    assert "1 question left" in html
    assert "About somebody without a name" in html
    done = site.post(
        f"/review/{questions[3].id}", data=form(html, answer="ignore", person=questions[3].person_id), headers=HTMX
    )
    assert "nothing left to ask" in done.text
    assert "no more questions of this kind" in site.get("/review", params={"kind": "merge"}).text
    assert site.get("/review", params={"person": 999}).status_code == 404


def test_names_are_completed(site: TestClient, app: App):
    with app.gallery.begin() as tx:
        tx.decisions.name(_open(app)[0].person_id, "Zoë <b>")
    got = site.get("/review/names", params={"name": "zoe"}).text
    assert 'data-name="Zoë &lt;b&gt;"' in got
    assert site.get("/review/names", params={"name": " "}).text.strip() == ""


def test_without_scripts_an_answer_leads_to_the_next_question(site: TestClient):
    html = site.get("/review").text
    answered = site.post(f"/review/{number(html)}", data=form(html, answer="ignore"))
    assert (answered.status_code, answered.headers["location"]) == (303, "/review")


@pytest.mark.parametrize("data", [{"answer": "explode"}, {"answer": "yes"}, {"answer": "name", "name": " "}])
def test_answers_that_do_not_fit_are_refused_in_words(site: TestClient, app: App, data: dict[str, Any]):
    html = site.get("/review").text
    assert site.post(f"/review/{number(html)}", data=form(html, **data), headers=HTMX).status_code == 400
    assert left(app) == 6


def test_when_all_is_answered_it_says_what_is_next(site: TestClient, app: App):
    with app.gallery.begin() as tx:
        for q in tx.questions.open():
            tx.questions.put_off(q.id)
    html = site.get("/review").text
    assert "All done" in html
    assert 'href="/people"' in html


def test_years_between_two_times_of_a_life_are_said(app: App, people: dict[int, list[FaceRecord]]):
    who = next(iter(people))
    with app.gallery.begin() as tx:
        made = tx.photos.upsert("/old.jpg", "old", width=100, height=100, captured_at=datetime(1950, 1, 1))
        old = tx.faces.replace_for_photo(made.id, [found()]).stored[0]
        young = tx.decisions.assign_new([old.id]).person_id
        tx.questions.keep([Asked("merge", (), who, young, 0.4, 100)])
        shown = view(tx, tx.questions.open(kind="merge")[0])
    assert "49 years lie between" in shown.lead
    assert shown.person is not None
    assert shown.other is not None
    assert (shown.person.years, shown.other.years) == ("1999 to 2003", "1950")


def _open(app: App):
    with app.gallery.begin(write=False) as tx:
        return tx.questions.open()
