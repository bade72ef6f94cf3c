"""One person."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/people/{person_id}")
def show(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """One person."""
    return page(request, web, "soon.html")
