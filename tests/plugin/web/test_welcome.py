"""The first run: from no folder at all to two names, each step where it was left."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from plugin.app import App, build_app
from plugin.settings import load_settings
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.site import make_site
from tests.support.pages import text_of, toast

from .conftest import HERE, PORT
from .standing_by import StandingBy, standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def own_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of the test's own, on a machine without systemd."""
    home = tmp_path / "user"
    (home / "Pictures").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_PICTURES_DIR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def new(tmp_path: Path) -> Iterator[tuple[TestClient, App, StandingBy]]:
    """A browser before a gallery in which there is nothing yet."""
    app = build_app(load_settings(tmp_path / "new", {}))
    try:
        with (
            make_web(app, PORT) as web,
            standing_by(app) as service,
            TestClient(make_site(web), base_url=HERE, follow_redirects=False) as client,
        ):
            yield come_in(client, web), app, service
    finally:
        app.close()


def come_in(client: TestClient, web: Web) -> TestClient:
    client.headers.update({"Origin": HERE, "Sec-Fetch-Site": "same-origin"})
    assert client.get(f"/enter?ticket={web.sessions.ticket()}").status_code == 303
    return client


def people_in(page: str) -> list[tuple[int, str]]:
    """Ids and stamps of those who can be named."""
    found = re.findall(r'/welcome/people/(\d+)/name" hx-post.*?name="stamp" value="(\w+)"', page, re.DOTALL)
    return [(int(i), stamp) for i, stamp in found]


def test_from_nothing_to_the_second_name(new, sample: tuple[Path, Path], tmp_path: Path):
    site, app, service = new
    assert site.get("/").headers["Location"] == "/welcome"
    start = text_of(site.get("/welcome").text)
    assert "Where are your photos?" in start
    assert "Nothing leaves this machine" in start
    assert "biometric data" in start

    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in sorted(sample[0].glob("*.jpg"))[:12]:
        shutil.copy2(photo, folder)
    added = site.post("/library/folders", data={"path": str(folder), "then": "welcome"}, headers=HTMX)
    assert added.headers["HX-Redirect"] == "/welcome"

    waiting = site.get("/welcome").text
    assert "Looking through your photos" in waiting
    assert "It starts in a moment" in waiting
    assert 'hx-get="/welcome/progress?after=0"' in waiting

    service.work()
    found = site.get("/welcome/progress?after=0").text
    assert "hx-get" not in found, "it stops asking when there is nothing to wait for"
    assert "12 photos" in text_of(found)
    with app.gallery.begin(write=False) as tx:
        faces = tx.faces.find()
    assert re.findall(r"/pictures/face/(\d+)", found) == [str(f.id) for f in reversed(faces)]
    assert "/pictures/face/" not in site.get(f"/welcome/progress?after={faces[-1].id}").text

    page = site.get("/welcome").text
    assert "Who is this?" in page
    (first, stamp), (second, its_stamp), *_ = people_in(page)
    named = site.post(f"/welcome/people/{first}/name", data={"stamp": stamp, "name": " Anna "}, headers=HTMX)
    assert toast(named)["text"] == "This is Anna."
    assert "And who is this?" in named.text
    assert "And who is this?" in site.get("/welcome").text, "it is the same after a reload"

    site.post(f"/welcome/people/{second}/name", data={"stamp": its_stamp, "name": "Bert"}, headers=HTMX)
    done = text_of(site.get("/welcome").text)
    assert "Ready." in done
    assert "and 1 other" in done
    assert site.get("/").headers["Location"] == "/people"
    with app.gallery.begin(write=False) as tx:
        assert tx.people.names() == {first: "Anna", second: "Bert"}


def test_a_folder_without_a_face_asks_whether_it_is_the_right_one(new, tmp_path: Path):
    site, _, service = new
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "notes.txt").touch()
    site.post("/library/folders", data={"path": str(folder), "then": "welcome"})
    service.work()
    assert "Is it the right folder?" in site.get("/welcome").text


def test_a_folder_that_was_never_looked_through_can_be_started_again(new, tmp_path: Path):
    site, app, service = new
    folder = tmp_path / "photos"
    folder.mkdir()
    root = app.roots.add(folder)["root_id"]
    assert "Start it now" in site.get("/welcome").text
    assert site.post("/welcome/look").headers["Location"] == "/welcome"
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find()
    assert job.payload["root_id"] == root
    site.post(f"/jobs/{job.id}/cancel")
    assert "It was stopped" in site.get("/welcome").text
    assert "wake" in service.asked


