"""Questions are answered with the keyboard alone, and every answer can be taken back."""

import re

import pytest

from .chromium import Browser
from .family import Commands, Family

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def iconface(library: Family) -> Commands:
    return library.commands()


def left(browser: Browser) -> int:
    """How many questions the page says are left."""
    found = re.search(r"(\d+) questions? left", browser.driver.find_element("tag name", "body").text)
    return int(found[1]) if found else 0


def press(browser: Browser, key: str, questions: int) -> None:
    """Press a key and wait until so many questions are left."""
    browser.press(key)
    browser.until(lambda: left(browser) == questions, f"{questions} questions after {key!r}")
    browser.settle()


def asked_face(browser: Browser) -> int:
    found = re.search(r"/pictures/face/(\d+)", browser.one(".asked-first img").get_attribute("src") or "")
    assert found
    return int(found[1])


def test_yes_no_and_not_sure_by_key_and_each_taken_back(site: Browser, iconface: Commands):
    site.open("/review?kind=join")
    n, face = left(site), asked_face(site)
    assert n > 3

    press(site, "s", n - 1)
    assert asked_face(site) != face
    press(site, "u", n)
    assert asked_face(site) == face, "the question is back"

    press(site, "y", n - 1)
    assert iconface("faces", "show", face)["face"]["confirmed"]
    press(site, "u", n)
    assert not iconface("faces", "show", face)["face"]["confirmed"]

    press(site, "n", n - 1)
    assert iconface("faces", "show", face)["face"]["person_id"] is None
    second = asked_face(site)
    site.press("y")  # one answer may settle another question
    site.until(lambda: left(site) <= n - 2, "the next question")
    press(site, "u", n - 1)
    assert asked_face(site) == second
    press(site, "u", n)
    assert asked_face(site) == face, "undo goes back further than one answer"


def test_same_person_by_key(site: Browser, iconface: Commands):
    people = len(iconface("people", "list")["people"])
    site.open("/review?kind=merge")
    assert left(site) == 1
    site.press("y")
    site.until_sees("All done here")
    assert len(iconface("people", "list")["people"]) == people - 1
    site.press("u")
    site.until(lambda: left(site) == 1, "the question again")
    assert len(iconface("people", "list")["people"]) == people


def test_a_group_gets_a_name_without_the_mouse(site: Browser, iconface: Commands):
    site.open("/review?kind=who")
    n, face = left(site), asked_face(site)
    site.press("w")
    site.press("Yes, Nora")  # letters in a field are no answers
    site.press("\ue007")  # Enter
    site.until(lambda: left(site) == n - 1, "one question fewer")
    assert iconface("faces", "show", face)["face"]["person_name"] == "Yes, Nora"
    site.open("/review?kind=who")
    assert left(site) == n - 1, "reload keeps it"


def test_a_name_that_somebody_has_is_asked_about_first(site: Browser, iconface: Commands):
    site.open("/review?kind=who")
    n = left(site)
    site.press("w")
    site.press("Serena\ue007")
    site.until_sees("Serena is known already")
    assert len([p for p in iconface("people", "list")["people"] if p["name"] == "Serena"]) == 1
    press(site, "y", n - 1)
    assert len([p for p in iconface("people", "list")["people"] if p["name"] == "Serena"]) == 1, "they are one"
    press(site, "u", n)


def test_answered_in_another_window_meanwhile(site: Browser, iconface: Commands):
    """Nothing is overwritten, and the page says what happened."""
    site.open("/review?kind=join")
    n, face = left(site), asked_face(site)
    asked = [q for q in iconface("people", "questions")["questions"] if q["kind"] == "join"]
    [person] = [q["person_id"] for q in asked if face in q["face_ids"]]
    site.fall_asleep()
    iconface("faces", "reject", face, "--person", person)
    site.expect("409")
    site.press("y")
    site.until_sees("in another window")
    assert iconface("faces", "show", face)["face"]["person_id"] is None, "the other answer stands"
    site.until(lambda: left(site) < n, "the page as it is now")
