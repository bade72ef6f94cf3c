"""Without a mouse: Tab reaches everything in order, what has the focus is seen, and `?` says which keys there are."""

import pytest
from selenium.webdriver.common.keys import Keys

from .chromium import Browser
from .family import Family

pytestmark = pytest.mark.timeout(240)

FOCUS = """
const e = document.activeElement;
if (e === document.body) return null;
const shown = e.closest('label') ?? e;
const look = () => [shown, ...shown.querySelectorAll('*')].map(c => {
  const s = getComputedStyle(c);
  return [s.outline, s.boxShadow, s.borderColor, s.backgroundColor, s.stroke, s.strokeWidth, s.top].join();
}).join();
const focused = look();
e.blur();
const marked = focused !== look();
e.focus({preventScroll: true});
return {
  what: [e.tagName.toLowerCase(), e.id, (e.getAttribute('aria-label') ?? e.textContent).trim().slice(0, 40)].join(' '),
  seen: [e, ...e.children].map(c => c.getBoundingClientRect())
    .some(b => b.width > 0 && b.height > 0 && b.bottom > 0 && b.top < innerHeight),
  marked,
};
"""
"""Where the focus is, whether it is in sight, and whether it looks different from an element without it."""


def walk(browser: Browser, most: int = 60) -> list[str]:
    """What Tab stops at, from the top of the page until it leaves it."""
    stops: list[str] = []
    for _ in range(most):
        browser.press(Keys.TAB)
        at = browser.driver.execute_script(FOCUS)
        if at is None or at["what"] in stops[:1]:
            break
        assert at["seen"], f"focus out of sight: {at['what']} after {stops}"
        assert at["marked"], f"focus not visible: {at['what']}"
        stops.append(at["what"])
    return stops


@pytest.mark.parametrize(
    "path", ["/people", "/people/{adam}", "/review", "/photos/{photo}", "/restorations", "/library"]
)
def test_tab_goes_through_the_page_and_focus_is_visible(shared_site: Browser, library: Family, path: str):
    ids = {"adam": library.people["adam"], "photo": library.photo_id("together/group.jpg")}
    site = shared_site
    site.look()
    site.open(path.format(**ids))
    site.settle()
    stops = walk(site)
    assert "Skip to the content" in stops[0]
    assert [s for s in stops if s.startswith("a ")][1:7] != []
    assert any("People" in s for s in stops[1:4]), stops
    assert len(stops) > 12, stops


def test_skip_help_and_escape(shared_site: Browser):
    site = shared_site
    site.look()
    site.open("/people")
    site.settle()
    site.press(Keys.TAB, Keys.ENTER)
    assert site.driver.execute_script("return document.activeElement.id") == "content"
    site.press("?")
    site.one("#keys[open]", "Keys of this page")
    site.shot("keys", whole=False)
    site.press(Keys.ESCAPE)
    site.until(lambda: not site.all("#keys[open]"), "the list is closed")


def test_people_are_walked_chosen_and_opened(shared_site: Browser):
    site = shared_site
    site.look()
    site.open("/people")
    site.settle()
    first, second = (e.get_attribute("data-item") for e in site.all("#people-list .person")[:2])
    site.driver.execute_script("document.querySelector('#people-list [data-stop]').focus()")
    site.press("x", Keys.ARROW_RIGHT, "x")
    site.one("#people-bar", "2 chosen")
    site.press("m")
    site.one("#sheet[open]", "the same person")
    site.press(Keys.ESCAPE)
    site.until(lambda: not site.all("#sheet[open]"), "the question is closed")
    site.driver.execute_script(f"document.querySelector('#person-{second} [data-stop]').focus()")
    site.press(Keys.ENTER)
    site.until(lambda: site.path == f"/people/{second}", "the page of the second")
    assert first != second


def test_similar_faces_by_key_and_taken_back(site: Browser, library: Family):
    site.open(f"/people/{library.people['andre']}")
    site.one("#similar-yes")
    asked = site.one("#similar img.ask").get_attribute("src")
    site.press("n")
    site.until(
        lambda: (
            (site.one("#similar").get_attribute("data-but") or "")
            or site.one("#similar img.ask").get_attribute("src") != asked
        ),
        "the next face",
    )
    site.press("u")
    site.until_sees("Taken back")
