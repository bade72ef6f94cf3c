"""What was decided, in words, and taking it back in any order."""

import re
from datetime import date, datetime

import pytest
from starlette.testclient import TestClient

from gallery_db import Tx
from gallery_db.records import Origin
from plugin.app import App
from plugin.web.words.dates import day
from tests.support.pages import text_of, toast

HTMX = {"HX-Request": "true"}


def faces_of(app: App, person: int) -> list[int]:
    with app.gallery.begin(write=False) as tx:
        return [f.id for f in tx.faces.find() if f.person_id == person]


@pytest.fixture
def two(app: App) -> tuple[int, int]:
    """Two people of the sample."""
    with app.gallery.begin(write=False) as tx:
        a, b = (p.id for p in tx.people.find()[:2])
    return a, b


def lines(html: str) -> list[str]:
    """The texts of the list, the latest first."""
    found = re.findall(r'<p class="decision-text">\s*(?:<s>|<a [^>]*>)?([^<]*)', html)
    return [text.strip() for text in found]


def test_each_kind_of_decision_in_words(site: TestClient, app: App, two: tuple[int, int]):
    ada, bob = two
    a, b = faces_of(app, ada), faces_of(app, bob)
    with app.gallery.begin() as tx:
        d = tx.decisions
        d.name(ada, "Ada")
        d.birth_date(ada, date(1950, 3, 21))
        d.cover(ada, a[0])
        d.hide(bob)
        d.hide(bob, False)
        d.ignore(bob)
        d.ignore(bob, False)
        d.different(ada, bob)
        d.confirm(a[:2])
        d.reject(b[:1])
        d.ignore_faces(b[:1])
        d.ignore_faces(b[:1], False)
        d.assign(b[:1], ada)
        d.unassign(b[:1])
        d.split(ada, a[:1], name="Bea")
        cleo = d.assign_new(b[:1], "Cleo").person_id or 0
        d.name(bob, "Bob")
        d.merge(ada, [bob])
        d.name(cleo, None)
    assert lines(site.get("/history").text) == [
        "Cleo has no name any more",
        "Ada and Bob are one person",
        "Named Bob",
        "This face is Cleo",
        "This face is not Ada but Bea",
        "This face is nobody’s again",
        "This face is Ada",
        "This face is no longer left out",
        "This face is left out",
        "This face is not Ada",
        "These 2 faces are right",
        "Ada and 1 other are two people",
        "Ada is no stranger any more",
        "Ada is a stranger",
        "Ada is shown again",
        "Ada is hidden",
        "Another picture stands for Ada",
        "Ada was born on 21 March 1950",
        "Named Ada",
    ]


def test_undo_in_any_order_and_again(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        first = tx.decisions.name(two[0], "Ada").id
        second = tx.decisions.name(two[1], "Bob").id
    undone = site.post(f"/undo/{first}", headers=HTMX)
    assert undone.status_code == 204
    assert toast(undone)["text"] == "Taken back: Named Ada."
    html = site.get("/history").text
    assert "<s>Named Ada</s>" in html
    assert "<s>Named Bob</s>" not in html
    again = re.search(rf'action="/undo/(\d+)"[^>]*>\s*<button[^>]*id="undo-{first}"', html)
    assert again is not None
    assert int(again[1]) > second
    assert toast(site.post(f"/undo/{again[1]}", headers=HTMX))["text"] == "Done again: Named Ada."
    assert "<s>" not in site.get("/history").text
    with app.gallery.begin(write=False) as tx:
        assert [p.name for p in tx.people.find(named=True)] == ["Ada", "Bob"]


def test_what_stands_in_the_way_is_named(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        first = tx.decisions.name(two[0], "Ada").id
        tx.decisions.name(two[0], "Bea")
    refused = site.post(f"/undo/{first}", headers=HTMX)
    assert refused.status_code == 409
    assert "First take back what came later: “Named Bea” (today" in toast(refused)["text"]
    page = site.post(f"/undo/{first}")
    assert page.status_code == 409
    assert "Named Bea" in page.text


def test_twice_undone_is_refused(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        first = tx.decisions.name(two[0], "Ada").id
    assert site.post(f"/undo/{first}").headers["location"] == "/history"
    assert site.post(f"/undo/{first}", headers=HTMX).status_code == 400
    assert site.post("/undo/999", headers=HTMX).status_code == 404
    assert site.post("/undo/question/999", headers=HTMX).status_code == 404


def test_pages_and_one_person(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        for n in range(32):
            tx.decisions.name(two[0], f"Ada {n}")
        tx.decisions.name(two[1], "Bob")
    html = site.get("/history").text
    assert len(lines(html)) == 30
    older = re.search(r'href="(/history\?before=\d+)"', html)
    assert older is not None
    rest = lines(site.get(older[1]).text)
    assert lines(html) + rest == ["Named Bob", *(f"Named Ada {n}" for n in reversed(range(32)))]
    assert lines(site.get("/history", params={"person": two[1]}).text) == ["Named Bob"]
    assert "Nothing yet about" in site.get("/history", params={"person": two[1], "before": 1}).text
    assert site.get("/history", params={"person": 999}).status_code == 404


def test_restorations_are_told_by_name_and_photo_and_a_clean_up_is_one_line(
    site: TestClient, app: App, two: tuple[int, int]
):
    ada, bob = two
    theirs = faces_of(app, ada)

    def copy_of(tx: Tx, n: int, origin: Origin) -> int:
        row = tx.restorations.add(
            photo=f"/photos/{n}.jpg", input_sha256=f"{n}", restorer="nano", weights_sha256="", options={}, seed=1,
            verdict="pass", state="done", face_id=theirs[n % len(theirs)], person_id=ada, output=f"/copies/{n}.jpg",
            output_sha256=f"copy {n}", origin=origin,
        )  # fmt: skip
        tx.decisions.restored([row.id])
        return row.id

    with app.gallery.begin() as tx:
        tx.decisions.name(ada, "Ada")
        by_hand = copy_of(tx, 1000, "hand")
        first = copy_of(tx, 0, "cleanup")
        tx.decisions.accept_restorations([first])
        for n in range(1, 300):
            copy_of(tx, n, "cleanup")
        tx.decisions.name(bob, "Bob")
    html = site.get("/history").text
    own = [line for line in lines(html) if not line.startswith("Restored Ada") or "1000" in line]
    today = day(datetime.now().astimezone().date().isoformat())
    assert [re.sub(r", \w+ \d{4} ", " ", line) for line in own] == [
        "Named Bob", f"Clean-up of {today}: 300 restored copies", "Kept Ada (0.jpg)", "Restored Ada (1000.jpg)",
        "Named Ada",
    ]  # fmt: skip
    assert "And 270 more" in text_of(html)
    assert f'href="/restorations/{by_hand}"' in html
    assert "before=" not in html, "three hundred copies do not fill ten pages"
    assert f"/pictures/face/{theirs[0]}" in html


def test_a_forgotten_person_leaves_no_words(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        tx.decisions.name(two[0], "Secret")
    app.gallery.forget(two[0])
    html = site.get("/history").text
    assert "Secret" not in html
    assert "somebody you had forgotten" in html
    assert "/undo/" not in html


def test_names_are_escaped(site: TestClient, app: App, two: tuple[int, int]):
    with app.gallery.begin() as tx:
        tx.decisions.name(two[0], "<script>alert(1)</script>")
    for url in ("/history", f"/history?person={two[0]}"):
        assert "<script>alert" not in site.get(url).text


def test_an_empty_history(site: TestClient):
    assert "Nothing yet" in site.get("/history").text
