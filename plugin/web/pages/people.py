"""All people."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/people")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """All people."""
    return page(request, web, "soon.html")
