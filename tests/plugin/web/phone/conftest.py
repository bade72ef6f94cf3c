"""The door for phones over a copy of the scanned sample, without a socket: `phone.get("/people")`."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from plugin.web.context import Web
from plugin.web.phone.devices import Devices
from plugin.web.phone.entrance import PhoneEntrance
from plugin.web.phone.networks import HomeAddress
from plugin.web.server.live import Live
from plugin.web.site import make_phone_site
from tests.plugin.web.test_guarded import copy_of
from tests.support.library import Library

HOST, PORT = "192.168.7.5", 8766
AT_HOME = HomeAddress(ipaddress.ip_address(HOST), ipaddress.ip_network("192.168.7.0/24"), "wlan0")
BASE = f"https://{HOST}:{PORT}"
PEER = ("192.168.7.31", 40_000)
OWN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def web(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One gallery for a module: what is refused, and what reads, changes nothing."""
    with copy_of(scanned, tmp_path_factory.mktemp("phones") / "home") as web:
        yield web


@pytest.fixture
def entrance(tmp_path: Path) -> PhoneEntrance:
    """A door as `PhoneDoor` opens it, to which nobody was paired."""
    return PhoneEntrance(AT_HOME, PORT, Devices(tmp_path), "AB:CD")


@pytest.fixture
def stranger_phone(web: Web, entrance: PhoneEntrance) -> Iterator[TestClient]:
    """A phone of the same network that was not paired."""
    site = make_phone_site(web, entrance, Live(web.app.gallery))
    with TestClient(site, base_url=BASE, client=PEER, follow_redirects=False) as client:
        client.headers.update(OWN)
        yield client


@pytest.fixture
def phone(stranger_phone: TestClient, entrance: PhoneEntrance) -> TestClient:
    """One that scanned the code."""
    assert stranger_phone.post("/pair", data={"code": entrance.invitations.code()}).status_code == 303
    return stranger_phone
