"""Every route of the site, whoever wrote it: none answers without the cookie, none is changed by another site."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.server.guard import METHODS, READING, WITHOUT_COOKIE
from plugin.web.site import PAGES, make_site
from tests.plugin.web.conftest import HERE, PORT
from tests.support.library import Library
from tests.support.narrow import present


def walk(router: APIRouter) -> Iterator[tuple[str, str]]:
    """Method and path of every route, also of routers within routers."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walk(inner)
        else:
            assert isinstance(route, APIRoute), route
            yield from ((method, route.path) for method in sorted(present(route.methods)))


ROUTES = [found for module in PAGES for found in walk(module.router)]
UNSAFE = [(m, p) for m, p in ROUTES if m not in READING and (m, p) not in WITHOUT_COOKIE]


def filled(path: str) -> str:
    """A real address: 1 for every id."""
    return re.sub(r"\{[^}]+\}", "1", path)


@contextmanager
def copy_of(scanned: Library, home: Path) -> Iterator[Web]:
    """A gallery of its own for several tests: what is refused, and what reads, changes nothing."""
    shutil.copytree(scanned.home, home)
    app = build_app(load_settings(home, {}))
    try:
        with make_web(app, PORT) as web:
            yield web
    finally:
        app.close()


def come_in(web: Web, client: TestClient) -> TestClient:
    client.headers.update({"Origin": HERE, "Sec-Fetch-Site": "same-origin"})
    assert client.get(f"/enter?ticket={web.sessions.ticket()}").status_code == 303
    return client


@pytest.fixture(scope="module")
def web(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with copy_of(scanned, tmp_path_factory.mktemp("guarded") / "home") as web:
        yield web


@pytest.fixture(scope="module")
def stranger(web: Web) -> Iterator[TestClient]:
    with TestClient(make_site(web), base_url=HERE, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def site(web: Web) -> Iterator[TestClient]:
    with TestClient(make_site(web), base_url=HERE, follow_redirects=False) as client:
        yield come_in(web, client)


def test_the_walk_sees_the_whole_site(web: Web):
    assert {"/people", "/review", "/undo/{decision_id}", "/events", "/ticket"} <= {path for _, path in ROUTES}
    assert len(UNSAFE) >= 10
    known = make_site(web).openapi()["paths"]
    assert {(method.upper(), path) for path, methods in known.items() for method in methods} == set(ROUTES)


def test_pages_use_the_methods_that_the_guard_lets_through():
    assert {method for method, _ in ROUTES} <= set(METHODS)


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r not in WITHOUT_COOKIE])
def test_no_route_answers_without_the_cookie(stranger: TestClient, method: str, path: str):
    own = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    answer = stranger.request(method, filled(path), headers=own)
    assert answer.status_code == 403
    assert len(answer.content) < 100


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_no_route_is_changed_by_another_site(site: TestClient, web: Web, method: str, path: str):
    with web.app.gallery.begin(write=False) as tx:
        before = (tx.decisions.history(limit=1), tx.jobs.counts())
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://localhost:{PORT}", "Sec-Fetch-Site": "same-site"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
    ):
        assert site.request(method, filled(path), headers=headers).status_code == 403
    with web.app.gallery.begin(write=False) as tx:
        assert (tx.decisions.history(limit=1), tx.jobs.counts()) == before


@pytest.mark.parametrize("path", [p for m, p in ROUTES if m in READING])
def test_reading_changes_nothing(site: TestClient, web: Web, path: str):
    """What a link or a picture address can cause must be harmless."""
    if path in ("/events", "/enter"):
        return
    with web.app.gallery.begin(write=False) as tx:
        before = (tx.decisions.history(limit=1), tx.jobs.counts())
    site.get(filled(path))
    with web.app.gallery.begin(write=False) as tx:
        assert (tx.decisions.history(limit=1), tx.jobs.counts()) == before


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def hostile(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser in a gallery where every name, file, folder and job is hostile."""
    with copy_of(scanned, tmp_path_factory.mktemp("hostile") / "home") as web:
        gallery = web.app.gallery
        with closing(sqlite3.connect(gallery.path)) as db:
            db.execute("UPDATE person SET name = ? || id", (HOSTILE,))
            db.execute("UPDATE photo SET path = rtrim(path, replace(path, '/', '')) || ? || id || '.jpg'", (HOSTILE,))
            db.execute("UPDATE root SET path = path || '/' || ?", (HOSTILE,))
            db.commit()
        with gallery.begin() as tx:
            tx.jobs.enqueue("restore", {"path": HOSTILE, "face_id": None, "options": {}}, dedupe=HOSTILE)
            tx.decisions.name(tx.people.find()[0].id, HOSTILE)
        with TestClient(make_site(web), base_url=HERE, follow_redirects=False) as client:
            yield come_in(web, client)


@pytest.mark.parametrize("path", [p for m, p in ROUTES if m in READING and p not in ("/events", "/enter")])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "piece"])
def test_no_name_becomes_markup(hostile: TestClient, path: str, headers: dict[str, str]):
    for address in (filled(path), f"{filled(path)}?q={quote(HOSTILE)}"):
        answer = hostile.get(address, headers=headers)
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "alert(2)>" not in answer.text
        assert answer.status_code < 500
        assert "\n" not in "".join(answer.headers.values())


def test_the_hostile_names_are_really_shown(hostile: TestClient):
    for path in ("/people", "/photos/1", "/library", "/jobs", "/history"):
        assert "&lt;script&gt;alert(1)" in hostile.get(path).text, path


@pytest.mark.parametrize("name", ["css/iconface.css", "js/main.js", "icons.svg", "vendor/htmx/htmx.min.js"])
def test_no_file_of_the_site_is_read_without_the_cookie(stranger: TestClient, name: str):
    assert stranger.get(f"/static/{name}").status_code == 403
