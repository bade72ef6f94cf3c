"""Two windows, two programs: nobody's change is lost."""

import threading

import pytest
from starlette.testclient import TestClient

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, FaceFilter
from plugin.app import App
from plugin.web.context import Web
from plugin.web.edit_conflicts import Conflict, check, faces_stamp, person_stamp
from plugin.web.site import make_site
from tests.plugin.web.conftest import HERE
from tests.support.library import Cli


def first(app: App) -> int:
    with app.gallery.begin(write=False) as tx:
        return tx.people.find()[0].id


def stamp_of(app: App, person_id: int) -> str:
    with app.gallery.begin(write=False) as tx:
        return person_stamp(tx, person_id)


def name(app: App, person_id: int, stamp: str, to: str) -> DecisionRecord:
    """As a page names somebody."""

    def verb(tx: Tx) -> DecisionRecord:
        check(stamp, person_stamp(tx, person_id), "this person")
        return tx.decisions.name(person_id, to)

    return app.people.decide(verb)


@pytest.mark.parametrize(
    "change",
    [
        lambda d, i: d.name(i, "Anna"),
        lambda d, i: d.hide(i),
        lambda d, i: d.ignore(i),
        lambda d, i: d.cover(i, None) and d.name(i, "x"),
    ],
)
def test_a_stamp_follows_what_was_decided_about_a_person(app: App, change):
    who = first(app)
    before = stamp_of(app, who)
    assert before == stamp_of(app, who)
    app.people.decide(lambda tx: change(tx.decisions, who))
    assert stamp_of(app, who) != before
    app.people.decide(lambda tx: tx.decisions.undo())
    assert stamp_of(app, who) == before


def test_a_person_that_was_merged_away_is_not_found_and_the_heir_is_named(app: App):
    with app.gallery.begin(write=False) as tx:
        keep, gone = (p.id for p in tx.people.find()[:2])
    app.people.decide(lambda tx: tx.decisions.merge(keep, [gone]))
    with pytest.raises(UnknownIdError, match=f"merged into person {keep}"):
        stamp_of(app, gone)


def test_faces_have_a_stamp_of_whose_they_are(app: App):
    with app.gallery.begin(write=False) as tx:
        faces = [f.id for f in tx.faces.find(FaceFilter(assigned=True, limit=3))]
        before = faces_stamp(tx, faces)
        assert before == faces_stamp(tx, [*reversed(faces), faces[0]])
        assert before != faces_stamp(tx, faces[:2])
    app.people.decide(lambda tx: tx.decisions.confirm(faces[:1]))
    with app.gallery.begin(write=False) as tx:
        assert faces_stamp(tx, faces) != before


def test_of_two_writers_that_saw_the_same_one_is_told(app: App):
    who = first(app)
    seen = stamp_of(app, who)
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def write(number: int) -> None:
        start.wait()
        try:
            name(app, who, seen, f"Name {number}")
            outcomes.append("done")
        except Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["told"] * 7
    with app.gallery.begin(write=False) as tx:
        assert len(tx.decisions.history()) == 1


def test_the_command_line_and_a_window_at_once(app: App, cli: Cli):
    who = first(app)
    seen = stamp_of(app, who)
    cli("people", "name", who, "From the terminal")
    with pytest.raises(Conflict, match="another window"):
        name(app, who, seen, "From the page")
    with app.gallery.begin(write=False) as tx:
        assert tx.people.get(who).name == "From the terminal"


def test_a_conflict_is_said_and_the_page_is_shown_as_it_is_now(web: Web):
    site = make_site(web)

    @site.get("/conflict")
    def conflict() -> None:
        check("seen", "now", "this person")

    with TestClient(site, base_url=HERE) as client:
        client.cookies.set(web.sessions.cookie, web.sessions.redeem(web.sessions.ticket()) or "")
        said_so = client.get("/conflict", headers={"HX-Request": "true"})
        assert said_so.status_code == 409
        assert '"reload"' in said_so.headers["HX-Trigger"]
        assert "Somebody changed this person in another window" in said_so.headers["HX-Trigger"]
        whole = client.get("/conflict", headers={"Accept": "text/html"})
        assert whole.status_code == 409
        assert "Somebody changed this person in another window" in whole.text
