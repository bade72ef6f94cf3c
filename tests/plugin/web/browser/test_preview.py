"""A preview in the browser: from the form of a photo to before and after, and what a changed box says."""

import pytest

from plugin.app import build_app
from plugin.settings import load_settings
from tests.support.previews import shown_at_once

from .accessibility import COLOURS, RULES, findings
from .chromium import DARK, DESKTOP, LIGHT, PHONE, Browser
from .family import Family


def ask(site: Browser, library: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a preview that nobody works at yet."""
    monkeypatch.setattr("plugin.web.pages.preview.ensure_worker", lambda folders: None)
    site.open(f"/photos/{library.photo_id('together/group.jpg')}")
    site.click(".whole-photo summary")
    site.click(".whole-photo button", "Preview")
    site.until_sees("It waits its turn")


def test_it_comes_by_itself_and_goes_stale_in_sight(site: Browser, library: Family, monkeypatch: pytest.MonkeyPatch):
    ask(site, library, monkeypatch)
    app = build_app(load_settings(library.home, {}))
    shown_at_once(app)
    app.close()
    site.one(".compare.ready")
    assert site.sees("2 faces are restored in the copy only")

    stale = site.all("[data-stale]")[0]
    assert not stale.is_displayed()
    fading = site.one("input[value=fading]")
    site.driver.execute_script("arguments[0].focus()", fading)
    site.press(" ")
    assert stale.is_displayed()
    assert site.all(".r-look.stale")
    found: dict[str, None] = {}
    for size, theme in ((DESKTOP, LIGHT), (PHONE, DARK)):
        site.look(size, theme)
        site.settle()
        site.shot(f"preview-{'phone' if size == PHONE else 'desktop'}-{theme}")
        found |= dict.fromkeys(findings(site, RULES if theme == LIGHT else COLOURS))
    found |= dict.fromkeys(site.too_wide())
    assert not found, "\n".join(found)
    site.press(" ")
    assert not stale.is_displayed(), "as it was made"


def test_it_can_be_stopped(site: Browser, library: Family, monkeypatch: pytest.MonkeyPatch):
    ask(site, library, monkeypatch)
    found: dict[str, None] = {}
    for size, theme in ((DESKTOP, LIGHT), (PHONE, DARK)):
        site.look(size, theme)
        site.shot(f"preview-waits-{'phone' if size == PHONE else 'desktop'}-{theme}")
        found |= dict.fromkeys(findings(site, RULES if theme == LIGHT else COLOURS))
    found |= dict.fromkeys(site.too_wide())
    assert not found, "\n".join(found)
    site.click(".r-progress button", "Stop")
    site.until_sees("It was cancelled")
    assert not site.all(".r-progress")
