"""A phone at home, in a Chromium of its own at 390 px: over TLS at a private address of this machine, which it trusts
by the certificate's key and by nothing else."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from plugin.app import App, build_app
from plugin.settings import load_settings
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.phone.door import OpenDoor
from plugin.web.phone.networks import home_addresses
from tests.plugin.web.phone.test_routes import FOR

from .accessibility import findings
from .chromium import DARK, LIGHT, PHONE, Browser, lacking, start
from .family import Family

pytestmark = pytest.mark.timeout(290)

LEADS = """
const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 1;
const told = (e, names) => names.map((name) => e?.getAttribute(name)).filter((to) => to?.startsWith("/"));
const sent = (button) => (button.type === "submit" ? told(button.form, ["hx-post", "action"]) : []);
return [...document.querySelectorAll("a, button")].filter(shown).flatMap((e) => [
  ...told(e, ["href", "hx-get"]).map((to) => `GET ${to}`),
  ...told(e, ["hx-post", "formaction"]).map((to) => `POST ${to}`),
  ...(e.form?.getAttribute("method") === "get" ? [] : sent(e).map((to) => `POST ${to}`)),
]).map((to) => to.split("?")[0]);
"""


@pytest.fixture
def app(library: Family) -> Iterator[App]:
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


@pytest.fixture
def web(app: App) -> Iterator[Web]:
    with make_web(app, 4711) as web:
        yield web


@pytest.fixture
def door(web: Web) -> OpenDoor:
    found = home_addresses()
    if not found:
        pytest.skip("this machine is in no private network, so no phone could reach it")
    return web.phone.open(found[0], 0, 30)


@pytest.fixture
def phone(door: OpenDoor, tmp_path: Path) -> Iterator[Browser]:
    """Not paired yet. At the end: no error in the console but those expected, and no request to anywhere else."""
    if missing := lacking():
        pytest.skip(f"{', '.join(missing)} not installed (see .ci/system-packages)")
    key = x509.load_pem_x509_certificate(door.certificate.file.read_bytes()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(der).digest()).decode()
    driver = start(tmp_path / "chromium", host=str(door.entrance.home.address), pin=pin)
    try:
        browser = Browser(driver, door.entrance.base)
        browser.look(PHONE)
        yield browser
        assert browser.trouble() == []
    finally:
        driver.quit()


def leads_to(browser: Browser) -> set[str]:
    """Where what is shown leads, which is no route for phones."""
    ours = [re.compile(f"{method} " + re.sub(r"\{[^}]+\}", "[^/]+", path)) for method, path in FOR]
    found: list[str] = browser.driver.execute_script(LEADS)
    assert found
    return {to for to in found if not any(o.fullmatch(to) for o in ours)}


def test_a_phone_looks_answers_and_goes(phone: Browser, web: Web, door: OpenDoor, library: Family):
    phone.expect("403")
    phone.open("/people")
    phone.until_sees("not paired")
    phone.driver.get(door.entrance.address())
    phone.until_sees(re.escape(door.certificate.fingerprint[:23]))
    assert phone.too_wide() == []
    assert findings(phone) == []
    phone.shot("phone-pair")
    phone.click("button", "Pair this phone")
    phone.until(lambda: phone.path == "/people", "the people")
    people = library.people
    portrait = library.photo_id("adam/old 0.jpg")
    pages = {
        "people": "/people",
        "person": f"/people/{people['adam']}",
        "photo": f"/photos/{portrait}",
        "restorations": "/restorations",
        "restoration": f"/restorations/{library.waiting}",
        "uploads": "/uploads",
        "review": "/review",
    }
    wrong: list[str] = []
    for name, path in pages.items():
        phone.open(path)
        phone.settle()
        wrong += [f"{name}: shows {to}" for to in leads_to(phone)]
        for theme in (LIGHT, DARK):
            phone.look(PHONE, theme)
            phone.settle()
            phone.shot(f"phone-{name}-{theme}")
        wrong += [f"{name}: {line}" for line in (*findings(phone), *phone.too_wide())]
    assert wrong == []

    asked = phone.one(".review-left").text
    phone.click("#review button", "Not sure")
    phone.until(lambda: phone.one(".review-left").text != asked, "the next question")
    phone.click(".toast button", "Undo")
    phone.until(lambda: phone.one(".review-left").text == asked, "the same question again")

    web.phone.devices.revoke(1)
    phone.click(".site-nav a", "People")
    phone.until_sees("not paired")
    web.phone.close()
