"""One photo and its faces."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/photos/{photo_id}")
def show(request: Request, web: WebDep, photo_id: int) -> HTMLResponse:
    """One photo and its faces."""
    return page(request, web, "soon.html")
