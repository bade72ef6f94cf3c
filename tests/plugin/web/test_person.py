"""The page of one person, over the scanned sample."""

import json
import re
from datetime import date

import pytest
from starlette.testclient import TestClient

from gallery_db.browse.repository import FaceCard
from plugin.app import App
from plugin.web.words.people import period_words
from tests.support.narrow import present

from .test_people import HTMX, name, people, stamp, told


@pytest.fixture
def who(app: App) -> int:
    """The person with most photos, called Ada."""
    name(app, people(app)[0], "Ada")
    return people(app)[0]


def faces(app: App, person_id: int) -> list[FaceCard]:
    with app.gallery.begin(write=False) as tx:
        return tx.browse.faces(person_id, limit=500)


def undo(app: App, response) -> None:
    app.people.decide(lambda tx: tx.decisions.undo(told(response, "toast")["undo"]))


def date_faces(app: App, ids: list[int], when: list[str | None]) -> None:
    with app.gallery.begin() as tx:
        query = "UPDATE photo SET captured_at = ? WHERE id = (SELECT photo_id FROM face WHERE id = ?)"
        tx.meta._c.exec_driver_sql(query, list(zip(when, ids, strict=True)))


def headings_in(html: str) -> list[str]:
    return re.findall(r'title="Choose all of (.*?)"', html)


