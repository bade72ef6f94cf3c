"""What a page shows to people who may not do everything: nothing that leads to a refusal."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

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

VISIBLE = """
const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
const at = {href: "GET", "hx-get": "GET", action: "POST", formaction: "POST", "hx-post": "POST"};
return [...document.querySelectorAll(Object.keys(at).map(a => `[${a}]`).join())].filter(e => seen(e) && !e.matches('[data-shows]')).flatMap(e =>
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
        users.add(app.gallery, "Vera", "viewer")
        users.add(app.gallery, "Rob", "reviewer")
        web = opened.enter_context(in_thread(app))
        yield opened.enter_context(proxy(web.port))


def wanted(method: str, address: str) -> Role | None:
    path = re.sub(r"[?#].*", "", address)
    fits = [r for (m, p), r in NEEDED.items() if m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)]
    return fits[0] if fits else None


@pytest.mark.parametrize(("name", "role"), [("Vera", "viewer"), ("Rob", "reviewer")])
def test_nothing_is_shown_that_is_refused(
    driver: webdriver.Chrome, port: int, library: Family, name: str, role: Role, tmp_path: Path
):
    site = Browser(driver, f"http://127.0.0.1:{port}")
    site.forget()
    site.look(DESKTOP)
    driver.get(f"http://{name}:x@127.0.0.1:{port}/")  # logs in; scripts may not load from such an address
    photo, person = library.photo_id("together/group.jpg"), library.people["david"]
    shown = [
        "/people",
        f"/people/{person}",
        f"/photos/{photo}",
        "/history",
        "/restorations",
        "/jobs",
        "/statistics",
        "/map",
    ]
    caller, leads = Caller(name, role), set[tuple[str, str]]()
    for path in [*shown, "/review"] if caller.may("reviewer") else shown:
        for size, theme in ((DESKTOP, "light"), (PHONE, DARK)):
            site.look(size, theme)
            site.open(path)
            site.settle()
            assert name in driver.find_element("css selector", ".signed-in").text
            leads |= {(m, a) for m, a in driver.execute_script(VISIBLE) if a.startswith("/")}
            site.shot(f"as-{role}{path.replace('/', '-')}-{size[0]}-{theme}")
            assert site.too_wide() == []
        assert findings(site) == []
    assert len(leads) > 30
    assert {(m, a) for m, a in leads if (needed := wanted(m, a)) is not None and not caller.may(needed)} == set()
    assert site.trouble() == []
    site.forget()
