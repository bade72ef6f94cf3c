"""Nothing lies over what is to be pressed or looked at: not a message, not a bar, not the edge of a low window."""

import json
import os
import signal
from itertools import pairwise

import pytest

from .chromium import DESKTOP, PHONE, Browser
from .family import Family

pytestmark = pytest.mark.timeout(240)

ZOOMED = (720, 450)
"""A laptop's window of 1440 x 900 at 200 %."""

CONTROLS = """
const over = document.getElementById('toasts');
const controls = [...document.querySelectorAll('a, button, input, summary, select')].filter(e => !over.contains(e));
const met = e => {
  const b = e.getBoundingClientRect();
  return b.width ? document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) : null;
};
"""
COVERED = f"{CONTROLS} return controls.filter(e => over.contains(met(e))).map(e => e.outerHTML.slice(0, 90));"
"""Controls that a click in their middle would miss, because it meets a message."""

REACHED = f"{CONTROLS} controls.filter(e => e.contains(met(e))).forEach(e => e.toggleAttribute('data-reached'));"
"""Marks the controls that a click in their middle meets."""

NO_MORE = f"{CONTROLS} return controls.filter(e => 'reached' in e.dataset && over.contains(met(e))).length;"
"""How many of these a message has covered since."""

WHOLLY_SEEN = """
return [...document.querySelectorAll(arguments[0])].map(e => {
  const b = e.getBoundingClientRect();
  const inside = b.width > 40 && b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight;
  return inside && [[.5, .1], [.1, .5], [.5, .5], [.9, .5], [.5, .9]].every(([x, y]) => {
    const hit = document.elementFromPoint(b.x + x * b.width, b.y + y * b.height);
    return e === hit || e.contains(hit);
  });
});
"""


def wholly_seen(browser: Browser, css: str) -> list[bool]:
    seen: list[bool] = browser.driver.execute_script(WHOLLY_SEEN, css)
    return seen


@pytest.mark.parametrize("size", [DESKTOP, PHONE, ZOOMED], ids=["desktop", "phone", "zoomed"])
def test_a_message_covers_no_control(site: Browser, size: tuple[int, int]):
    site.look(size)
    site.open("/review?kind=join")
    for scrolled in (0, 300):
        site.driver.execute_script("scrollTo(0, arguments[0])", scrolled)
        site.press("s")
        site.until(lambda: site.sees("Put off for"), "the message")
        site.settle()
        assert len(site.all(".toast")) == 1, "one at a time"
        assert all(wholly_seen(site, ".toast"))
        assert site.driver.execute_script(COVERED) == []
    site.shot(f"message-review-{size[0]}", whole=False)
    site.open("/restorations")
    site.settle()
    [*_, keep] = site.all(".r-card button[value^=keep]")
    site.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", keep)
    site.driver.execute_script(REACHED)
    keep.click()
    site.one(".toast", "Undo")
    site.settle()
    site.shot(f"message-restorations-{size[0]}", whole=False)
    assert site.driver.execute_script(NO_MORE) == 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE, ZOOMED], ids=["desktop", "phone", "zoomed"])
def test_a_name_that_somebody_has_is_asked_about_where_it_was_written(site: Browser, size: tuple[int, int]):
    site.look(size)
    site.open("/review?kind=who")
    site.press("w")
    site.press("Serena\ue007")
    site.until_sees("Serena is known already")
    site.settle()
    site.shot(f"known-already-{size[0]}", whole=False)
    assert site.focused().text.startswith("Yes, this is Serena")
    assert wholly_seen(site, ".offers button") == [True]
    covers = wholly_seen(site, ".covers img")
    assert len(covers) >= 2
    assert all(covers)


def test_the_face_in_question_can_be_seen_in_a_low_window(site: Browser):
    site.look(ZOOMED)
    site.open("/review?kind=join")
    site.settle()
    site.driver.execute_script("document.querySelector('.asked-first img').scrollIntoView({block: 'center'})")
    site.shot("review-zoomed", whole=False)
    assert wholly_seen(site, ".asked-first img") == [True]
    site.driver.execute_script("document.querySelector('.answers').scrollIntoView({block: 'center'})")
    assert all(wholly_seen(site, ".answers form button"))


def test_a_link_of_an_ended_server_says_how_to_start_it_again(site_of_the_command: Browser, library: Family):
    site = site_of_the_command
    site.open("/people")
    site.settle()
    site.expect("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")
    server = json.loads((library.home / "data" / "run" / "web.json").read_text())
    os.kill(server["pid"], signal.SIGTERM)
    site.one(".toast", "iconface does not answer")
    site.click("nav a", "Library")
    site.one("h1", "iconface has ended")
    site.shot("ended", whole=False)
    assert site.sees("iconface web")
    assert site.focused().text == "iconface has ended"
    assert site.path == "/people", "no error page of the browser"


def test_a_warned_merge_is_not_one_key_away(site: Browser, library: Family):
    """Both are in the photo of all: Enter alone must not make them one."""
    site.open("/people")
    site.click("#choose-button")
    for who in ("serena", "david"):
        site.driver.execute_script(
            "document.querySelector(arguments[0]).click()", f"#person-{library.people[who]} [data-pick]"
        )
    site.click("#people-bar button", "One person")
    site.until_sees("rarely the same person")
    site.until(lambda: site.focused().text == "Cancel", "the focus on Cancel")


def test_labels_on_a_phone_keep_apart(site: Browser):
    site.look(PHONE)
    site.open("/people")
    edges = site.driver.execute_script(
        "return [...document.querySelectorAll('.site-nav a > span:not(.busy)')].map(e => e.getBoundingClientRect())"
        ".filter(b => b.width).map(b => [b.left, b.right])"
    )
    assert len(edges) == 5
    gaps = [right[0] - left[1] for left, right in pairwise(edges)]
    assert min(gaps) >= 4, gaps