class TestTimeline:
    def test_by_date_with_ages_every_face_once(
        self, app: App, site: TestClient, who: int, monkeypatch: pytest.MonkeyPatch
    ):
        ids = [f.id for f in faces(app, who)][:4]
        date_faces(app, ids, ["2003-05-02T10:00:00", "2003-06-01T10:00:00", "1999-01-01T00:00:00", None])
        app.people.decide(lambda tx: tx.decisions.birth_date(who, date(1990, 5, 3)))
        html = site.get(f"/people/{who}").text
        assert [int(i) for i in re.findall(r'id="face-(\d+)"', html)] == [f.id for f in faces(app, who)]
        assert "12 years old" in html  # the day before the birthday
        assert "13 years old" in html
        assert "born 3 May 1990" in html
        monkeypatch.setattr("plugin.web.views.person_view.FACES", 1)
        seen, headings, html = [], [], site.get(f"/people/{who}").text
        while True:
            seen += [int(i) for i in re.findall(r'id="face-(\d+)"', html)]
            headings += headings_in(html)
            more = re.search(r'hx-get="(/people/\d+/faces[^"]*)"', html)
            if more is None:
                break
            html = site.get(more[1].replace("&amp;", "&"), headers=HTMX).text
        assert seen == [f.id for f in faces(app, who)]
        assert len(headings) == len(set(headings))  # a group that goes on has no second heading
        assert headings[-1] == "Without a date"

    def test_years_with_many_faces_are_shown_by_months(
        self, app: App, site: TestClient, who: int, monkeypatch: pytest.MonkeyPatch
    ):
        ids = [f.id for f in faces(app, who)]
        date_faces(app, ids, [f"2003-0{1 + n % 3}-01T00:00:00" for n in range(len(ids))])
        assert headings_in(site.get(f"/people/{who}").text) == ["2003"]
        assert sorted(site.get(f"/people/{who}/periods/2003").json()) == sorted(ids)
        monkeypatch.setattr("plugin.web.views.person_view.FACES_OF_A_YEAR", 2)
        shown = headings_in(site.get(f"/people/{who}").text)
        assert shown == ["March 2003", "February 2003", "January 2003"]
        assert set(site.get(f"/people/{who}/periods/2003-01").json()) == set(ids[::3])

    def test_oldest_first(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        date_faces(app, ids, [f"{1990 + n}-01-01T00:00:00" for n in range(len(ids))])
        html = site.get(f"/people/{who}?order=oldest").text
        assert [int(i) for i in re.findall(r'id="face-(\d+)"', html)] == ids

    def test_a_life_line_with_ages(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        date_faces(
            app, ids, ["1999-05-01T00:00:00", "1999-06-01T00:00:00", "2003-06-01T00:00:00"] + [None] * (len(ids) - 3)
        )

        def line() -> list[tuple[str, ...]]:
            found = re.search(r'<div class="life-strip".*?</section>', site.get(f"/people/{who}").text, re.DOTALL)
            tile = r'life-face gap-(\d)" data-item="(\d+)">(?:\s*<span class="life-year">(\d+))?.*?tile-note">([^<]*)'
            return re.findall(tile, present(found)[0], re.DOTALL)

        guessed = line()
        assert [(gap, year) for gap, _id, year, _age in guessed] == [("0", "1999"), ("3", "2003")] + [("0", "")] * min(
            6, len(ids) - 3
        )
        assert len({face for _gap, face, _year, _age in guessed}) == len(guessed)
        assert all(re.fullmatch(r"about \d+|looks about .*|a baby", age) for *_, age in guessed)
        app.people.decide(lambda tx: tx.decisions.birth_date(who, date(1990, 5, 3)))
        assert [age for *_, age in line()][:2] == ["8 years old", "13 years old"]
        date_faces(app, ids, ["1999-05-01T00:00:00"] * len(ids))
        assert "life-strip" not in site.get(f"/people/{who}").text, "one year is no line"

    def test_words(self):
        assert period_words("2019-05") == "May 2019"
        assert period_words("2019") == "2019"
        assert period_words("2019-99") == "2019"  # a camera wrote nonsense
        assert period_words("undated") == "Without a date"


class TestName:
    def post(self, site: TestClient, who: int, stamp: str, name: str, **more: str):
        return site.post(f"/people/{who}/name", data={"stamp": stamp, "name": name, **more}, headers=HTMX)

    def test_in_place(self, app: App, site: TestClient, who: int):
        done = self.post(site, who, stamp(app, who), "  Ada Lovelace ")
        assert told(done, "toast")["text"] == "This is Ada Lovelace."
        assert 'id="person-head"' in done.text
        assert 'hx-swap-oob="true"' in done.text
        assert app.people.named("ada lovelace") == [who]
        undo(app, done)
        assert app.people.named("Ada") == [who]

    def test_an_existing_name_offers_a_merge_with_both_covers(self, app: App, site: TestClient, who: int):
        other = people(app)[1]
        offer = self.post(site, other, stamp(app, other), "ADA").text
        assert "Somebody is already called" in offer
        with app.gallery.begin(write=False) as tx:
            for card in tx.browse.cards([who, other]):
                assert f"/pictures/face/{card.cover_face_id}?size=384" in offer
        assert app.people.named("Ada") == [who]
        form = {
            "person": re.findall(r'name="person" value="(\d+)"', offer),
            "stamp": re.findall(r'name="stamp" value="(\w+)"', offer),
            "keep": who,
        }
        done = site.post(f"/people/{other}/merge", data=form, headers=HTMX)
        assert done.headers["HX-Redirect"] == f"/people/{who}"
        assert other not in people(app)
        assert site.get(f"/people/{other}").headers["location"] == f"/people/{who}"  # an old bookmark

    def test_two_people_of_one_name(self, app: App, site: TestClient, who: int):
        other = people(app)[1]
        done = self.post(site, other, stamp(app, other), "Ada", anyway="true")
        assert done.status_code == 200
        assert app.people.named("Ada") == sorted([who, other])

    def test_while_typing(self, app: App, site: TestClient, who: int):
        other = people(app)[1]
        assert f"/people/{other}/merge/{who}" in site.get(f"/people/{other}/names?name=ad", headers=HTMX).text
        assert "merge" not in site.get(f"/people/{other}/names?name=", headers=HTMX).text

    def test_two_tabs(self, app: App, site: TestClient, who: int):
        old = stamp(app, who)
        name(app, who, "Grete")
        done = self.post(site, who, old, "Ida")
        assert done.status_code == 409
        assert app.people.named("Grete") == [who]


class TestFacts:
    def test_birth_date(self, app: App, site: TestClient, who: int):
        data = {"stamp": stamp(app, who), "born": "1954-03-21"}
        done = site.post(f"/people/{who}/birth-date", data=data, headers=HTMX)
        assert "reload" in json.loads(done.headers["HX-Trigger"])
        assert app.people.row(who)["birth_date"] == "1954-03-21"
        data = {"stamp": stamp(app, who), "born": "yesterday"}
        assert site.post(f"/people/{who}/birth-date", data=data, headers=HTMX).status_code == 400
        data = {"stamp": stamp(app, who), "born": ""}
        site.post(f"/people/{who}/birth-date", data=data, headers=HTMX)
        assert app.people.row(who)["birth_date"] is None

    def test_cover(self, app: App, site: TestClient, who: int):
        worst = faces(app, who)[-1].id
        done = site.post(f"/people/{who}/cover", data={"stamp": stamp(app, who), "faces": worst}, headers=HTMX)
        assert f"/pictures/face/{worst}?size=384" in done.text
        with app.gallery.begin(write=False) as tx:
            stranger = tx.browse.faces(people(app)[1])[0].id
        data = {"stamp": stamp(app, who), "faces": stranger}
        assert site.post(f"/people/{who}/cover", data=data, headers=HTMX).status_code == 409

    def test_hidden(self, app: App, site: TestClient, who: int):
        done = site.post(f"/people/{who}/shown", data={"stamp": stamp(app, who), "to": "hidden"}, headers=HTMX)
        assert ">Hidden<" in done.text
        assert app.people.row(who)["hidden"]

    def test_nobody(self, site: TestClient):
        assert site.get("/people/99999").status_code == 404
        assert site.get(f"/people/{10**30}").status_code == 404


class TestChosenFaces:
    def post(self, site: TestClient, act: str, ids: list[int], of: int, **more: object):
        data = {"faces": ",".join(map(str, ids)), "of": of, **more}
        return site.post(f"/people/chosen/{act}", data=data, headers=HTMX)

    def test_split_into_somebody_new(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        done = self.post(site, "new", ids[:2], who, name="Ida")
        assert [f.id for f in faces(app, who)] == ids[2:]
        [ida] = app.people.named("Ida")
        with app.gallery.begin(write=False) as tx:
            assert tx.people.different() == {tuple(sorted((who, ida)))}
        undo(app, done)
        assert [f.id for f in faces(app, who)] == ids

    def test_moved_to_another_with_the_numbers_that_are_left(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        date_faces(app, ids, ["2003-01-01T00:00:00"] * len(ids))
        other = people(app)[1]
        done = self.post(site, "move", ids[:1], who, to=other)
        assert told(done, "toast")["text"].startswith("1 face moved to")
        assert told(done, "gone")["counts"] == {"count-2003": len(ids) - 1}
        assert ids[0] in [f.id for f in faces(app, other)]

    def test_not_this_person_is_remembered(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        done = self.post(site, "not", ids[:1], who)
        assert told(done, "toast")["text"] == "1 face is not Ada. This is remembered."
        with app.gallery.begin(write=False) as tx:
            assert (ids[0], who) in tx.faces.rejections()
        assert ids[0] not in re.findall(r"similar/(\d+)", site.get(f"/people/{who}/similar", headers=HTMX).text)

    def test_all_of_them_lead_back_to_the_people(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        assert self.post(site, "not", ids, who).headers["HX-Redirect"] == "/people"

    def test_a_conflict_changes_nothing(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        app.people.decide(lambda tx: tx.decisions.unassign(ids[:1]))
        for act, more in (("not", {}), ("ignore", {}), ("new", {"name": "X"}), ("move", {"to": people(app)[1]})):
            done = self.post(site, act, ids, who, **more)
            assert done.status_code == 409, act
            assert "reload" in json.loads(done.headers["HX-Trigger"])
        assert [f.id for f in faces(app, who)] == ids[1:]


class TestSimilar:
    @pytest.fixture
    def loose(self, app: App, who: int) -> int:
        """A face of Ada's that belongs to nobody now."""
        best = max(faces(app, who), key=lambda f: f.quality or 0.0)
        app.people.decide(lambda tx: tx.decisions.unassign([best.id]))
        return best.id

    def asked(self, site: TestClient, who: int, but: str = "") -> int | None:
        found = re.search(r"/similar/(\d+)", site.get(f"/people/{who}/similar?but={but}", headers=HTMX).text)
        return int(found[1]) if found else None

    def test_yes(self, app: App, site: TestClient, who: int, loose: int):
        assert self.asked(site, who) == loose
        done = site.post(f"/people/{who}/similar/{loose}", data={"answer": "yes"}, headers=HTMX)
        assert told(done, "toast")["text"] == "Yes: one more of Ada."
        assert loose in [f.id for f in faces(app, who)]
        undo(app, done)
        assert self.asked(site, who) == loose

    def test_no_never_comes_back(self, app: App, site: TestClient, who: int, loose: int):
        done = site.post(f"/people/{who}/similar/{loose}", data={"answer": "no"}, headers=HTMX)
        assert told(done, "toast")["undo"] is not None
        assert self.asked(site, who) != loose

    def test_not_sure_is_left_for_now(self, site: TestClient, who: int, loose: int):
        assert self.asked(site, who, but=str(loose)) != loose
        assert self.asked(site, who) == loose

    def test_somebody_else_answered(self, app: App, site: TestClient, who: int, loose: int):
        app.people.decide(lambda tx: tx.decisions.assign([loose], people(app)[1]))
        done = site.post(f"/people/{who}/similar/{loose}", data={"answer": "yes"}, headers=HTMX)
        assert done.status_code == 409


def test_merge_picker_says_who_is_beside_whom(app: App, site: TestClient, who: int):
    html = site.get(f"/people/{who}/picker", headers=HTMX).text
    others = {int(i) for i in re.findall(rf"/people/{who}/merge/(\d+)", html)}
    assert others
    assert who not in others
    name(app, next(iter(others)), "Bert")
    found = site.get(f"/people/{who}/picker?q=bert", headers=HTMX).text
    assert re.findall(r"/merge/(\d+)", found) == [str(next(iter(others)))]


def test_best_photos_have_reasons_in_words(app: App, site: TestClient, who: int):
    html = site.get(f"/people/{who}/best", headers=HTMX).text
    assert "Best photos to restore from" in html
    assert re.search(r"quality \d\.\d\d", html)  # the number is in a detail
    shown = {int(i) for i in re.findall(r"/pictures/face/(\d+)", html)}
    assert shown
    assert shown <= {f.id for f in faces(app, who)}


class TestForget:
    def test_the_name_has_to_be_typed(self, app: App, site: TestClient, who: int):
        asked = site.get(f"/people/{who}/forget", headers=HTMX).text
        assert "Ada" in asked
        done = site.post(f"/people/{who}/forget", data={"stamp": stamp(app, who), "name": "Adam"}, headers=HTMX)
        assert done.status_code == 400
        assert who in people(app)

    def test_for_ever(self, app: App, site: TestClient, who: int):
        ids = [f.id for f in faces(app, who)]
        done = site.post(f"/people/{who}/forget", data={"stamp": stamp(app, who), "name": " ada "}, headers=HTMX)
        assert done.headers["HX-Redirect"] == "/people"
        with app.gallery.begin(write=False) as tx:
            assert {f.state for f in tx.faces.by_ids(ids)} == {"forgotten"}
            assert all(tx.faces.embedding(i, app.embedder.id) is None for i in ids)
        assert site.get(f"/people/{who}").status_code == 404
