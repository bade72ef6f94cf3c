"""People in the browser: named, merged, split, put right, and everything taken back again."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from .chromium import Browser
from .family import Commands, Family

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def iconface(library: Family) -> Commands:
    return library.commands()


def everybody(iconface: Commands) -> dict[int, dict[str, Any]]:
    """What the command line says of each person, by id."""
    return {r["person_id"]: r for r in iconface("people", "list", "--all")["people"]}


def person(iconface: Commands, person_id: int) -> dict[str, Any]:
    return everybody(iconface)[person_id]


def undo(browser: Browser) -> None:
    browser.click(".toast button", "Undo")
    browser.until_sees("Taken back")


def test_name_reload_and_undo(site: Browser, library: Family, iconface: Commands):
    kofi = library.people["kofi"]
    site.open("/people")
    site.click(f"#person-{kofi} a")
    site.one("h1", "No name yet")
    site.fill("#name", "Kofi")
    site.click("#name-save")
    site.one("h1", "Kofi")
    assert person(iconface, kofi)["name"] == "Kofi"
    undo(site)
    assert person(iconface, kofi)["name"] is None
    site.fill("#name", "Uncle Kofi")
    site.click("#name-save")
    site.one("h1", "Uncle Kofi")
    site.driver.refresh()
    site.one("h1", "Uncle Kofi")


def test_somebody_is_named_where_they_stand(site: Browser, library: Family, iconface: Commands):
    kofi, andre = library.people["kofi"], library.people["andre"]
    site.open("/people")
    site.settle()
    site.click(f"#person-{kofi} [data-name-here]")
    site.press("Kofi", Keys.ENTER)
    site.one(f"#person-{kofi} .tile-name", "Kofi")
    assert person(iconface, kofi)["name"] == "Kofi"

    site.click(f"#person-{andre} [data-name-here]")
    site.press("sere")
    site.one("#suggestions li", "Serena")
    assert site.one("#suggestions img")
    site.press(Keys.ARROW_DOWN, Keys.ENTER)
    assert site.one(f"#name-{andre}").get_attribute("value") == "Serena"
    assert person(iconface, andre)["name"] is None, "taken over, not yet said"
    site.press(Keys.ENTER)
    site.one("#sheet h2", "the same person")
    site.press(Keys.ESCAPE)
    site.until(lambda: not site.all("#sheet[open]"), "the question is put away")
    assert person(iconface, andre)["name"] is None


def test_a_name_that_exists_offers_a_merge(site: Browser, library: Family, iconface: Commands):
    andre, serena = library.people["andre"], library.people["serena"]
    before = person(iconface, andre)["faces"], person(iconface, serena)["faces"]
    site.open(f"/people/{andre}")
    site.fill("#name", "Serena")
    site.click("#name-save")
    site.one("#sheet h2", "the same person")
    site.settle()
    site.shot("merge-offer", whole=False)
    assert person(iconface, serena)["faces"] == before[1], "nothing happens before the answer"
    site.click("#sheet button", "Yes, one person")
    site.until(lambda: site.path == f"/people/{serena}", "the one person that is left")
    assert andre not in everybody(iconface)
    assert person(iconface, serena)["faces"] == sum(before)
    undo(site)
    assert (person(iconface, andre)["faces"], person(iconface, serena)["faces"]) == before


def test_split_and_undo(site: Browser, library: Family, iconface: Commands):
    adam = library.people["adam"]
    faces = person(iconface, adam)["faces"]
    site.open(f"/people/{adam}")
    site.settle()
    site.click(".life-strip .pickable label")  # of the life-line or of the grid: it is one choice
    of_year = site.one(".life-strip .pickable:has(:checked)").get_attribute("data-item")
    assert site.all(f"#face-{of_year}:has(:checked)")
    tile = next(t for t in site.all("#faces .pickable") if t.get_attribute("data-item") != of_year)
    site.click(f"#{tile.get_attribute('id')} label")
    site.one("#faces-bar", "2 chosen")
    site.click("#faces-bar button", "Somebody else")
    site.fill("#new-name", "His brother")
    site.settle()
    site.shot("split", whole=False)
    site.click("#sheet button", "New person")
    site.one(".toast")
    site.until(lambda: not site.all(f"[data-item='{of_year}']"), "it left both")
    assert person(iconface, adam)["faces"] == faces - 2
    [new] = [p for p in iconface("people", "list")["people"] if p["name"] == "His brother"]
    assert new["faces"] == 2
    undo(site)
    assert person(iconface, adam)["faces"] == faces
    assert new["person_id"] not in everybody(iconface)


def test_not_them_is_remembered_and_undone(site: Browser, library: Family, iconface: Commands):
    david = library.people["david"]
    faces = person(iconface, david)["faces"]
    site.open(f"/people/{david}")
    site.settle()
    site.click("#faces .pickable label")
    site.click("#faces-bar button", "Not David")
    site.until_sees("remembered")
    assert person(iconface, david)["faces"] == faces - 1
    iconface("people", "regroup")
    assert person(iconface, david)["faces"] == faces - 1, "grouping does not bring it back"
    undo(site)
    assert person(iconface, david)["faces"] == faces


def test_hidden_people_are_out_of_the_list_and_back(site: Browser, library: Family, iconface: Commands):
    serena = library.people["serena"]
    site.open("/people")
    site.one(f"#person-{serena}")
    site.driver.execute_script(f"document.querySelector('#person-{serena} [data-eye]').click()")
    site.until(lambda: not site.all(f"#person-{serena}"), "she leaves the list")
    assert person(iconface, serena)["hidden"]
    undo(site)
    site.one(f"#person-{serena}")
    assert not person(iconface, serena)["hidden"]


def test_search_finds_a_name_as_it_is_typed(site: Browser, library: Family):
    site.open("/people")
    site.press("/")
    site.press("dav")
    site.until(lambda: len(site.all("#people-list .person")) == 1, "one person")
    assert site.one("#people-list .person").text.startswith("David")
