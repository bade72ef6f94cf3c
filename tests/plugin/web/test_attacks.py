"""What other sites, other programs and hostile clients may try, against the real server over real sockets."""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from gallery_db import Gallery
from plugin.restoring.uploads import MAX_BYTES
from plugin.web.server.guard import HEADERS, MAX_BODY
from plugin.web.server.running import way_in
from tests.plugin.web.real_server import WAY_IN, Answer, Server, read_answer, started
from tests.support.library import Library
from tests.support.narrow import present

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.fixture(scope="module")
def home(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery whose first person has a hostile name."""
    home = tmp_path_factory.mktemp("attacked") / "home"
    shutil.copytree(scanned.home, home)
    with Gallery.open(home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
        for person in tx.people.find():
            tx.decisions.name(person.id, EVIL)
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with started(home) as server:
        yield server


def refused(answer: Answer, *statuses: int) -> bool:
    """Refused with one of the statuses (403 when none is given), and without a word about the gallery."""
    return answer.status in (statuses or (403,)) and b"script" not in answer.body and b"people" not in answer.body


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.1.evil.example:{port}",
     "evil@127.0.0.1:{port}", "0.0.0.0:{port}", "[::ffff:127.0.0.1]:{port}", "2130706433:{port}", "", " "],
)  # fmt: skip
def test_a_name_that_leads_here_by_dns_rebinding_gets_nothing(server: Server, host: str):
    assert refused(server.ask("/people", host=host.format(port=server.port)), 421, 400)


def test_no_host_or_two_of_them_get_nothing(server: Server):
    good = f"127.0.0.1:{server.port}"
    assert refused(server.ask("/people", host=None), 400)
    request = f"GET /people HTTP/1.1\r\nHost: {good}\r\nHost: evil.example\r\nCookie: {server.cookie}\r\n\r\n"
    assert refused(server.raw(request.encode()), 400, 421)
    old = f"GET /people HTTP/1.0\r\nCookie: {server.cookie}\r\n\r\n"
    assert refused(server.raw(old.encode()), 421)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_our_own_names_are_served(server: Server, name: str):
    assert server.ask("/people", host=f"{name}:{server.port}").status == 200


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://evil.example", "cross-site"),
        ("https://evil.example", None),
        ("https://evil.example", "same-origin"),
        ("null", "cross-site"),
        ("null", "same-origin"),
        ("null", None),
        ("http://127.0.0.1:1", "same-site"),
        ("http://localhost:{port}", "same-site"),
        ("https://127.0.0.1:{port}", None),
        ("http://127.0.0.1:{port}.evil.example", None),
        (None, "cross-site"),
        (None, "same-site"),
        (None, "none"),
        (None, None),
        ("", None),
    ],
)
def test_a_form_of_another_site_changes_nothing(server: Server, origin: str | None, site: str | None):
    origin = origin and origin.format(port=server.port)
    assert refused(server.ask("/undo/1", "POST", origin=origin, sec_fetch_site=site))


@pytest.mark.parametrize(
    ("site", "mode", "dest"),
    [("cross-site", "no-cors", "image"), ("same-site", "no-cors", "image"), ("cross-site", "no-cors", "script"),
     ("cross-site", "navigate", "iframe"), ("same-site", "navigate", "iframe"), ("cross-site", "cors", "empty")],
)  # fmt: skip
def test_nothing_can_be_embedded_elsewhere(server: Server, site: str, mode: str, dest: str):
    asked = {"sec_fetch_site": site, "sec_fetch_mode": mode, "sec_fetch_dest": dest}
    assert refused(server.ask("/pictures/face/1", **asked))
    assert refused(server.ask("/people", **asked))
    assert refused(server.ask("/people", origin="https://evil.example"))


def test_no_other_site_is_told_it_may_read(server: Server):
    answer = server.ask("/people", "OPTIONS", origin="https://evil.example", access_control_request_method="POST")
    assert answer.status in (403, 405)
    names = [k for a in (answer, server.ask("/people")) for k, _ in a.headers]
    assert [k for k in names if k.startswith("access-control")] == []


@pytest.mark.parametrize("target", ["/", "/people", "/events", "/pictures/face/1", "/static/css/iconface.css", "/none"])
def test_nothing_is_readable_without_the_cookie(server: Server, target: str):
    name, value = server.cookie.split("=")
    flipped = ("A" if value[0] != "A" else "B") + value[1:]
    for cookie in (None, "", f"{name}=", f"{name}={flipped}", f"{name}={value[:-1]}", f"{name}={value}x",
                   f"other={value}", f"{name}=\xff\xfe", f"{name}={'x' * 5000}"):  # fmt: skip
        assert refused(server.ask(target, cookie=cookie), 403, 400), cookie


def test_a_stranger_reads_how_to_come_in(server: Server):
    answer = server.ask("/people", cookie=None, accept="text/html")
    assert answer.status == 403
    assert b"iconface web" in answer.body
    assert "script-src" not in answer.header("content-security-policy")
    assert "default-src 'none'" in answer.header("content-security-policy")


@pytest.mark.slow
def test_the_cookie_of_an_earlier_start_is_worth_nothing(scanned: Library, tmp_path: Path):
    home = tmp_path / "home"
    shutil.copytree(scanned.home, home)
    with started(home) as first:
        port, old = first.port, first.cookie
        assert first.ask("/people").status == 200
    with started(home, "--port", str(port)) as second:
        assert second.cookie.split("=")[0] == old.split("=")[0]
        assert refused(second.ask("/people", cookie=old))
        assert second.ask("/people").status == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(server: Server, home: Path):
    found = WAY_IN.search(way_in(home / "data" / "run") or "")
    assert found
    answer = server.ask(f"/enter?ticket={found[2]}", cookie=None)
    flags = {part.strip().lower() for part in answer.header("set-cookie").split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert answer.header("location") == "/"
    assert not any("domain" in f for f in flags)


def test_a_ticket_lets_one_browser_in(server: Server, home: Path):
    url = way_in(home / "data" / "run")
    ticket = present(WAY_IN.search(url or ""))[2]
    assert server.ask(f"/enter?ticket={ticket}", cookie=None, sec_purpose="prefetch").status == 403
    with ThreadPoolExecutor(16) as pool:
        got = Counter(pool.map(lambda _: server.ask(f"/enter?ticket={ticket}", cookie=None).status, range(16)))
    assert got == {303: 1, 403: 15}
    for invented in ("", "x", ticket[:-1], "%00", "../" * 20, "A" * 4000):
        assert server.ask(f"/enter?ticket={invented}", cookie=None).status == 403


def test_after_a_link_from_elsewhere_a_page_of_ours_leads_on(server: Server, home: Path):
    ticket = present(WAY_IN.search(way_in(home / "data" / "run") or ""))[2]
    answer = server.ask(f"/enter?ticket={ticket}", cookie=None, sec_fetch_site="cross-site")
    assert (answer.status, answer.header("refresh")) == (200, "0; url=/")
    assert "httponly" in answer.header("set-cookie").lower()


def test_tickets_are_for_programs_that_know_the_secret(server: Server):
    for authorization in (None, "", "Bearer ", "Bearer x", "Basic eDp4", f"Bearer {server.cookie}"):
        plain = {"origin": None, "sec_fetch_site": None, "cookie": None}
        assert refused(server.ask("/ticket", "POST", authorization=authorization, **plain))
    assert refused(server.ask("/ticket", "POST"))


UP = ["..", "%2e%2e", "..%2f", "%2e%2e%2f", "..%5c", "..\\", "%252e%252e", ".%2e", "%c0%ae%c0%ae", "..;"]


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize(
    "base", ["/static/", "/static/css/", "/pictures/face/", "/pictures/photo/", "/pictures/before/", "/pictures/after/"]
)
def test_no_path_leads_out(server: Server, base: str, up: str):
    for rest in ("session.py", "/session.py", "etc/passwd", "data/gallery.db"):
        for depth in (1, 2, 3, 8):
            answer = server.ask(base + (up.rstrip("/") + "/") * depth + rest)
            assert answer.status in (400, 404), (base, up, rest, depth, answer)
            assert b"root:" not in answer.body
            assert b"SQLite format" not in answer.body
            assert b"import secrets" not in answer.body


@pytest.mark.parametrize(
    "target",
    ["/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/css", "/static/", "/static/%00", "/static/a%00.css",
     "//evil.example/people", "http://evil.example/people", "/pictures/face/1%2f..%2f2", "/pictures/face/-1",
     "/pictures/face/1e3", "/pictures/face/99999999999999999999999", "/people/99999999999999999999999",
     "/photos/0x1", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/" + "a" * 8000, "*", "/%ff%fe"],
)  # fmt: skip
def test_odd_addresses_are_refused_in_peace(server: Server, target: str):
    answer = server.ask(target)
    assert answer.status in (400, 403, 404, 421), answer
    assert b"root:" not in answer.body
    assert server.ask("/people").status == 200


def test_a_body_too_long_is_not_read(server: Server):
    for length in (str(MAX_BODY + 1), "9" * 30, "-1", "1e3", "+5", " ", "0x10"):
        answer = server.ask("/undo/1", "POST", content_length=length)
        assert refused(answer, 413, 400), (length, answer)


def test_a_chunked_body_too_long_is_not_read(server: Server):
    head = (
        f"POST /undo/1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n"
        f"Origin: {server.here}\r\nSec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with closing(server.connect()) as connection:
        connection.sendall(head.encode())
        sent = 0
        try:
            while sent <= 64 * MAX_BODY:
                connection.sendall(chunk)
                sent += 65536
        except ConnectionError:
            pass
        assert sent < 64 * MAX_BODY
    assert server.ask("/people").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
        {"origin": None, "sec_fetch_site": None},
        {"cookie": None},
        {"content_length": str(MAX_BYTES + 1)},
        {"content_length": "-1"},
    ],
)
def test_no_photo_is_taken_from_elsewhere_or_too_large(server: Server, home: Path, headers: dict[str, str | None]):
    answer = server.ask("/uploads?name=a.png", "POST", b"\x89PNG\r\n\x1a\n", **headers)
    assert refused(answer, 403, 413, 400), answer
    assert not (home / "data" / "uploads").exists()


@pytest.mark.parametrize(
    "name", ["..%2f..%2f..%2fgallery.db", "%2fetc%2fpasswd", "..%5c..%5cx", "a%00b.png", "%ff", "a" * 900]
)
def test_no_name_of_a_photo_leads_out_of_its_folder(server: Server, home: Path, name: str):
    before = {p: p.stat().st_mtime_ns for p in (home / "data").glob("gallery.db")}
    answer = server.ask(f"/uploads?name={name}", "POST", b"no photo at all")
    assert (answer.status, b"no photo that iconface can read" in answer.body) == (400, True)
    assert list((home / "data" / "uploads").iterdir()) == []
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_a_request_hidden_in_another_one_is_not_found(server: Server):
    inner = f"GET /people HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n\r\n"
    for extra in ("Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
                  "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked"):  # fmt: skip
        head = f"POST /undo/1 HTTP/1.1\r\nHost: evil.example\r\n{extra}\r\n\r\n0\r\n\r\n"
        with closing(server.connect()) as connection:
            connection.sendall((head + inner).encode())
            answer = read_answer(connection)
            assert refused(answer, 400, 421, 501, 0), answer
            assert read_answer(connection).status == 0


@pytest.mark.parametrize(
    "method", ["OPTIONS", "TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "get"]
)
def test_other_methods_are_refused_and_echo_nothing(server: Server, method: str):
    answer = server.ask("/people", method)
    assert refused(answer, 405, 403, 400)
    assert server.cookie.split("=")[1].encode() not in answer.body


def test_head_tells_no_more_than_get(server: Server):
    for target in ("/people", "/pictures/face/1", "/static/css/iconface.css"):
        answer = server.ask(target, "HEAD")
        assert answer.status in (200, 405)
        assert answer.body == b""
        assert server.ask(target, "HEAD", cookie=None).status == 403


@pytest.mark.parametrize("breaks", ["%0d%0a", "%0a", "%0d", "\\r\\n", "%E5%98%8A%E5%98%8D"])
def test_no_header_can_be_slipped_in(server: Server, breaks: str):
    poison = f"x{breaks}X-Poison:%20yes{breaks}Set-Cookie:%20poison=1"
    for target in (f"/enter?ticket={poison}", f"/people?q={poison}", f"/people/{poison}", f"/static/{poison}",
                   f"/?{poison}", f"/pictures/face/1?size={poison}", f"/{poison}"):  # fmt: skip
        answer = server.ask(target)
        assert "x-poison" not in dict(answer.headers), target
        assert "poison" not in answer.header("set-cookie"), target
    big = server.ask("/people", x_large="y" * 200_000)
    assert big.status in (400, 431, 0)


PAGES = ["/people", "/people/1", "/people/2", "/review", "/history", "/photos/1", "/photos/2", "/restorations", "/jobs",
         "/library", "/welcome"]  # fmt: skip


@pytest.mark.parametrize("target", PAGES)
@pytest.mark.parametrize("part", [None, "true"])
def test_a_hostile_name_is_only_a_name(server: Server, target: str, part: str | None):
    answer = server.ask(target, hx_request=part, accept="text/html")
    assert answer.status in (200, 303, 404)
    text = answer.body.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "'><" not in text
    assert "onerror=alert(2)>" not in text


def test_the_hostile_name_is_shown_as_it_is(server: Server):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in server.ask("/people").body.decode()


@pytest.mark.parametrize(
    "target", [*PAGES, "/none", "/static/css/iconface.css", "/pictures/face/1", "/pictures/face/9999"]
)
@pytest.mark.parametrize("inside", [True, False])
def test_every_answer_forbids_frames_scripts_and_guesses(server: Server, target: str, inside: bool):
    answer = server.ask(target, cookie=server.cookie if inside else None, accept="text/html")
    policy = answer.header("content-security-policy")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.header("x-frame-options") == "DENY"
    for name, value in HEADERS.items():
        if name not in ("Content-Security-Policy", "Cache-Control"):
            assert answer.header(name.lower()) == value
    assert answer.header("cache-control")
    if not target.startswith(("/static", "/pictures")):
        assert answer.header("cache-control") == "no-store"
    assert "server" not in dict(answer.headers)


def test_no_page_has_a_script_or_style_in_it(server: Server):
    for target in PAGES:
        text = server.ask(target).body.decode()
        assert "<style" not in text, target
        assert " style=" not in text, target
        assert " onclick=" not in text, target
        assert [tag for tag in re.findall("<script[^>]*>", text) if " src=" not in tag] == [], target


def test_two_hundred_clients_at_once(server: Server):
    async def visit(number: int, go: asyncio.Event) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await go.wait()
        target = ("/people", "/static/css/iconface.css", "/pictures/face/1", "/jobs")[number % 4]
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(answer.split(b" ", 2)[1])

    async def visits() -> list[int]:
        go = asyncio.Event()
        tasks = [asyncio.create_task(visit(n, go)) for n in range(200)]
        await asyncio.sleep(0.5)  # all are connected; nothing depends on it
        go.set()
        return await asyncio.gather(*tasks)

    assert Counter(asyncio.run(visits())) == {200: 200}


def test_streams_are_bounded_and_others_are_still_served(server: Server):
    request = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n\r\n"
    open_ones = [server.connect() for _ in range(80)]
    try:
        first = []
        for connection in open_ones:
            connection.sendall(request.encode())
            first.append(connection.recv(12)[9:12])
        assert Counter(first) == {b"200": 64, b"503": 16}
        assert server.ask("/people").status == 200
    finally:
        for connection in open_ones:
            connection.close()


def test_garbage_does_not_stop_the_server(server: Server):
    for garbage in (b"\x00" * 1000, b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n" * 5000,
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"):  # fmt: skip
        with closing(server.connect()) as connection:
            connection.sendall(garbage)
            connection.shutdown(1)
            assert read_answer(connection).status in (0, 400, 421)
    upgrade = {"upgrade": "websocket", "connection": "Upgrade", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
               "sec_websocket_version": "13"}  # fmt: skip
    assert server.ask("/events2", **upgrade).status == 404
    assert server.ask("/people").status == 200


def test_it_listens_on_loopback_only(server: Server):
    listening = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, _, state = line.split()[1:4]
        if state == "0A" and int(local.split(":")[1], 16) == server.port:
            listening.append(local.split(":")[0])
    assert listening == ["0100007F"]


def test_it_came_through_all_that(server: Server):
    assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text()
    assert server.ask("/people").status == 200
