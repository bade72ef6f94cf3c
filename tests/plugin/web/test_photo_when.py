"""When a photo was taken, on its page: a quiet line, its reasons, and what can be said about it."""

import re
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord, PhotoRecord
from plugin.app import App

HTMX = {"HX-Request": "true"}


@pytest.fixture
def undated(app: App) -> FaceRecord:
    """A face of a named person with a birth date, in one of two photos that lost their dates."""
    with app.gallery.begin() as tx:
        one, other = [f for f in tx.faces.find() if f.person_id is not None and f.person_id == _most(tx)][:2]
        for face in (one, other):
            p = tx.photos.get(face.photo_id)
            seen: dict[str, Any] = {
                "root_id": p.root_id,
                "size": p.size,
                "mtime_ns": p.mtime_ns,
                "width": p.width,
                "height": p.height,
            }
            tx.photos.upsert(p.path, p.content_hash, **seen)
        assert one.person_id is not None
        tx.decisions.name(one.person_id, "Ada")
        tx.decisions.birth_date(one.person_id, date(1950, 3, 1))
    return one


def _most(tx: Tx) -> int | None:
    """Who is in most photos."""
    return max(tx.people.find(), key=lambda p: p.photos).id


def line(site: TestClient, face: FaceRecord) -> str:
    return site.get(f"/photos/{face.photo_id}/when", headers=HTMX).text


def stamp_in(text: str) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def now(app: App, face: FaceRecord) -> PhotoRecord:
    with app.gallery.begin(write=False) as tx:
        return tx.photos.get(face.photo_id)


def test_the_page_asks_for_the_line_which_tells_years_and_why(site: TestClient, app: App, undated: FaceRecord):
    assert f'hx-get="/photos/{undated.photo_id}/when"' in site.get(f"/photos/{undated.photo_id}").text
    text = line(site, undated)
    years = re.search(r"<strong>Probably (\d{4})(?: to (\d{4}))?</strong>", text)
    assert years is not None
    assert int(years[1]) >= 1950
    assert "born in 1950" in text
    assert now(app, undated).dated is None


def test_yes_no_and_something_else(site: TestClient, app: App, undated: FaceRecord):
    address = f"/photos/{undated.photo_id}/when"
    text = line(site, undated)
    proposed = re.search(r'name="said" value="(\d{4}[/\d]*)"', text)
    assert proposed is not None
    answer = site.post(address, data={"stamp": stamp_in(text), "said": proposed[1]}, headers=HTMX)
    assert answer.status_code == 200
    assert "as you said" in answer.text
    assert now(app, undated).dated == proposed[1]
    assert site.post(address, data={"stamp": stamp_in(text), "said": "1961"}, headers=HTMX).status_code == 409
    corrected = site.post(address, data={"stamp": stamp_in(answer.text), "said": "1961-1962"}, headers=HTMX)
    assert corrected.status_code == 200
    assert now(app, undated).dated == "1961/1962"
    assert "1961 to 1962" in site.get(f"/photos/{undated.photo_id}").text
    assert "This photo is from 1961 to 1962" in site.get("/history").text
    refused = site.post(address, data={"stamp": stamp_in(corrected.text), "said": "long ago"}, headers=HTMX)
    assert refused.status_code == 400
    app.people.decide(lambda tx: tx.decisions.undo())
    app.people.decide(lambda tx: tx.decisions.undo())
    site.post(f"{address}/not", data={"stamp": stamp_in(line(site, undated))}, headers=HTMX)
    assert "Probably" not in line(site, undated)


def test_a_person_s_photos_without_a_date_are_gone_through_one_by_one(site: TestClient, app: App, undated: FaceRecord):
    assert undated.person_id is not None
    with app.gallery.begin(write=False) as tx:
        photos = list(tx.photos.undated(undated.person_id))
    head = site.get(f"/people/{undated.person_id}").text
    assert f'<a href="/photos/{photos[0]}">{len(photos)} without a date</a>' in head
    text = site.get(f"/photos/{photos[0]}/when", headers=HTMX).text
    assert len(photos) == 1 or f'href="/photos/{photos[1]}"' in text


def test_the_way_through_the_undated_begins_at_one_of_them(site: TestClient, app: App, undated: FaceRecord):
    with app.gallery.begin(write=False) as tx:
        dated = next(f for f in tx.faces.find() if f.person_id == undated.person_id and f.captured_at is not None)
    assert "1 more photo of Ada without a date" in line(site, undated)
    assert "without a date" not in line(site, dated)
