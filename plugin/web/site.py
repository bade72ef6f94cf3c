"""Puts the site together: guard, pages, static files, errors in words."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from .context import Web
from .errors import put_into_words
from .pages import (
    chosen_faces,
    cleanup,
    events,
    history,
    jobs,
    library,
    library_move,
    library_names,
    people,
    person,
    photo,
    pictures,
    restoration,
    restorations,
    review,
    start,
    take_along,
    uploads,
    welcome,
)
from .server.guard import BODY_S, Guard

PAGES = (
    start,
    chosen_faces,
    people,
    person,
    review,
    history,
    photo,
    restorations,
    restoration,
    take_along,
    uploads,
    cleanup,
    jobs,
    library,
    library_move,
    library_names,
    welcome,
    events,
    pictures,
)
"""In this order: "/restorations/tabs" is asked before "/restorations/{number}"."""
STATIC = Path(__file__).parent / "static"
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would send what it serves to a collector that the user's environment happens to name."""


class _Files(StaticFiles):
    """Kept by the browser, but asked for every time: after an update nobody sees old and new mixed."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        response = super().file_response(*args, **named)
        response.headers["Cache-Control"] = "private, no-cache"
        return response


def make_site(web: Web, *, body_s: float = BODY_S) -> FastAPI:
    """The site over one gallery; the body of a request has to come within `body_s` seconds.

    Whoever serves it has to bind to loopback.
    """
    site = FastAPI(title="iconface", docs_url=None, redoc_url=None, openapi_url=None, telemetry=NO_TELEMETRY)
    site.state.web = web
    for module in PAGES:
        site.include_router(module.router)
    site.mount("/static", _Files(directory=STATIC), name="static")
    put_into_words(site)
    site.add_middleware(Guard, sessions=web.sessions, port=web.port, body_s=body_s)
    return site
