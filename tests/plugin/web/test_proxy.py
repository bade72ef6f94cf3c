"""A real proxy in front of the real page, and what others may try without it."""

import base64
import http.client
import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugin.cli.main import run
from plugin.errors import UsageError
from plugin.settings import load_settings
from plugin.web.make import proxied
from tests.plugin.web.behind_proxy import ORIGIN, SECRET, proxy, settings
from tests.plugin.web.real_server import Answer, Server, read_answer, started
from tests.support.library import Library

HOST = ORIGIN.partition("//")[2]


@dataclass(frozen=True)
class Site:
    """The page itself, and the proxy's port in front of it."""

    page: Server
    proxy: int

    def through(self, name: str | None, path: str, method: str = "GET", body: str = "", /, **headers: str) -> Answer:
        """What somebody gets who logs in at the proxy by this name."""
        here = f"127.0.0.1:{self.proxy}"
        sent = {"Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"} if method != "GET" else {}
        sent |= {k.replace("_", "-"): v for k, v in headers.items()}
        if name is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{name}:x".encode()).decode()
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(http.client.HTTPConnection("127.0.0.1", self.proxy, timeout=30)) as connection:
            connection.request(method, path, body.encode() or None, sent)
            answer = connection.getresponse()
            return Answer(answer.status, [(k.lower(), v) for k, v in answer.getheaders()], answer.read())

    def bare(self, *lines: str, source: str = "127.0.0.1", first: str = "GET /people HTTP/1.1") -> Answer:
        """What a program of this machine gets that sends these headers to the page itself."""
        address = ("127.0.0.1", self.page.port)
        with closing(socket.create_connection(address, 30, source_address=(source, 0))) as connection:
            connection.sendall("\r\n".join([first, *lines, "Connection: close", "", ""]).encode())
            return read_answer(connection)


@pytest.fixture(scope="module")
def site(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("proxy") / "home"
    shutil.copytree(scanned.home, home)
    settings(home)
    for name, role in (("Vera", "viewer"), ("Zoé", "reviewer")):
        assert run(["--home", str(home), "--quiet", "users", "add", name, role]) == 0
    with started(home, "--here") as page, proxy(page.port) as port:
        yield Site(page, port)


def test_whom_the_proxy_logs_in_is_let_in(site: Site):
    assert site.through(None, "/people").status == 401
    shown = site.through("Zoé", "/people")
    assert (shown.status, "Zoé" in shown.body.decode()) == (200, True)
    assert site.through("Zoé", "/static/css/iconface.css").status == 200
    assert site.through("stranger", "/people").status == 403
    named = site.through("Zoé", "/people/1").body.decode()
    stamp = re.search(r'name="stamp" value="(\w+)"', named)
    assert stamp
    body = f"name=Ada&stamp={stamp[1]}"
    assert site.through("Vera", "/people/1/name", "POST", body).status == 403
    assert site.through("Zoé", "/people/1/name", "POST", body).status == 200
    history = site.through("Vera", "/history").body.decode()
    assert "· Zoé" in history
    assert "/undo/" not in history
    assert site.page.ask("/people").status == 200, "the owner's own browser, as always"
    assert "· Zoé" in site.page.ask("/history").body.decode()


def test_another_site_cannot_act_through_a_browser_that_is_logged_in(site: Site):
    for headers in (
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
    ):
        assert site.through("Zoé", "/people/1/name", "POST", "name=Eve", **headers).status == 403
    assert site.through("Zoé", "/pictures/face/1", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403


GOOD = (f"Host: {HOST}", f"X-Iconface-Secret: {SECRET}", "X-Forwarded-User: Vera")


def test_the_page_itself_believes_no_header_but_the_proxys(site: Site):
    here, cookie = f"Host: 127.0.0.1:{site.page.port}", f"Cookie: {site.page.cookie}"
    host, secret, user = GOOD
    assert site.bare(*GOOD).status == 200, "what is taken away below is all that it needs"
    for lines in (
        (host, user),  # no secret
        (host, user, "X-Iconface-Secret:"),
        (host, user, f"X-Iconface-Secret: {SECRET[:-1]}"),
        (host, user, f"X-Iconface-Secret: {SECRET}x"),
        (host, user, f"X-Iconface-Secret: {SECRET.upper()}"),
        (host, user, "X-Iconface-Secret: \u00e9" + SECRET),
        (host, secret),  # no name
        (host, secret, "X-Forwarded-User:"),
        (host, secret, "X-Forwarded-User: \u202eareV"),
        (host, secret, "X-Forwarded-User: vera"),  # somebody else
        (host, secret, "X_Forwarded_User: Vera"),
        (host, secret, "X-Forwarded-User : Vera"),
        (*GOOD, user),  # twice, whoever comes first
        (*GOOD, "X-Forwarded-User: Zoé"),
        (host, secret, "X-Forwarded-User: Vera, Zoé"),
        (*GOOD, secret),
        (*GOOD, "X-Iconface-Secret: wrong"),
        (host, cookie),  # the owner's cookie opens the owner's door only
        (here, user),
        (here, secret, user),  # nor is the owner's door opened by the proxy's secret
        (here, cookie, user),
        (here, cookie, secret),
        (here, cookie, secret, user),
        (host, f"Host: 127.0.0.1:{site.page.port}", secret, user),
        ("Host: evil.example", secret, user),
        (f"Host: {HOST}:443", secret, user),
        ("Host: evil.example", f"X-Forwarded-Host: {HOST}", secret, user),
    ):
        answer = site.bare(*lines)
        assert answer.status in (400, 403, 421), lines
        assert len(answer.body) < 300, lines
    assert site.bare(*GOOD, source="127.0.0.2").status == 403, "the right words from the wrong address"
    assert site.bare(*GOOD, "X-Forwarded-For: 127.0.0.1", source="127.0.0.2").status == 403
    for first in ("GET /enter?ticket=x HTTP/1.1", "POST /ticket HTTP/1.1", "GET /events HTTP/1.1"):
        assert site.bare(host, user, first=first).status == 403, first
        assert site.bare(here, user, first=first).status == 403, first


def test_headers_that_a_client_sends_to_the_proxy_are_lost_there(site: Site):
    for headers in ({"X_Forwarded_User": "Zoé".encode().decode("latin-1")}, {"X_Iconface_Secret": "x"}):
        shown = site.through("Vera", "/people", **headers)
        assert (shown.status, "Zoé" in shown.body.decode()) == (200, False)


def test_settings_of_half_a_proxy_are_refused(tmp_path: Path):
    settings(tmp_path)
    [door] = proxied(load_settings(tmp_path, {}))
    assert door.origins == {HOST: ORIGIN}
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        proxied(load_settings(tmp_path, {}))
    (tmp_path / "secret").chmod(0o600)
    for said in ("", "short", "two words " * 8):
        (tmp_path / "secret").write_text(said)
        with pytest.raises(UsageError, match="proxy_secret_file"):
            proxied(load_settings(tmp_path, {}))
    config = tmp_path / "config" / "config.toml"
    whole = config.read_text()
    for wrong in (
        whole.partition("\n")[0],
        whole.replace("127.0.0.1", "proxy.local"),
        whole.replace(ORIGIN, ORIGIN + "/photos"),
        whole.replace(ORIGIN, "photos.example.org"),
        whole.replace(json.dumps(str(tmp_path / "secret")), '"secret"'),
        whole + 'unknown_users = "admin"\n',
    ):
        config.write_text(wrong)
        with pytest.raises(UsageError, match=r"proxy|web_address|unknown_users"):
            load_settings(tmp_path, {})
