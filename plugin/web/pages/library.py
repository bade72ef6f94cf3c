"""Folders, counts, models."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/library")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """Folders, counts, models."""
    return page(request, web, "soon.html")
