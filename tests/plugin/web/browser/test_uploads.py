"""Restoring from where people look, in the browser: a photo that is dropped or chosen, and a person."""

import pytest

from tests.support.library import tree_hash

from .chromium import PHONE, Browser
from .family import Commands, Family

pytestmark = pytest.mark.timeout(290)

DROP = """
const data = new DataTransfer();
data.items.add(new File([arguments[0]], arguments[1], { type: "image/jpeg" }));
for (const kind of ["dragover", "drop"]) {
  document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


def test_a_photo_of_the_camera_roll_is_restored_and_taken_along(site: Browser, library: Family):
    before = tree_hash(library.photos)
    site.look(PHONE)
    site.open("/people")
    site.settle()
    field = site.driver.find_element("id", "upload-field")
    field.send_keys(str(library.photos / "attic" / "david 1.jpg"))
    site.until(lambda: site.path.startswith("/uploads/"), "the photo's own page", seconds=60)
    site.click(".take-along a", "Save a copy", seconds=200)
    assert site.one(".compare")
    assert "David" in site.one(".made .chips").text
    assert site.too_wide() == []
    site.click("button", "Remove it")
    site.until_sees("Removed")
    assert site.all(".uploads li") == []
    assert tree_hash(library.photos) == before


def test_what_is_dropped_and_is_no_photo_is_refused_where_one_is(site: Browser):
    site.expect("400")
    site.open("/review")
    site.settle()
    site.driver.execute_script(DROP, "no photo at all", "letter.jpg")
    assert "letter.jpg" in site.one(".toast.error", "no photo that iconface can read").text
    assert site.path == "/review"


def test_a_click_opens_and_the_circle_chooses(site: Browser, library: Family):
    adam = library.people["adam"]
    site.open(f"/people/{adam}")
    site.settle()
    first, second = (t.get_attribute("id") for t in site.all("#faces .pickable")[:2])
    site.click(f"#{first} .pick")
    site.click(f"#{second} a")
    site.one("#faces-bar", "2 chosen")
    assert site.path == f"/people/{adam}"
    site.click("#faces-bar button", "Choose none")
    site.click(f"#{second} a")
    site.until(lambda: site.path.startswith("/photos/"), "the photo")


def test_the_blurred_photos_of_a_person_are_made_clear(site: Browser, library: Family, iconface: Commands):
    serena = library.people["serena"]
    site.open(f"/people/{serena}")
    promised = site.one("#blurred-title", "of Serena can be made clear").text
    assert site.all(".blurred-mark")
    site.click("#make-clear")
    site.until(lambda: site.path == "/cleanup", "the clean-up")
    site.until_sees("clearer|clear")
    run = iconface("cleanup", "status")["cleanup"]
    assert promised.startswith(f"{run['photos']} blurred photo")


@pytest.fixture
def iconface(library: Family) -> Commands:
    return library.commands()
