"""What is done, waits, or failed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/jobs")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """What is done, waits, or failed."""
    return page(request, web, "soon.html")
