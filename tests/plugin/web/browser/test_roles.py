"""What a page shows to people who may not do everything: nothing that leads to a refusal."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from selenium import webdriver

from gallery_db.records import Role
from plugin import users
from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.server.callers import Caller
from tests.plugin.web.behind_proxy import proxy, settings
from tests.plugin.web.real_server import in_thread
from tests.plugin.web.test_roles import NEEDED

from .accessibility import findings
from .chromium import DARK, DESKTOP, PHONE, Browser
from .family import Family

pytestmark = pytest.mark.timeout(240)

USERS: dict[str, Role] = {"Vera": "viewer", "Rob": "reviewer"}

VISIBLE = """
const seen = e => !e.matches('[data-shows]') && e.checkVisibility({visibilityProperty: true, opacityProperty: true});
const at = {href: "GET", "hx-get": "GET", action: "POST", formaction: "POST", "hx-post": "POST"};
return [...document.querySelectorAll(Object.keys(at).map(a => `[${a}]`).join())].filter(seen).flatMap(e =>
  Object.keys(at).filter(a => e.hasAttribute(a)).map(a =>
    [a === "action" && (e.method || "get") === "get" ? "GET" : at[a], e.getAttribute(a)]));
"""


@pytest.fixture
def port(library: Family) -> Iterator[int]:
    """A proxy's, in front of the family's page."""
    settings(library.home)
    with ExitStack() as opened:
        app = build_app(load_settings(library.home, {}))
        opened.callback(app.close)
        for name, role in USERS.items():
            users.add(app.gallery, name, role)
        web = opened.enter_context(in_thread(app))
        yield opened.enter_context(proxy(web.port))


def wanted(method: str, address: str) -> Role | None:
    path = re.sub(r"[?#].*", "", address)
    fits = [r for (m, p), r in NEEDED.items() if m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)]
    return fits[0] if fits else None


PAGES: dict[Role, tuple[str, ...]] = {
    "viewer": ("/people", "/people/{person}", "/photos/{photo}", "/history", "/restorations", "/jobs"),
    "reviewer": ("/people/{person}", "/review", "/photos/{photo}"),
}


def test_nothing_is_shown_that_is_refused(driver: webdriver.Chrome, port: int, library: Family):
    ids = {"photo": library.photo_id("together/group.jpg"), "person": library.people["david"]}
    site = Browser(driver, f"http://127.0.0.1:{port}")
    for name, role in USERS.items():
        site.forget()
        site.look(DESKTOP)
        driver.get(f"http://{name}:x@127.0.0.1:{port}/history")  # scripts may not load from such an address
        leads: set[tuple[str, str]] = set()
        for path in PAGES[role]:
            site.open(path.format(**ids))
            site.settle()
            assert name in driver.find_element("css selector", ".signed-in").text
            leads |= {(m, a) for m, a in driver.execute_script(VISIBLE) if a.startswith("/")}
            site.shot(f"as-{role}{path.format(**ids).replace('/', '-')}")
        assert len(leads) > 30
        refused = {(m, a) for m, a in leads if not Caller(name, role).may(wanted(m, a) or "viewer")}
        assert refused == set()
        assert findings(site) == []
        site.look(PHONE, DARK)
        assert site.too_wide() == []
        assert site.trouble() == []
    site.forget()
