"""The page of clean-ups: what could be done, doing it with the real worker, and taking it back."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from plugin.app import App
from plugin.cleanup.feeder import start
from plugin.cleanup.outcomes import outcomes
from plugin.cleanup.plan import PlanFilter, make_plan
from plugin.cleanup.take_back import left_undecided
from plugin.job_payloads import CLEANUP_ITEM
from tests.support.narrow import present
from tests.support.pages import text_of

from .standing_by import StandingBy, standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture
def service(app: App) -> Iterator[StandingBy]:
    with standing_by(app) as service:
        yield service


def later(response) -> str:
    """What the page that follows says."""
    return json.loads(response.headers["HX-Trigger"])["toast-later"]["text"]


def copies(app: App) -> list[Path]:
    with app.gallery.begin(write=False) as tx:
        return [Path(r.output) for r in tx.restorations.history(states=("done",)) if r.output]


def keep_one(app: App) -> Path:
    """A copy of the latest clean-up, which somebody decides to keep."""
    with app.gallery.begin() as tx:
        kept = left_undecided(tx, outcomes(tx, present(tx.cleanups.latest())))[0]
        tx.decisions.accept_restorations([r.id for r in tx.restorations.with_output(kept.id)])
    return Path(present(kept.output))


def test_it_says_what_could_become_clearer_and_for_whom(site: TestClient, app: App, service: StandingBy):
    assert "Make your whole library clear" in text_of(site.get("/cleanup").text)
    found = text_of(site.get("/cleanup/plan").text)
    n = int(present(re.search(r"([\d,]+) faces? could become clearer", found))[1])
    assert n > 0
    assert "copies need about" in found
    assert "No face here" in text_of(site.get("/cleanup/plan?whom=named").text), "nobody has a name yet"
    with app.gallery.begin(write=False) as tx:
        person = next(f.person_id for f in tx.faces.find() if f.person_id is not None)
    app.people.decide(lambda tx: tx.decisions.name(person, "Ada"))
    assert "Ada" in site.get("/cleanup").text
    for query in ("whom=named", f"whom={person}", "first=1990&last=2020", "first=2200"):
        assert site.get(f"/cleanup/plan?{query}").status_code == 200


@pytest.mark.parametrize("query", ["whom=somebody", "first=2000&last=1990", "first=12", "last=x", "whom=" + "9" * 30])
def test_odd_questions_are_refused_in_words(site: TestClient, query: str):
    assert site.get(f"/cleanup/plan?{query}", headers=HTMX).status_code in (400, 422)


def test_from_the_start_to_taking_all_back(site: TestClient, app: App, service: StandingBy):
    answer = site.post("/cleanup/start", data={"when": "now", "first": 2000, "last": 2000}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/cleanup"
    assert "will be made clearer" in later(answer)
    assert "wake" in service.asked
    assert "Making faces clear" in text_of(site.get("/cleanup").text)
    again = site.post("/cleanup/start", data={"when": "now"}, headers=HTMX)
    assert (again.status_code, "under way" in again.text) == (400, True)
    service.work()
    assert site.get("/cleanup/live", headers=HTMX).headers["HX-Redirect"] == "/cleanup"
    made = copies(app)
    assert len(made) > 1
    page = site.get("/cleanup")
    assert re.search(r"\d+ faces? (is|are) clearer", text_of(page.text))
    assert len(re.findall(r"/pictures/after/\d+", page.text)) == len(made)
    kept = keep_one(app)
    back = site.post("/cleanup/take-back", headers=HTMX)
    assert "All taken back" in later(back)
    assert [p for p in made if p.exists()] == copies(app) == [kept], "what somebody kept is not taken back"
    assert "Take all back" not in text_of(site.get("/cleanup").text)
    assert site.post("/cleanup/take-back", headers=HTMX).status_code == 400
    undo = json.loads(back.headers["HX-Trigger"])["toast-later"]["undo"]
    assert site.post(f"/undo/{undo}", headers=HTMX).status_code == 204
    service.work()
    assert sorted(copies(app)) == sorted(made), "one undo brings all of them back"
    assert all(p.exists() for p in made)


def test_pause_and_stop(site: TestClient, app: App, service: StandingBy):
    with app.gallery.begin(write=False) as tx:
        face = next(f for f in tx.faces.find() if f.person_id is not None)
    with app.gallery.begin() as tx:
        start(tx, [(face.photo_id, [face.id])] * 9)
    assert "Go on" in text_of(site.post("/cleanup/pause", headers=HTMX).text)
    with app.gallery.begin(write=False) as tx:
        assert tx.jobs.paused() == {CLEANUP_ITEM}
    assert "Pause" in text_of(site.post("/cleanup/resume", headers=HTMX).text)
    seen = re.search(r"seen=([0-9a-f]+)", site.get("/cleanup").text)
    assert seen is not None
    assert site.get(f"/cleanup/live?seen={seen[1]}", headers=HTMX).status_code == 204
    assert "Stopped" in later(site.post("/cleanup/stop", headers=HTMX))
    with app.gallery.begin() as tx:
        assert tx.jobs.claim(time.time(), 30) is None
    assert "No face became clearer" in text_of(site.get("/cleanup").text)


def test_it_says_when_nobody_is_at_work(site: TestClient, app: App):
    with app.gallery.begin(write=False) as tx:
        face = next(f for f in tx.faces.find() if f.person_id is not None)
    with app.gallery.begin() as tx:
        start(tx, [(face.photo_id, [face.id])])
    page = site.get("/cleanup").text
    assert "Nobody is at work" in text_of(page)
    assert 'action="/cleanup/resume"' in page, "it can be started there"
    seen = re.search(r"seen=([0-9a-f]+)", page)
    assert seen is not None
    with standing_by(app):
        now = site.get(f"/cleanup/live?seen={seen[1]}", headers=HTMX)
        assert now.status_code == 200, "the page is told that somebody is"
        assert "Nobody is at work" not in text_of(now.text)


def test_at_night_it_waits_for_the_night(site: TestClient, app: App, service: StandingBy):
    assert re.findall(r'name="step" value="(\w+)"', site.get("/cleanup").text) == [
        "damage", "background", "fading", "colour"
    ]  # fmt: skip
    site.post("/cleanup/start", data={"when": "night", "step": ["fading", "damage"]}, headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        run = tx.cleanups.latest()
    assert run is not None
    assert run.options["photo_steps"] == ["damage", "fading", "faces"]
    assert (run.hours, run.idle) == ("22:00-06:00", False)


def test_a_person_is_offered_what_could_be_made_clear_and_it_is_done(site: TestClient, app: App, service: StandingBy):
    with app.gallery.begin(write=False) as tx:
        faces = tx.faces.find()
    plan = make_plan(app, PlanFilter())
    who = next(c.face.person_id for c in plan.items if c.face.person_id is not None)
    theirs = [c for c in plan.items if c.face.person_id == who]
    other = next(f.person_id for f in faces if f.person_id not in {c.face.person_id for c in plan.items} | {None})

    page = site.get(f"/people/{who}").text
    marked = {int(m) for m in re.findall(r'id="face-(\d+)"(?:(?!</li>).)*?blurred-mark', page, re.DOTALL)}
    assert {c.face.id for c in theirs} <= marked < {f.id for f in faces}
    assert f"/cleanup/of/{who}" in page
    offer = site.get(f"/cleanup/of/{who}", headers=HTMX).text
    photos = len({c.face.photo_id for c in theirs})
    assert f"{photos} blurred photo" in text_of(offer)
    assert site.get(f"/cleanup/of/{other}", headers=HTMX).text.strip() == ""

    assert site.post("/cleanup/start", data={"when": "now", "whom": who}, headers=HTMX).status_code == 204
    assert "under way" in text_of(site.get(f"/cleanup/of/{who}", headers=HTMX).text)
    service.work()
    with app.gallery.begin(write=False) as tx:
        made = tx.restorations.history()
    assert {r.face_id for r in made} == {c.face.id for c in theirs}
