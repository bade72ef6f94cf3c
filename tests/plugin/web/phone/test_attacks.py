"""What phones that were not let in, other sites and other networks may try at the door for phones."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from plugin.web.context import Web
from plugin.web.phone import entrance as entrance_module
from plugin.web.phone.entrance import COOKIE, UPLOAD_BYTES, PhoneEntrance
from plugin.web.phone.invitations import MAX_WRONG, Invitations
from plugin.web.server.guard import HEADERS, MAX_BODY
from plugin.web.server.live import Live
from plugin.web.site import make_phone_site
from tests.plugin.web.phone.conftest import BASE, HOST, OWN, PEER, PORT
from tests.support.library import Library

PNG = b"\x89PNG\r\n\x1a\n"


def test_who_scanned_the_code_looks_at_the_people(phone: TestClient):
    shown = phone.get("/people")
    assert (shown.status_code, "<h1>People</h1>" in shown.text) == (200, True)


HOSTS = ["evil.example", f"evil.example:{PORT}", HOST, f"{HOST}:1", f"localhost:{PORT}", f"127.0.0.1:{PORT}",
         f"[::1]:{PORT}", f"{HOST}.evil.example:{PORT}", f"evil@{HOST}:{PORT}", f"0.0.0.0:{PORT}",
         f"3232237317:{PORT}", "", " "]  # fmt: skip


def test_a_name_that_leads_here_by_dns_rebinding_gets_nothing(phone: TestClient):
    for host in HOSTS:
        assert phone.get("/people", headers={"Host": host}).status_code == 421, host


PEERS = ["8.8.8.8", "192.168.8.5", "10.0.0.1", "127.0.0.1", "::1", "fe80::1", "2001:db8::1", "fd00::1", "x", ""]


def test_only_this_network_is_answered(web: Web, entrance: PhoneEntrance, phone: TestClient):
    site = make_phone_site(web, entrance, Live(web.app.gallery))
    for peer in PEERS:
        elsewhere = TestClient(site, base_url=BASE, client=(peer, 1), cookies=phone.cookies, headers=OWN)
        for path in ("/people", "/pair", "/static/icon.svg"):
            assert elsewhere.get(path, headers={"X-Forwarded-For": PEER[0]}).status_code == 403, peer
        assert elsewhere.post("/pair", data={"code": entrance.invitations.code()}).status_code == 403
    assert entrance.invitations.waiting


def test_nothing_is_said_without_tls(phone: TestClient):
    token = phone.cookies[COOKIE]
    for path in ("/people", "/pair"):
        answer = phone.get(f"http://{HOST}:{PORT}{path}", headers={"Cookie": f"{COOKIE}={token}"})
        assert (answer.status_code, answer.text) == (403, "Only with TLS.\n")
    assert phone.get(f"http://{HOST}:{PORT}/people").request.headers.get("cookie") is None


def test_the_cookie_is_for_tls_this_host_and_no_script(stranger_phone: TestClient, entrance: PhoneEntrance):
    answer = stranger_phone.post("/pair", data={"code": entrance.invitations.code()})
    name, *flags = (part.strip().lower() for part in answer.headers["set-cookie"].split(";"))
    assert name.startswith("__host-")
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= set(flags)
    assert not any("domain" in f for f in flags)


def test_nothing_is_readable_without_the_cookie(phone: TestClient):
    token = phone.cookies[COOKIE]
    phone.cookies.clear()
    for path in ("/", "/people", "/events", "/pictures/face/1", "/static/css/iconface.css", "/none"):
        for cookie in ("", f"{COOKIE}=", f"{COOKIE}={token[:-1]}", f"{COOKIE}={token}x", f"other={token}",
                       f"{COOKIE}={'x' * 5000}"):  # fmt: skip
            answer = phone.get(path, headers={"Cookie": cookie})
            assert answer.status_code == 403, (path, cookie)
            assert "people" not in answer.text


FOREIGN = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Origin": f"http://{HOST}:{PORT}", "Sec-Fetch-Site": "same-site"},
    {"Origin": f"https://{HOST}:1", "Sec-Fetch-Site": "same-site"},
    {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"},
    {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
    {"Origin": BASE, "Sec-Fetch-Site": "none"},
    {"Origin": "", "Sec-Fetch-Site": ""},
]


def test_a_form_of_another_site_changes_nothing(phone: TestClient, entrance: PhoneEntrance):
    code = entrance.invitations.code()
    for path in ("/undo/1", "/review/1", "/uploads", "/pair"):
        for headers in FOREIGN:
            assert phone.post(path, data={"code": code}, headers=headers).status_code == 403, (path, headers)
    assert entrance.invitations.waiting
    assert len(entrance.devices.all()) == 1


def test_nothing_can_be_embedded_elsewhere(phone: TestClient):
    for headers in (
        {"Origin": "", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ):
        assert phone.get("/pictures/face/1", headers=headers).status_code == 403
        assert phone.get("/pair", headers=headers).status_code == 403
    for path in ("/people", "/pair", "/none"):
        answer = phone.get(path)
        for name in set(HEADERS) - {"Content-Security-Policy", "Cache-Control"}:
            assert answer.headers[name] == HEADERS[name]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_code_lets_one_phone_in(web: Web, entrance: PhoneEntrance):
    site = make_phone_site(web, entrance, Live(web.app.gallery))
    code = entrance.invitations.code()

    def scan(_: int) -> int:
        client = TestClient(site, base_url=BASE, client=PEER, headers=OWN, follow_redirects=False)
        return client.post("/pair", data={"code": code}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(scan, range(6))) == [303, *[403] * 5]
    assert scan(0) == 403
    assert len(entrance.devices.all()) == 1


def test_looking_at_the_address_uses_nothing_up(stranger_phone: TestClient, entrance: PhoneEntrance):
    code = entrance.invitations.code()
    for _ in range(3):  # an app that scans codes fetches the page in advance
        assert stranger_phone.get(f"/pair?code={code}").status_code == 200
    assert stranger_phone.get("/people").status_code == 403
    hostile = stranger_phone.get('/pair?code="><script>alert(1)</script>')
    assert "<script>alert" not in hostile.text
    assert entrance.fingerprint in hostile.text
    assert stranger_phone.post("/pair", data={"code": code}).status_code == 303


def test_a_phone_that_is_in_leaves_the_code_for_another(phone: TestClient, entrance: PhoneEntrance):
    code = entrance.invitations.code()
    assert phone.post("/pair", data={"code": code}).status_code == 303
    assert entrance.invitations.waiting
    assert len(entrance.devices.all()) == 1


def test_guessing_ends_the_code(stranger_phone: TestClient, entrance: PhoneEntrance):
    code = entrance.invitations.code()
    for n in range(MAX_WRONG):
        assert stranger_phone.post("/pair", data={"code": f"{code[:-1]}{n}"[: len(code)] + "x"}).status_code == 403
    assert stranger_phone.post("/pair", data={"code": code}).status_code == 403
    assert not entrance.devices.all()
    assert entrance.invitations.code() != code


def test_no_odd_code_is_the_right_one(stranger_phone: TestClient, entrance: PhoneEntrance):
    for code in ("", " ", "\x00", "ä", "x" * 200):
        assert stranger_phone.post("/pair", data={"code": code}).status_code == 403, code  # none was made yet
    for code in ("", " ", "\x00", "ä"):
        right = entrance.invitations.code()
        assert stranger_phone.post("/pair", data={"code": code}).status_code == 403, code
    assert stranger_phone.post("/pair", data={"code": right}).status_code == 303


def test_a_code_grows_old():
    now = [0.0]
    codes = Invitations(lambda: now[0])
    old = codes.code()
    now[0] = 599
    assert codes.code() == old
    now[0] = 601
    assert not codes.take(old)
    assert codes.take(codes.code())


def test_a_revoked_phone_is_out_with_its_next_request(phone: TestClient, entrance: PhoneEntrance):
    [device] = entrance.devices.all()
    assert phone.get("/review").status_code == 200
    entrance.devices.revoke(device.number)
    for path in ("/review", "/static/icon.svg", "/events"):
        assert phone.get(path).status_code == 403
    assert "pair this phone" in phone.get("/people", headers={"Accept": "text/html"}).text.lower()
    assert phone.post("/undo/1").status_code == 403


def test_the_cookies_of_one_door_are_worth_nothing_at_the_other(
    site: TestClient, phone: TestClient, web: Web, entrance: PhoneEntrance
):
    ours, theirs = web.sessions.cookie, COOKIE
    value, token = site.cookies[ours], phone.cookies[theirs]
    for client, values in ((site, (token, value)), (phone, (value, token))):
        client.cookies.clear()
        for name, worth in ((ours, values[0]), (theirs, values[0]), (theirs if client is site else ours, values[1])):
            answer = client.get("/people", headers={"Cookie": f"{name}={worth}"})
            assert answer.status_code == 403, (client.base_url, name)
    assert site.get("/pair").status_code == 403
    assert site.get("/pair", headers={"Cookie": f"{ours}={value}"}).status_code == 404
    ticket = web.sessions.ticket()
    assert phone.get(f"/enter?ticket={ticket}", headers={"Cookie": f"{theirs}={token}"}).status_code == 404
    secret = {"Authorization": f"Bearer {web.sessions.secret}"}
    assert phone.post("/ticket", headers=secret | {"Cookie": f"{theirs}={token}"}).status_code == 404


UP = ["..", "%2e%2e", "..%2f", "%2e%2e%2f", "..%5c", "%252e%252e", "%c0%ae%c0%ae", "..;"]


def test_no_path_leads_out(phone: TestClient, web: Web):
    for base in ("/static/", "/pictures/face/", "/pictures/upload/", "/uploads/"):
        for up in UP:
            for rest in ("session.py", "etc/passwd", "data/gallery.db", "phones/devices.json"):
                answer = phone.get(base + (up.rstrip("/") + "/") * 3 + rest)
                assert answer.status_code in (400, 404), (base, up, rest)
                assert "token_sha256" not in answer.text


def test_no_spelling_of_an_address_opens_another_page(phone: TestClient):
    for prefix in ("//", "/./", "/people/../", "/PEOPLE/../", "/%6cibrary/../", "/people/1/../../"):
        for path in ("library", "phones", "jobs", "history", "people/1/forget"):
            assert phone.get(BASE + prefix + path).status_code in (400, 404), (prefix, path)
    assert phone.get("/phones;x=/people").status_code == 404


def test_photos_are_limited_in_size_number_and_kind(phone: TestClient, web: Web, monkeypatch: pytest.MonkeyPatch):
    assert phone.post("/uploads", headers={"Content-Length": str(UPLOAD_BYTES + 1)}).status_code == 413
    assert phone.post("/uploads?name=../../a.png", content=b"no photo at all").status_code == 400
    assert list(web.app.settings.folders.uploads.iterdir()) == []
    monkeypatch.setattr(entrance_module, "UPLOADS", 3)
    assert phone.post("/uploads?name=a.png", content=PNG).status_code == 400
    assert phone.post("/uploads?name=a.png", content=PNG).status_code == 429
    assert phone.get("/people").status_code == 200
    assert phone.post("/undo/1", content=b"x" * (MAX_BODY + 1)).status_code == 413


def test_a_photo_of_the_camera_roll_is_taken_in(
    phone: TestClient, web: Web, scanned: Library, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("plugin.web.pages.uploads.ensure_worker", lambda folders: None)  # nobody restores it here
    photo = next(p for p in sorted(scanned.photos.rglob("*")) if p.suffix in (".jpg", ".jpeg", ".png"))
    answer = phone.post("/uploads?name=IMG_1.JPG", content=photo.read_bytes())
    assert answer.status_code == 200
    page = answer.json()["page"]
    assert re.fullmatch(r"/uploads/[0-9a-f]{16}", page)
    assert phone.get(page).status_code == 200
    assert phone.post(f"{page}/remove").status_code == 404
    shutil.rmtree(web.app.settings.folders.uploads)
