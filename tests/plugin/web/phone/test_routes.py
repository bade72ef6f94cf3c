"""Which routes are for phones: those that say so, and no other. A new one has to be added here by hand."""

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from plugin.web.context import FOR_PHONES, Web
from plugin.web.pages import pair
from plugin.web.server.guard import READING
from plugin.web.site import PAGES
from tests.plugin.web.test_guarded import ROUTES, filled, walk
from tests.support.narrow import present

FOR = {
    ("GET", "/"),
    ("GET", "/events"),
    ("POST", "/language"),
    ("GET", "/people"),
    ("GET", "/people/faces"),
    ("GET", "/people/list"),
    ("GET", "/people/{person_id}"),
    ("GET", "/people/{person_id}/best"),
    ("GET", "/people/{person_id}/faces"),
    ("GET", "/people/{person_id}/similar"),
    ("POST", "/people/{person_id}/similar/{face_id}"),
    ("GET", "/photos/{photo_id}"),
    ("GET", "/photos/{photo_id}/faces"),
    ("GET", "/photos/{photo_id}/faces/{face_id}/restore/{job_id}"),
    ("GET", "/photos/{photo_id}/made"),
    ("GET", "/photos/{photo_id}/when"),
    ("GET", "/photos/{photo_id}/who-is-where"),
    ("GET", "/pictures/face/{face_id}"),
    ("GET", "/pictures/photo/{photo_id}"),
    ("GET", "/pictures/upload/{key}"),
    ("GET", "/pictures/{which}/{restoration_id}"),
    ("GET", "/restorations"),
    ("GET", "/restorations/tabs"),
    ("GET", "/restorations/{restoration_id}"),
    ("GET", "/restorations/{restoration_id}/before-after"),
    ("GET", "/restorations/{restoration_id}/copy"),
    ("GET", "/restorations/{restoration_id}/progress/{job_id}"),
    ("GET", "/review"),
    ("GET", "/review/ahead"),
    ("GET", "/review/names"),
    ("POST", "/review/{question_id}"),
    ("POST", "/undo/question/{question_id}"),
    ("POST", "/undo/{decision_id}"),
    ("GET", "/uploads"),
    ("POST", "/uploads"),
    ("GET", "/uploads/{key}"),
    ("GET", "/uploads/{key}/made"),
    ("POST", "/uploads/{key}/restore"),
}
"""Looking, answering and handing photos over. No folder, no forgetting, no setting, no merge, no job, no phones."""

OF_PAIRING = set(walk(pair.router))
DENIED = sorted(set(ROUTES) - FOR)
SHOWN = ["/people", "/people?tab=nobody", "/people/1", "/people/1/best", "/photos/1", "/review", "/restorations",
         "/uploads"]  # fmt: skip


def test_a_route_is_for_phones_only_if_it_says_so():
    tagged = {
        (method, route.path)
        for module in PAGES
        for route in module.router.routes
        for method in present(route.methods)
        if FOR_PHONES[0] in route.tags
    }
    assert tagged == FOR


def test_the_door_has_those_and_the_way_in(phone: TestClient):
    served = phone.app.openapi()["paths"]  # type: ignore[attr-defined]  # the site, behind the client's protocol
    assert {(m.upper(), p) for p, methods in served.items() for m in methods} == FOR | OF_PAIRING


def test_what_is_not_for_phones_is_not_there(phone: TestClient, web: Web):
    with web.app.gallery.begin(write=False) as tx:
        before = (tx.decisions.history(limit=1), tx.jobs.counts(), [p.name for p in tx.people.find()])
    for method, path in DENIED:
        answer = phone.request(method, filled(path), data={"name": "x", "stamp": "x", "face": "1"})
        # A path of another method, or one that another route takes for an id, is refused as such.
        assert answer.status_code in (400, 404, 405), (method, path)
    with web.app.gallery.begin(write=False) as tx:
        assert (tx.decisions.history(limit=1), tx.jobs.counts(), [p.name for p in tx.people.find()]) == before


def test_reading_on_a_phone_changes_nothing(phone: TestClient, web: Web):
    with web.app.gallery.begin(write=False) as tx:
        before = (tx.decisions.history(limit=1), tx.jobs.counts())
    for path in [p for m, p in sorted(FOR) if m in READING and p != "/events"]:
        assert phone.get(filled(path)).status_code < 500, path
    with web.app.gallery.begin(write=False) as tx:
        assert (tx.decisions.history(limit=1), tx.jobs.counts()) == before


class _Asks(HTMLParser):
    """What a page asks for by itself, without anybody clicking."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in ("img", "script") and (src := told.get("src")):
            self.found.add(src)
        if tag == "link" and (href := told.get("href")):
            self.found.add(href)
        by_itself = re.search("load|revealed|every", told.get("hx-trigger") or "")
        if by_itself and (address := told.get("hx-get")):
            self.found.add(address)


def test_a_page_asks_by_itself_for_nothing_that_phones_may_not(phone: TestClient):
    asked = set()
    for path in SHOWN:
        shown = phone.get(path)
        assert shown.status_code == 200, path
        asked |= _Asks(shown.text).found
    assert len(asked) > 10
    for address in asked:
        assert phone.get(address).status_code in (200, 204), address


def test_no_page_tells_where_the_folders_are(phone: TestClient, web: Web):
    with web.app.gallery.begin(write=False) as tx:
        folders = {str(r.path) for r in tx.roots.all()}
    assert folders
    for path in SHOWN:
        text = phone.get(path).text
        for folder in (*folders, str(web.app.settings.folders.data)):
            assert folder not in text, path


def test_only_what_a_phone_answered_can_be_taken_back_there(phone: TestClient, web: Web, site: TestClient):
    with web.app.gallery.begin() as tx:
        person = tx.people.find()[0].id
        ours = tx.decisions.name(person, "Anna").id
    refused = phone.post(f"/undo/{ours}", headers={"HX-Request": "true"})
    assert (refused.status_code, "take it back on the computer" in refused.text) == (400, True)
    with web.app.gallery.begin(write=False) as tx:
        assert tx.people.get(person).name == "Anna"
    similar = phone.get(f"/people/{person}/similar").text
    face = re.search(r"/similar/(\d+)", similar)
    owner = re.search(r'name="owner" value="(\d*)"', similar)
    if face is None or owner is None:
        pytest.fail("the sample has no face to ask about")
    said = phone.post(f"/people/{person}/similar/{face[1]}", data={"answer": "no", "owner": owner[1]})
    undo = present(re.search(r'"undo": (\d+)', said.headers["HX-Trigger"]))[1]
    assert phone.post(f"/undo/{undo}", headers={"HX-Request": "true"}).status_code == 204
    assert site.post(f"/undo/{ours}", headers={"HX-Request": "true"}).status_code == 204
