"""Before and after."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/restorations")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """Before and after."""
    return page(request, web, "soon.html")


@router.get("/restorations/{restoration_id}")
def one(request: Request, web: WebDep, restoration_id: int) -> HTMLResponse:
    """One restoration."""
    return page(request, web, "soon.html")
