"""From an empty home to the first restoration that is kept, in the browser alone."""

import shutil
from pathlib import Path

import pytest

from .conftest import Enter
from .family import Commands, Family

pytestmark = pytest.mark.timeout(290)


def test_the_first_name_and_the_first_restoration(enter: Enter, family: Family, tmp_path: Path):
    home, photos = tmp_path / "new home", tmp_path / "Serena and an old print"
    shutil.copytree(family.photos / "serena", photos)
    shutil.copy(family.photos / "attic" / "serena 0.jpg", photos / "old print.jpg")
    site = enter(home)
    site.until_sees("Where are your photos")
    assert site.path == "/welcome"
    site.settle()
    site.shot("welcome-first")

    site.click("summary", "type the path")
    site.fill("#typed-path", str(photos))
    site.click("details.typed button", "Use it")
    site.until_sees("Looking through your photos")
    site.shot("welcome-looking")
    site.click("a", "See who they are", seconds=200)

    site.until_sees("Who is this")
    site.settle()
    site.shot("welcome-people")
    site.fill(".name-card input[name=name]", "Aunt Serena")
    site.click(".name-card button", "Save")
    site.until_sees("This is Aunt Serena")
    assert [p["name"] for p in Commands(home)("people", "list")["people"]] == ["Aunt Serena"]
    site.click("a", "Go on")
    site.until_sees("Ready")
    site.settle()
    site.shot("welcome-ready")
    site.click("a", "To all people")
    site.until_sees("Aunt Serena")
    assert site.path == "/people"

    [old] = Commands(home)("faces", "list", "--photo", photos / "old print.jpg")["faces"]
    site.click("a", "Aunt Serena")
    site.until_sees("can be made clear")
    site.click(f"#face-{old['face_id']} a")
    site.click(".restoring button", "Restore this face")
    site.click(".restoring a", "Before and after", seconds=200)
    site.until_sees("Photos that helped")
    site.settle()
    site.shot("first-restoration")
    site.press("a")
    site.until_sees("Kept")
    [kept] = Commands(home)("restored", "list")["restorations"]
    assert (kept["decided"], Path(kept["output"]).is_file()) == ("accepted", True)
