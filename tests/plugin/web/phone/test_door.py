"""The door itself: a real socket with TLS on a private address of this machine."""

import gc
import http.client
import ipaddress
import re
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import unquote, urlsplit

import anyio
import pytest
from starlette.testclient import TestClient

from plugin.app import App
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.phone.door import OpenDoor
from plugin.web.phone.entrance import COOKIE
from plugin.web.phone.networks import HomeAddress, home_addresses
from plugin.web.server.live import Live
from plugin.web.server.running import told
from tests.plugin.web.real_server import in_thread
from tests.support.library import Cli, Library
from tests.support.narrow import present
from tests.support.waiting import until


@pytest.fixture
def home() -> HomeAddress:
    """An address by which phones reach this machine; where it has none, loopback stands in for the network."""
    loopback = HomeAddress(ipaddress.ip_address("127.0.0.1"), ipaddress.ip_network("127.0.0.0/8"), "lo")
    return next(iter(home_addresses()), loopback)


@pytest.fixture
def web(app: App) -> Iterator[Web]:
    """A page whose door may be opened."""
    with make_web(app, 4711) as web:
        yield web


def connection(door: OpenDoor) -> http.client.HTTPSConnection:
    """As a browser that accepted this certificate, and no other."""
    pinned = ssl.create_default_context(cafile=str(door.certificate.file))
    return http.client.HTTPSConnection(urlsplit(door.entrance.base).netloc, context=pinned, timeout=30)


def answers(door: OpenDoor) -> bool:
    with suppress(OSError), closing(connection(door)) as asking:
        asking.request("GET", "/pair")
        return asking.getresponse().status == 200
    return False


def test_a_phone_comes_in_over_tls_and_nobody_without(web: Web, home: HomeAddress):
    door = web.phone.open(home, 0, 5)
    assert web.phone.open(home, 0, 5) is door
    base, port = door.entrance.base, urlsplit(door.entrance.base).port
    with closing(connection(door)) as phone:
        phone.request("GET", "/people")
        refused = phone.getresponse()
        assert (refused.status, b"paired" in refused.read()) == (403, True)
        form = {"Origin": base, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        phone.request("POST", "/pair", f"code={door.entrance.invitations.code()}", form)
        paired = phone.getresponse()
        paired.read()
        assert paired.status == 303
        cookie = paired.getheader("Set-Cookie", "").partition(";")[0]
        assert cookie.startswith(COOKIE)
        phone.request("GET", "/people", headers={"Cookie": cookie})
        shown = phone.getresponse()
        assert (shown.status, b"<h1>People</h1>" in shown.read()) == (200, True)
    assert home.host in base
    plain = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    with closing(plain), pytest.raises((http.client.HTTPException, ConnectionError)):
        plain.request("GET", "/people", headers={"Cookie": cookie})
        plain.getresponse()
    if not home.address.is_loopback:
        elsewhere = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with closing(elsewhere), pytest.raises(ConnectionRefusedError):
            elsewhere.request("GET", "/people")
    web.phone.close()
    assert web.phone.opened is None
    assert not answers(door)
    again = web.phone.open(home, 0, 5)
    assert again.certificate == door.certificate
    assert again.entrance.devices.all()[0].name == "A device"


def test_it_closes_by_itself(web: Web, home: HomeAddress):
    door = web.phone.open(home, 0, 0.01)
    until(lambda: web.phone.opened is None)
    until(lambda: not answers(door))


def test_it_closes_with_the_page(app: App, home: HomeAddress):
    with make_web(app, 4711) as web:
        door = web.phone.open(home, 0, 5)
        assert answers(door)
    assert not answers(door)


def test_a_phone_that_says_nothing_leaves_nothing_open(web: Web, home: HomeAddress):
    """Neither one that never begins to speak TLS nor one that never says farewell."""
    door = web.phone.open(home, 0, 5)
    address = (str(home.address), urlsplit(door.entrance.base).port)
    with closing(connection(door)) as idle, closing(socket.create_connection(address)):
        idle.request("GET", "/pair")
        assert idle.getresponse().read()
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always", ResourceWarning)
            web.phone.close()
            gc.collect()
    assert [str(w.message) for w in left] == []


def test_it_is_closed_until_somebody_opens_it(web: Web):
    assert (web.phone.opened, web.phone.listeners) == (None, 0)
    assert not web.app.settings.folders.phones.exists()


def test_the_page_opens_it_shows_a_code_and_closes_it(site: TestClient, web: Web):
    shown = site.get("/phones").text
    if not home_addresses():
        assert "in no private network now" in shown
        assert site.post("/phones/open").status_code == 400
        return
    assert 'id="open-door"' in shown
    assert site.post("/phones/open", data={"address": "8.8.8.8"}).status_code == 400
    assert web.phone.opened is None
    opened = site.post("/phones/open", data={"address": str(home_addresses()[0].address)}).text
    door = web.phone.opened
    assert door is not None
    assert [part in opened for part in ("<svg", door.certificate.fingerprint, "60 minutes left")] == [True] * 3
    seen = unquote(present(re.search(r"now\?seen=([^\"]*)", opened))[1])
    assert site.get("/phones/now", params={"seen": seen}).status_code == 204
    assert door.entrance.invitations.take(door.entrance.invitations.code())
    door.entrance.devices.pair("iPhone, Safari")
    paired = site.get("/phones/now", params={"seen": seen}).text
    assert ("iPhone, Safari" in paired, 'id="another-code"' in paired, 'class="qr"' in paired) == (True, True, False)
    assert not door.entrance.invitations.waiting  # reading makes no code
    assert "iPhone, Safari" not in site.post("/phones/1/revoke").text
    assert site.post("/phones/1/revoke").status_code == 404
    assert 'id="open-door"' in site.post("/phones/close").text
    assert not answers(door)


def test_what_phones_listen_to_ends_soon(web: Web):
    """So that one that was revoked is told nothing more."""
    live = Live(web.app.gallery, longest_s=0)

    async def listen() -> int:
        return len([piece async for piece in live.stream()])

    assert anyio.run(listen) == 1


def test_the_commands(library: Library, cli: Cli, app: App):
    here = home_addresses()
    assert "8.8.8.8 is no address of this machine" in str(cli("web", "--phone-address", "8.8.8.8", code=2)["error"])
    if not here:
        pytest.skip("this machine is in no private network")
    options = ("web", "--phone", "--no-browser", "--phone-address", str(here[0].address))
    with in_thread(app) as web, told(app.settings.folders.runtime, web.port, web.sessions.secret):
        first = cli(*options)
        door = web.phone.opened
        assert door is not None
        assert first["phone"]["fingerprint"] == door.certificate.fingerprint
        assert first["phone"]["url"] == cli(*options)["phone"]["url"]  # it waits for a phone still
        assert answers(door)
        web.phone.devices.pair("iPhone, Safari")
        [row] = cli("phones", "list")["phones"]
        assert (row["number"], row["name"]) == (1, "iPhone, Safari")
        assert cli("phones", "revoke", 1)["revoked"] == 1
        assert cli("phones", "revoke", 1, code=3)
        assert cli("phones", "close")["closed"] is True
        assert not answers(door)
        assert web.phone.opened is None
