"""Everybody on a map, over the scanned sample."""

import re

from starlette.testclient import TestClient

from plugin.app import App
from plugin.web.views.likeness_map import likeness_map

from .test_people import name, people


def test_everybody_is_on_the_map_and_in_the_list(app: App, site: TestClient):
    ada, *others = people(app)
    name(app, ada, "Ada <3")
    html = site.get("/map").text
    drawing, words = html.split('<svg class="map', 1)[1].split('id="map-list"')
    for part in (drawing, words):
        assert {int(i) for i in re.findall(r'href="/people/(\d+)"', part)} == {ada, *others}
    assert re.findall(r'href="/people/(\d+)" tabindex="-1" class="known"', drawing) == [str(ada)]
    assert "Ada &lt;3</text>" in drawing
    assert "Ada &lt;3" in words
    assert 'href="/map"' in site.get("/review").text


def test_who_looks_alike_stands_close_and_is_joined(app: App):
    """One person as two groups: the halves look more alike than any two people."""
    with app.gallery.begin(write=False) as tx:
        first = tx.browse.people("shown")[0].id
        faces = [f.id for f in tx.faces.find() if f.person_id == first]
    app.people.deciding().split(first, faces[: len(faces) // 2])
    with app.gallery.begin(write=False) as tx:
        found = likeness_map(tx, app.embedder.id, app.embedder.calibration)
        other = tx.faces.get(faces[0]).person_id
    spots = {s.id: s for s in found.spots}
    assert [a.id for a in spots[first].alike][:1] == [other]
    assert spots[first].alike[0].words == "very much alike"
    ends = {frozenset([(line.x1, line.y1), (line.x2, line.y2)]) for line in found.lines if line.level == 3}
    one, two = spots[first], spots[other or 0]
    assert ends == {frozenset([(one.x, one.y), (two.x, two.y)])}
    apart = {i: (s.x - one.x) ** 2 + (s.y - one.y) ** 2 for i, s in spots.items() if i != first}
    assert min(apart, key=lambda i: apart[i]) == other


def test_two_people_make_no_map(app: App, site: TestClient):
    for person in people(app)[2:]:
        app.people.deciding().hide(person)
    assert "Too few people for a map yet" in site.get("/map").text
