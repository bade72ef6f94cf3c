"""One question at a time."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/review")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """One question at a time."""
    return page(request, web, "soon.html")
