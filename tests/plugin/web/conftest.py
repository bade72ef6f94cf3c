"""The site over a copy of the scanned sample, without a socket: `site.get("/people")`."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from plugin.app import App, build_app
from plugin.settings import load_settings
from plugin.web.context import Web
from plugin.web.make import make_web
from plugin.web.site import make_site
from tests.support.library import Library

PORT = 4711
HERE = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def app(library: Library) -> Iterator[App]:
    """The application over `library`."""
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


@pytest.fixture
def web(app: App) -> Iterator[Web]:
    """What the pages are given."""
    with make_web(app, PORT) as web:
        yield web


@pytest.fixture
def stranger(web: Web) -> Iterator[TestClient]:
    """A browser without the cookie."""
    with TestClient(make_site(web), base_url=HERE, follow_redirects=False) as client:
        yield client


@pytest.fixture
def site(stranger: TestClient, web: Web) -> TestClient:
    """A browser that came in; what it posts comes from the site's own pages."""
    stranger.headers.update({"Origin": HERE, "Sec-Fetch-Site": "same-origin"})
    assert stranger.get(f"/enter?ticket={web.sessions.ticket()}").status_code == 303
    return stranger
