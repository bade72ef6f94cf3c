"""Two windows, and the command line beside them: nobody's change is lost, and the page says what happened."""

import pytest

from .chromium import Browser
from .family import Commands, Family

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def iconface(library: Family) -> Commands:
    return library.commands()


def name_of(iconface: Commands, person_id: int) -> str | None:
    return next(p["name"] for p in iconface("people", "list", "--all")["people"] if p["person_id"] == person_id)


def rename(browser: Browser, name: str) -> None:
    browser.click("#rename")
    browser.fill("#name", name)
    browser.click("#name-save")


def test_the_second_tab_is_told(site: Browser, library: Family, iconface: Commands):
    person = library.people["david"]
    site.open(f"/people/{person}")
    site.one("h1", "David")
    site.fall_asleep()
    with site.second_tab():
        rename(site, "Dave")
        site.one("h1", "Dave")
    site.one("h1", "David")  # this tab knows nothing of it yet
    site.expect("409")
    rename(site, "Davy")
    site.until_sees("in another window")
    assert name_of(iconface, person) == "Dave", "the first change stands"
    site.one("h1", "Dave")
    rename(site, "Davy")
    site.one("h1", "Davy")
    assert name_of(iconface, person) == "Davy", "and once seen, it can be changed"


def test_the_command_line_was_quicker(site: Browser, library: Family, iconface: Commands):
    person = library.people["serena"]
    site.open(f"/people/{person}")
    site.one("h1", "Serena")
    site.fall_asleep()
    iconface("people", "name", person, "Serena W.")
    site.expect("409")
    rename(site, "Tante Serena")
    site.until_sees("in another window")
    site.one("h1", "Serena W.")
    assert name_of(iconface, person) == "Serena W."


def test_faces_that_went_elsewhere_meanwhile_are_not_moved(site: Browser, library: Family, iconface: Commands):
    david, serena = library.people["david"], library.people["serena"]
    site.open(f"/people/{david}")
    site.settle()
    tile = site.one("#faces .pickable")
    face = int(tile.get_attribute("data-item") or 0)
    site.fall_asleep()
    iconface("faces", "assign", face, "--person", serena)
    site.click("#faces .pickable label")
    site.click("#faces-bar button", "Not David")
    site.expect("409")
    site.until_sees("in another window")
    assert iconface("faces", "show", face)["face"]["person_id"] == serena


def test_a_restoration_judged_elsewhere(site: Browser, library: Family, iconface: Commands):
    site.open(f"/restorations/{library.waiting}")
    site.settle()
    site.fall_asleep()
    iconface("restored", "reject", library.waiting)
    site.expect("409")
    site.press("a")
    site.until_sees("in another window")
    assert iconface("restored", "show", library.waiting)["restorations"][0]["decided"] == "rejected"
