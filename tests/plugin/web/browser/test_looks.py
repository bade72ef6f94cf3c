"""Every page, as people see it: axe-core finds nothing, nothing sticks out of a phone, and a picture is kept.

The pictures lie in `test-artefacts/screenshots/`.
"""

import pytest

from .accessibility import COLOURS, RULES, findings
from .chromium import DARK, DESKTOP, LIGHT, PHONE, WALL, Browser
from .family import Family

pytestmark = pytest.mark.timeout(240)
NARROW = (360, 740)

PAGES = {
    "people": lambda ids: "/people",
    "person": lambda ids: f"/people/{ids['adam']}",
    "person-long-name": lambda ids: f"/people/{ids['long']}",
    "person-nameless": lambda ids: f"/people/{ids['nameless']}",
    "review": lambda ids: "/review",
    "history": lambda ids: "/history",
    "photo": lambda ids: f"/photos/{ids['portrait']}",
    "photo-group": lambda ids: f"/photos/{ids['group']}",
    "statistics": lambda ids: "/statistics",
    "map": lambda ids: "/map",
    "who-is-where": lambda ids: f"/photos/{ids['group']}/who-is-where",
    "restorations": lambda ids: "/restorations",
    "restoration": lambda ids: f"/restorations/{ids['restoration']}",
    "cleanup": lambda ids: "/cleanup",
    "uploads": lambda ids: "/uploads",
    "phones": lambda ids: "/phones",
    "jobs": lambda ids: "/jobs",
    "library": lambda ids: "/library",
    "welcome": lambda ids: "/welcome",
    "not-found": lambda ids: "/people/999999",
}


@pytest.fixture(scope="module")
def ids(family: Family) -> dict[str, int]:
    people = family.people
    return {
        "adam": people["adam"],
        "long": people["max"],
        "nameless": people["kofi"],
        "portrait": family.photo_id("adam/old 0.jpg"),
        "group": family.photo_id("together/group.jpg"),
        "restoration": family.waiting,
    }


@pytest.mark.parametrize("name", PAGES)
def test_it_is_accessible_and_fits(shared_site: Browser, ids: dict[str, int], name: str):
    browser = shared_site
    if name == "not-found":
        browser.expect("404")
    browser.look(DESKTOP, LIGHT)
    browser.open(PAGES[name](ids))
    browser.settle()
    found: dict[str, None] = {}
    for size, theme in ((DESKTOP, LIGHT), (DESKTOP, DARK), (PHONE, LIGHT), (PHONE, DARK)):
        browser.look(size, theme)
        browser.settle()
        browser.shot(f"{name}-{'phone' if size == PHONE else 'desktop'}-{theme}")
        rules = RULES if theme == LIGHT else COLOURS
        found |= dict.fromkeys(f"{theme} {size}: {line}" for line in findings(browser, rules))
    browser.look(NARROW)
    found |= dict.fromkeys(f"{NARROW}: {line}" for line in browser.too_wide())
    found |= dict.fromkeys(browser.trouble())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["people", "person"])
def test_a_wall_of_faces(shared_site: Browser, ids: dict[str, int], name: str):
    browser = shared_site
    browser.look(WALL)
    browser.open(PAGES[name](ids))
    browser.settle()
    browser.shot(f"{name}-wall", whole=False)
    assert browser.too_wide() == []
    assert browser.trouble() == []


@pytest.mark.parametrize(
    ("name", "read"),
    [("people", "Adam Bright"), ("person", "12 photos"), ("photo", "Adam Bright"), ("review", "questions left")],
)
def test_it_can_be_read_without_scripts(shared_site: Browser, ids: dict[str, int], name: str, read: str):
    shared_site.look(DESKTOP)
    with shared_site.without_scripts():
        shared_site.open(PAGES[name](ids))
        shared_site.until_sees(read)
    assert shared_site.trouble() == []
