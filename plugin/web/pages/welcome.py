"""From the first folder to the first name."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/welcome")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """From the first folder to the first name."""
    return page(request, web, "soon.html")
