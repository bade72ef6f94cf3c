"""A photo in the browser: a box drawn by hand, a face restored by the real service, and what came of it judged."""

from pathlib import Path
from typing import Any

import pytest

from .chromium import Browser
from .family import Commands, Family

pytestmark = pytest.mark.timeout(280)


@pytest.fixture
def iconface(library: Family) -> Commands:
    return library.commands()


def faces_in(iconface: Commands, photo: Path) -> list[dict[str, Any]]:
    return iconface("faces", "list", "--photo", photo)["faces"]


def test_a_box_drawn_by_hand_is_a_face_with_a_name(site: Browser, library: Family, iconface: Commands):
    photo = library.photos / "together" / "group.jpg"
    before = faces_in(iconface, photo)
    site.open(f"/photos/{library.photo_id('together/group.jpg')}")
    site.settle()
    site.press("a")
    site.drag(site.one("#picture"), (0.04, 0.6), (0.14, 0.9))
    site.fill("#draw-name", "Penny")
    site.click("#draw-form button", "Add this face")
    site.until_sees("Added Penny")
    site.until(lambda: len(site.all(".face-card")) == len(before) + 1, "one face more")
    [new] = [f for f in faces_in(iconface, photo) if f["face_id"] not in {b["face_id"] for b in before}]
    assert new["person_name"] == "Penny"
    width = site.driver.execute_script("return Number(document.getElementById('photo-page').dataset.width)")
    assert new["bbox"][0] == pytest.approx(0.04 * width, abs=0.02 * width)
    assert new["bbox"][2] == pytest.approx(0.14 * width, abs=0.02 * width)

    site.click(".toast button", "Undo")
    site.until(lambda: len(site.all(".face-card")) == len(before), "the box is gone")
    assert len(faces_in(iconface, photo)) == len(before)


def test_no_not_them_and_back(site: Browser, library: Family, iconface: Commands):
    photo = library.photos / "david" / "0.jpg"
    [face] = faces_in(iconface, photo)
    site.open(f"/photos/{library.photo_id('david/0.jpg')}")
    site.click(".face-card button", "No")
    site.until_sees("Not David")
    assert faces_in(iconface, photo)[0]["person_id"] is None
    site.click(".toast button", "Undo")
    site.until(lambda: faces_in(iconface, photo)[0]["person_id"] == face["person_id"], "it is David again")
    site.until(lambda: site.one(".face-card h3").text == "David", "and the page says so")


@pytest.mark.timeout(290)
def test_a_face_is_restored_by_the_service_and_kept(site: Browser, library: Family, iconface: Commands):
    ruined = "attic/david 1.jpg"
    photo = library.photos / ruined
    assert iconface("restored", "list", photo)["restorations"] == []
    site.open(f"/photos/{library.photo_id(ruined)}")
    site.click(".restoring button", "Restore this face")
    site.until_sees("Waiting|being restored")
    site.click(".restoring a", "Before and after", seconds=200)
    site.until(lambda: site.path.startswith("/restorations/"), "before and after")
    [row] = iconface("restored", "list", photo)["restorations"]
    assert Path(row["output"]).is_file()
    assert row["decided"] is None
    site.settle()
    site.shot("restored-by-the-service")
    site.press("a")
    site.until_sees("Kept")
    site.driver.refresh()
    site.until_sees("Kept")
    assert iconface("restored", "list", photo)["restorations"][0]["decided"] == "accepted"


def test_several_restorations_are_kept_at_once(site: Browser, iconface: Commands):
    def waiting() -> list[dict[str, Any]]:
        return [r for r in iconface("restored", "list")["restorations"] if r["decided"] is None]

    assert len(waiting()) == 2
    site.open("/restorations")
    for box in site.all("[data-pick]"):
        site.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
    site.one("#selected", "2 selected")
    site.click("#bar button", "Keep all")
    site.until_sees("2 kept")
    assert waiting() == []
    site.until_sees("Nothing waits for your decision")
    site.click(".toast button", "Undo")
    site.until(lambda: len(waiting()) == 2, "both wait again")
    site.until(lambda: len(site.all("[data-pick]")) == 2, "and the page says so")
    site.driver.execute_script("for (const box of document.querySelectorAll('[data-pick]')) box.click()")
    site.click("#bar button", "Keep all")
    site.until(lambda: waiting() == [], "kept again")
    site.open("/restorations?tab=kept")
    site.until(lambda: len(site.all("[data-card]")) == 3, "three are kept")
