"""The page of all people, over the scanned sample."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from plugin.app import App
from plugin.web.edit_conflicts import person_stamp
from tests.support.narrow import present

HTMX = {"HX-Request": "true"}


def people(app: App) -> list[int]:
    """Ids, as the page orders them."""
    with app.gallery.begin(write=False) as tx:
        return [c.id for c in tx.browse.people("shown")]


def stamp(app: App, person_id: int) -> str:
    with app.gallery.begin(write=False) as tx:
        return person_stamp(tx, person_id)


def told(response, event: str):
    """What a response tells the page."""
    return json.loads(response.headers["HX-Trigger"])[event]


def name(app: App, person_id: int, name: str) -> None:
    app.people.decide(lambda tx: tx.decisions.name(person_id, name))


def links(html: str) -> list[int]:
    return [int(i) for i in re.findall(r'href="/people/(\d+)"', html)]


def test_named_first_with_covers_and_counts(app: App, site: TestClient):
    last = people(app)[-1]
    name(app, last, "<b>Zoë</b>")
    html = site.get("/people").text
    assert links(html) == people(app)
    assert links(html)[0] == last
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in html
    assert "<b>Zoë" not in html
    with app.gallery.begin(write=False) as tx:
        card = tx.browse.cards([last])[0]
    [address] = re.findall(rf'src="(/pictures/face/{card.cover_face_id}\?size=192[^"]*)"', html)
    picture = site.get(address.replace("&amp;", "&"))
    assert picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]  # scrolling back asks for nothing
    assert 'loading="lazy" width="192" height="192"' in html


def test_search_ignores_accents_and_is_a_fragment(app: App, site: TestClient):
    who = people(app)[0]
    name(app, who, "Łukasz Çelik")
    html = site.get("/people/list?q=lukasz cel", headers=HTMX).text
    assert links(html) == [who]
    assert "<html" not in html
    nothing = site.get("/people/list", params={"q": "<nobody>"}, headers=HTMX).text
    assert "Nobody here is called “&lt;nobody&gt;”" in nothing
    assert site.get("/people?q=lukasz").text.count("data-item") == 1  # without htmx, by the form


def test_more_people_come_when_the_end_is_seen(app: App, site: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plugin.web.views.people_list.PEOPLE", 2)
    seen, html = [], site.get("/people").text
    while True:
        seen += links(html)
        more = re.search(r'hx-get="(/people/list[^"]*)" hx-trigger="revealed"', html)
        if more is None:
            break
        html = site.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    assert seen == people(app)


@pytest.mark.parametrize("after", ["x", "1-2", "1-2-x", "1-2-3-4"])
def test_a_place_that_is_none(site: TestClient, after: str):
    assert site.get("/people/list", params={"after": after}).status_code == 400


@pytest.mark.parametrize(("to", "tab"), [("hidden", "hidden"), ("ignored", "ignored")])
def test_hide_and_ignore_and_back(app: App, site: TestClient, to: str, tab: str):
    who = people(app)[0]
    done = site.post("/people/shown", data={"person": who, "stamp": stamp(app, who), "to": to}, headers=HTMX)
    assert done.status_code == 200
    assert told(done, "gone")["people"] == [who]
    assert told(done, "gone")["counts"][f"count-{tab}"] == 1
    assert told(done, "toast")["undo"] is not None
    assert who not in people(app)
    assert links(site.get(f"/people?tab={tab}").text) == [who]
    back = site.post("/people/shown", data={"person": who, "stamp": stamp(app, who), "to": "shown"}, headers=HTMX)
    assert back.status_code == 200
    assert who in people(app)


def test_toast_comes_before_the_button_leaves(app: App, site: TestClient):
    who = people(app)[0]
    done = site.post("/people/shown", data={"person": who, "stamp": stamp(app, who), "to": "hidden"}, headers=HTMX)
    assert list(json.loads(done.headers["HX-Trigger"])) == ["toast", "gone"]


def test_two_tabs_no_change_is_lost(app: App, site: TestClient):
    who = people(app)[0]
    old = stamp(app, who)
    name(app, who, "Ada")  # the other tab, or the command line
    done = site.post("/people/shown", data={"person": who, "stamp": old, "to": "hidden"}, headers=HTMX)
    assert done.status_code == 409
    assert "another window" in told(done, "toast")["text"]
    assert who in people(app)


def test_merge_shows_both_and_keeps_the_named_one(app: App, site: TestClient):
    a, b, c = people(app)[:3]
    name(app, b, "Ada")
    offer = site.get(f"/people/merge?person={a}&person={b}&person={c}", headers=HTMX).text
    assert "Are these 3 the same person?" in offer
    keep = present(re.search(r'name="keep" value="(\d+)" checked', offer))[1]
    form = {
        "person": re.findall(r'name="person" value="(\d+)"', offer),
        "stamp": re.findall(r'name="stamp" value="(\w+)"', offer),
        "keep": keep,
    }
    assert int(keep) == b
    done = site.post("/people/merge", data=form, headers=HTMX)
    assert set(told(done, "gone")["people"]) == {a, c}
    assert f'id="person-{b}"' in done.text
    assert {a, c}.isdisjoint(people(app))
    app.people.decide(lambda tx: tx.decisions.undo(told(done, "toast")["undo"]))
    assert {a, b, c} <= set(people(app))
    again = site.post("/people/merge", data=form, headers=HTMX)  # the same answer from a page that is old by now
    assert again.status_code == 200
    assert site.post("/people/merge", data=form, headers=HTMX).status_code in (404, 409)


@pytest.mark.parametrize("wrong", [{"keep": 999}, {"stamp": ["x"]}, {"person": [1], "stamp": ["x"], "keep": 1}])
def test_a_merge_that_makes_no_sense(app: App, site: TestClient, wrong: dict[str, Any]):
    a, b = people(app)[:2]
    form = {"person": [a, b], "stamp": [stamp(app, a), stamp(app, b)], "keep": a} | wrong
    assert site.post("/people/merge", data=form, headers=HTMX).status_code == 400
    assert {a, b} <= set(people(app))


def test_somebody_is_named_where_they_stand(app: App, site: TestClient):
    first, second = people(app)[:2]
    html = site.get("/people").text
    assert f'hx-post="/people/{first}/named"' in html

    def say(person: int, name: str, **more: str):
        return site.post(
            f"/people/{person}/named", data={"stamp": stamp(app, person), "name": name, **more}, headers=HTMX
        )

    done = say(first, " Ada ")
    assert told(done, "toast")["text"] == "This is Ada."
    assert f'id="person-{first}"' in done.text
    assert "hx-swap-oob" in done.text
    assert "/named" not in done.text, "whoever has a name is renamed on their page"
    asked = say(second, "Ada").text
    assert "Somebody is already called" in asked
    assert f'hx-post="/people/{second}/named"' in asked
    assert app.people.named("Ada") == [first], "nothing happens before the answer"
    say(second, "Ada", anyway="true")
    assert sorted(app.people.named("Ada")) == sorted([first, second])
    assert site.post(f"/people/{first}/named", data={"stamp": "0", "name": "Eve"}, headers=HTMX).status_code == 409


class TestFacesOfNobody:
    @pytest.fixture
    def loose(self, app: App) -> list[int]:
        """Three faces that belong to nobody, and once to Owner."""
        name(app, people(app)[0], "Owner")
        with app.gallery.begin(write=False) as tx:
            faces = [f.id for f in tx.browse.faces(people(app)[0])][:3]
        app.people.decide(lambda tx: tx.decisions.unassign(faces))
        return faces

    def ids(self, faces: list[int]) -> str:
        return ",".join(map(str, faces))

    def owners(self, app: App, faces: list[int]) -> set[int | None]:
        with app.gallery.begin(write=False) as tx:
            return set(tx.faces.person_ids(faces).values())

    def test_they_are_listed_by_pages(self, site: TestClient, loose: list[int], monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("plugin.web.views.people_list.FACES", 1)
        seen, url = [], "/people?tab=nobody"
        while url:
            html = site.get(url).text
            seen += [int(i) for i in re.findall(r'id="face-(\d+)"', html)]
            more = re.search(r'hx-get="(/people/faces[^"]*)"', html)
            url = more[1].replace("&amp;", "&") if more else ""
        assert set(loose) <= set(seen)
        assert len(seen) == len(set(seen))

    def test_the_picker_offers_the_likely_one_first(self, app: App, site: TestClient, loose: list[int]):
        html = site.get(f"/people/chosen/picker?faces={self.ids(loose)}&count=3", headers=HTMX).text
        assert "Who are these 3 faces?" in html
        first = re.search(r"&#34;to&#34;: (\d+)|\"to\": (\d+)", html)
        assert first is not None
        assert app.people.named("Owner") == [int(first[1] or first[2])]

    def test_somebody_known(self, app: App, site: TestClient, loose: list[int]):
        who = people(app)[1]
        done = site.post("/people/chosen/move", data={"faces": self.ids(loose), "to": who}, headers=HTMX)
        assert done.status_code == 200
        assert told(done, "toast")["text"].startswith("3 faces moved to")
        assert self.owners(app, loose) == {who}
        app.people.decide(lambda tx: tx.decisions.undo(told(done, "toast")["undo"]))
        assert self.owners(app, loose) == {None}

    def test_somebody_new_is_one_act(self, app: App, site: TestClient, loose: list[int]):
        done = site.post("/people/chosen/new", data={"faces": self.ids(loose), "name": "Ida"}, headers=HTMX)
        [who] = app.people.named("Ida")
        assert self.owners(app, loose) == {who}
        app.people.decide(lambda tx: tx.decisions.undo(told(done, "toast")["undo"]))
        assert app.people.named("Ida") == []

    def test_ignored_and_put_back(self, app: App, site: TestClient, loose: list[int]):
        assert site.post("/people/chosen/ignore", data={"faces": self.ids(loose)}, headers=HTMX).status_code == 200
        html = site.get("/people?tab=ignored").text
        assert all(f'id="face-{i}"' in html for i in loose)
        assert site.post("/people/chosen/put-back", data={"faces": self.ids(loose)}, headers=HTMX).status_code == 200
        with app.gallery.begin(write=False) as tx:
            assert tx.browse.counts().ignored_faces == 0

    def test_a_face_that_got_a_person_meanwhile(self, app: App, site: TestClient, loose: list[int]):
        one, two = people(app)[:2]
        app.people.decide(lambda tx: tx.decisions.assign(loose[:1], one))
        done = site.post("/people/chosen/move", data={"faces": self.ids(loose), "to": two}, headers=HTMX)
        assert done.status_code == 409
        assert "Nothing was changed: 1 face" in told(done, "toast")["text"]
        assert self.owners(app, loose) == {None, one}

    @pytest.mark.parametrize("faces", ["", "1,", "x", "1;2", "-1"])
    def test_no_faces(self, site: TestClient, faces: str):
        assert site.post("/people/chosen/ignore", data={"faces": faces}, headers=HTMX).status_code == 400


def test_empty_lists_lead_on(app: App, site: TestClient):
    for who in people(app):
        with app.gallery.begin() as tx:
            tx.decisions.hide(who)
    assert 'href="/welcome"' in site.get("/people").text
    with app.gallery.begin(write=False) as tx:
        loose = [f.id for f in tx.browse.loose(limit=500)]
    if loose:
        app.people.decide(lambda tx: tx.decisions.assign(loose, tx.people.find(hidden=None)[0].id))
    assert 'href="/review"' in site.get("/people?tab=nobody").text
    assert "Nothing is ignored" in site.get("/people?tab=ignored").text
