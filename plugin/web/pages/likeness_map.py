"""Everybody on a map, for who wants to see why iconface takes some for one and asks about others."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ..context import WebDep
from ..responses import page
from ..views.likeness_map import NAMED, UNNAMED, likeness_map

router = APIRouter()


@router.get("/map")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """People and groups as points, and the same as a list."""
    embedder = web.app.embedder
    with web.app.gallery.begin(write=False) as tx:
        view = likeness_map(tx, embedder.id, embedder.calibration)
    return page(request, web, "likeness_map.html", view=view, named_most=NAMED, unnamed_most=UNNAMED)
