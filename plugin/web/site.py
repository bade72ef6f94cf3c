"""Puts the site together: guard, pages, static files, errors in words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from .context import FOR_PHONES, Web
from .errors import put_into_words
from .pages import (
    allowed,
    chosen_faces,
    cleanup,
    events,
    history,
    jobs,
    language,
    library,
    library_move,
    library_names,
    likeness_map,
    pair,
    people,
    person,
    phones,
    photo,
    photo_when,
    pictures,
    preview,
    restoration,
    restorations,
    review,
    start,
    statistics,
    take_along,
    uploads,
    welcome,
)
from .phone.entrance import PhoneEntrance
from .responses import make_templates
from .server.guard import BODY_S, Entrance, Guard
from .server.language import Speaking
from .server.live import Live
from .server.roles import Roles

PAGES = (
    start,
    allowed,
    chosen_faces,
    people,
    person,
    review,
    likeness_map,
    history,
    photo,
    photo_when,
    preview,
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
    statistics,
    phones,
    language,
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
    return _made(web, [module.router for module in PAGES], web.entrances, body_s)


def make_phone_site(web: Web, entrance: PhoneEntrance, live: Live) -> FastAPI:
    """What of the same site is for phones: the routes that say so, and the way in. To be served with TLS."""
    own = replace(web, templates=make_templates(phone=True), live=live, answers=entrance.answers)
    site = _made(own, [pair.router, *(_for_phones(module.router) for module in PAGES)], [entrance], BODY_S)
    site.state.entrance = entrance
    return site


def _for_phones(router: APIRouter) -> APIRouter:
    """Deny by default: only what carries the tag. A router within this one would be left out."""
    tagged = [r for r in router.routes if isinstance(r, APIRoute) and FOR_PHONES[0] in r.tags]
    return APIRouter(routes=list(tagged))


def _made(web: Web, routers: Sequence[APIRouter], entrances: Sequence[Entrance], body_s: float) -> FastAPI:
    site = FastAPI(
        title="iconface",
        # As they are: to include a router builds each of its routes again, in the first request.
        routes=[route for router in routers for route in router.routes],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=NO_TELEMETRY,
    )
    site.state.web = web
    site.mount("/static", _Files(directory=STATIC), name="static")
    put_into_words(site)
    site.add_middleware(Roles, routes=site.router.routes, role_of=web.role_of)
    site.add_middleware(Guard, entrances=entrances, body_s=body_s)
    site.add_middleware(Speaking, setting=web.app.settings.language)
    return site
