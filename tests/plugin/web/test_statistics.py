"""The library in pictures, over the scanned sample."""

import re
from collections.abc import Mapping
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from iconface_core.images.date_span import years_span
from iconface_core.types import BBox
from plugin.app import App
from plugin.web.views.statistics_view import LEVELS, side_by_side
from tests.support.pages import text_of

from .test_people import name, people


@given(
    st.lists(st.integers(1, 9), unique=True, max_size=9),
    st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 50)),
)
def test_everybody_stands_in_the_line_once(who: list[int], pairs: Mapping[tuple[int, int], int]):
    assert sorted(side_by_side(who, pairs)) == sorted(who)


def test_families_stand_side_by_side():
    line = side_by_side([1, 2, 3, 4], {(1, 3): 9, (2, 4): 8, (1, 2): 1})
    assert line in ([3, 1, 2, 4], [4, 2, 1, 3])


def test_the_library_in_pictures(app: App, site: TestClient):
    ada, eve = people(app)[:2]
    name(app, ada, "Ada")
    name(app, eve, "Eve <3")
    with app.gallery.begin(write=False) as tx:
        photo_id = tx.browse.faces(ada, limit=1)[0].photo_id
    app.people.deciding().draw_face(photo_id, BBox(1, 1, 30, 30), person_id=eve)
    html = site.get("/statistics").text
    with app.gallery.begin(write=False) as tx:
        decades, ends = tx.overview.decades(), tx.overview.ends([ada, eve])
        pairs = tx.overview.together([ada, eve])
    assert [int(y) for y in re.findall(r">(\d{4})s</span>", html)] == list(decades.photos)
    axis = re.search(r'hx-get="(/statistics/lives[^"]*)"', html)
    assert axis is not None
    rows = site.get(axis[1].replace("&amp;", "&")).text
    assert rows.count("life-row") == len(ends) > 0
    assert "First photo of Eve &lt;3" in rows
    for first, last in ends.values():
        assert f'href="/photos/{first.photo_id}?face={first.face_id}"' in rows
        assert f'href="/photos/{last.photo_id}?face={last.face_id}"' in rows
    assert pairs == {(min(ada, eve), max(ada, eve)): 1}
    shown = site.get("/statistics/together").text
    assert re.findall(rf'class="level-{LEVELS}" title="[^"]*">(\d+)', shown) == ["1", "1"]
    assert "of the faces are still unclear" in site.get("/statistics/clear").text
    assert site.get("/statistics/lives?after=999999").status_code == 404


def test_a_span_of_years_is_shown_as_such_and_without_an_age(app: App, site: TestClient):
    ada = people(app)[0]
    name(app, ada, "Ada")
    app.people.deciding().birth_date(ada, date(1950, 1, 1))
    with app.gallery.begin(write=False) as tx:
        photos = [f.photo_id for f in tx.faces.find() if f.person_id == ada]
    app.people.decide(lambda tx: tx.decisions.date_photos(photos[:1], years_span(1960, 1969)))
    rows = text_of(site.get("/statistics/lives?first=1950&end=2010").text)
    assert "First photo of Ada: 1960 to 1969 Ada" in rows
    assert re.search(r"Last photo of Ada: \w+ \d{4} \d+ years old", rows)


def test_with_one_name_nobody_is_seen_with_anybody(app: App, site: TestClient):
    name(app, people(app)[0], "Ada")
    assert "As soon as two people have a name" in site.get("/statistics/together").text
