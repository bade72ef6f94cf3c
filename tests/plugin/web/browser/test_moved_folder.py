"""A folder that lies elsewhere now: from where it is missed to where it is, and back, in the browser."""

import shutil
from pathlib import Path

import pytest

from .accessibility import findings
from .chromium import DESKTOP, PHONE
from .conftest import Enter
from .family import Commands

pytestmark = pytest.mark.timeout(290)


def test_where_is_it_now(enter: Enter, sample: tuple[Path, Path], tmp_path: Path):
    old, new = tmp_path / "Photos", tmp_path / "new drive" / "Family photos"
    old.mkdir()
    for photo in sorted(sample[0].glob("*.jpg"))[:5]:
        shutil.copy2(photo, old / photo.name)
    home = tmp_path / "home"
    iconface = Commands(home)
    iconface("library", "add", old)
    iconface("scan")
    new.parent.mkdir()
    old.rename(new)

    site = enter(home)
    site.open("/library")
    site.until_sees("is the drive mounted")
    found: list[str] = []

    def look(name: str) -> None:
        for size, what in ((PHONE, "phone"), (DESKTOP, "desktop")):
            site.look(size)
            site.settle()
            site.shot(f"{name}-{what}")
            found.extend(findings(site))

    look("library-missing")
    site.click("a", "It has moved")
    site.until_sees("Where is “Photos” now")
    look("library-move-choose")
    site.click("summary", "type the path")
    site.fill("#typed-path", str(new.parent))
    site.click("details.typed button", "Use it")
    site.until_sees("holds none of the 5 photos")
    look("library-move-wrong")
    site.click("summary", "type the path")
    site.fill("#typed-path", str(new))
    site.click("details.typed button", "Use it")
    site.until_sees("5 photos will be looked for there")
    look("library-move-confirm")
    assert iconface("library", "list")["roots"][0]["path"] == str(old)
    site.click("#move-now")
    site.until_sees("is here now")
    look("library-moved")
    assert iconface("library", "list")["roots"][0]["path"] == str(new)
    site.click("#move-back")
    site.until_sees("is the drive mounted")
    assert iconface("library", "list")["roots"][0]["path"] == str(old)
    assert found == []
