"""Puts the site together: guard, pages, static files, errors in words."""

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from .context import Web
from .guard import Guard
from .pages import events, history, jobs, library, people, person, photo, pictures, restorations, review, start, welcome

PAGES = (start, people, person, review, history, photo, restorations, jobs, library, welcome, events, pictures)
STATIC = Path(__file__).parent / "static"


def make_site(web: Web) -> FastAPI:
    """The site over one gallery. Whoever serves it has to bind to loopback."""
    site = FastAPI(title="iconface", docs_url=None, redoc_url=None, openapi_url=None)
    site.state.web = web
    for module in PAGES:
        site.include_router(module.router)
    site.mount("/static", StaticFiles(directory=STATIC), name="static")
    site.add_middleware(Guard, sessions=web.sessions, port=web.port)
    return site
