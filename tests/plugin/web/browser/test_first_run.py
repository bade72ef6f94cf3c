"""From an empty home to the first named person, in the browser alone."""

from pathlib import Path

import pytest

from .conftest import Enter
from .family import Commands, Family

pytestmark = pytest.mark.timeout(290)


def test_the_first_name(enter: Enter, family: Family, tmp_path: Path):
    home = tmp_path / "new home"
    site = enter(home)
    site.until_sees("Where are your photos")
    assert site.path == "/welcome"
    site.settle()
    site.shot("welcome-first")

    site.click("summary", "type the path")
    site.fill("#typed-path", str(family.photos / "serena"))
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