def test_the_chooser_of_the_first_run_stays_in_it(new, own_desktop: Path):
    site, _, _ = new
    (own_desktop / "Pictures" / "2019").mkdir()
    page = site.get("/welcome", params={"at": str(own_desktop / "Pictures")}).text
    assert "/welcome?at=" in page
    assert "/library/add?at=" not in page
    assert 'name="then" value="welcome"' in page


def test_two_windows_never_name_one_person_twice(site: TestClient, app: App):
    (person, stamp), *_ = people_in(site.get("/welcome").text)
    site.post(f"/welcome/people/{person}/name", data={"stamp": stamp, "name": "Anna"}, headers=HTMX)
    late = site.post(f"/welcome/people/{person}/name", data={"stamp": stamp, "name": "Berta"}, headers=HTMX)
    assert late.status_code == 409
    assert site.post(f"/welcome/people/{person}/hide", data={"stamp": stamp}, headers=HTMX).status_code == 409
    with app.gallery.begin(write=False) as tx:
        assert tx.people.names() == {person: "Anna"}
        assert not tx.people.get(person).hidden


def test_a_name_that_is_taken_is_asked_about(site: TestClient, app: App):
    (first, stamp), (second, its_stamp), (third, another), *_ = people_in(site.get("/welcome").text)
    site.post(f"/welcome/people/{first}/name", data={"stamp": stamp, "name": "Anna"}, headers=HTMX)
    asked = site.post(f"/welcome/people/{second}/name", data={"stamp": its_stamp, "name": "anna"}, headers=HTMX)
    assert "You have named somebody anna already" in text_of(asked.text)
    with app.gallery.begin(write=False) as tx:
        assert tx.people.names() == {first: "Anna"}
        faces = tx.people.summary(first).faces + tx.people.summary(second).faces
    other_stamp = re.search(r'name="other_stamp" value="(\w+)"', asked.text)
    assert other_stamp is not None
    answer = {"stamp": its_stamp, "other": first, "other_stamp": other_stamp[1]}
    one = site.post(f"/welcome/people/{second}/same", data=answer, headers=HTMX)
    assert toast(one)["text"] == "Now they are one person."
    with app.gallery.begin(write=False) as tx:
        assert tx.people.summary(first).faces == faces
    namesake = {"stamp": another, "name": "Anna", "another": "true"}
    site.post(f"/welcome/people/{third}/name", data=namesake, headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        assert tx.people.names() == {first: "Anna", third: "Anna"}


def test_hiding_is_a_decision_that_can_be_taken_back(site: TestClient, app: App):
    (person, stamp), *_ = people_in(site.get("/welcome").text)
    hidden = site.post(f"/welcome/people/{person}/hide", data={"stamp": stamp}, headers=HTMX)
    assert f"/welcome/people/{person}/" not in hidden.text
    with app.gallery.begin() as tx:
        tx.decisions.undo(toast(hidden)["undo"])
        assert not tx.people.get(person).hidden


def test_a_name_is_needed(site: TestClient):
    (person, stamp), *_ = people_in(site.get("/welcome").text)
    assert site.post(f"/welcome/people/{person}/name", data={"stamp": stamp, "name": "  "}).status_code == 400
    assert site.post("/welcome/people/999/name", data={"stamp": stamp, "name": "Anna"}).status_code == 404


def test_a_later_step_before_its_turn_is_not_shown(new):
    site, _, _ = new
    assert "Where are your photos?" in site.get("/welcome?step=done").text
    assert site.get("/welcome?step=nonsense").status_code == 400


def test_the_right_click_and_the_login_in_one_click_each(site: TestClient, app: App, own_desktop: Path):
    manager = own_desktop / "pcmanfm"
    manager.write_text("#!/bin/sh\n")
    manager.chmod(0o755)
    with standing_by(app):
        assert "PCManFM" in site.get("/welcome?step=done").text
        put = site.post("/welcome/menus", headers=HTMX)
        assert "chip good" in put.text
        assert list((own_desktop / ".local" / "share" / "file-manager" / "actions").iterdir())
        assert "noticed by themselves" in toast(site.post("/welcome/service", headers=HTMX))["text"]
        assert (own_desktop / ".config" / "autostart" / "iconface.desktop").is_file()
