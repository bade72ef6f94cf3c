"""The library in pictures: decades, who is seen with whom, first and last photos, how much is still unclear."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from ..context import WebDep
from ..responses import fragment, page
from ..views.statistics_view import decades_view, life_rows, together_view, unclear

router = APIRouter(prefix="/statistics")

Year = Annotated[int, Query(ge=0, le=9999)]


@router.get("")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """The decades; the rest comes by itself, piece by piece."""
    with web.app.gallery.begin(write=False) as tx:
        view = decades_view(tx)
    return page(request, web, "statistics.html", view=view)


@router.get("/together")
def together(request: Request, web: WebDep) -> HTMLResponse:
    """Who is seen with whom."""
    with web.app.gallery.begin(write=False) as tx:
        view = together_view(tx)
    return fragment(request, web, "parts/statistics_together.html", view=view)


@router.get("/lives")
def lives(
    request: Request, web: WebDep, first: Year = 0, end: Year = 0, after: Annotated[int | None, Query()] = None
) -> HTMLResponse:
    """Everybody's first and last photo, on an axis from the year `first` to `end`; the people after `after`."""
    with web.app.gallery.begin(write=False) as tx:
        rows, more = life_rows(tx, after, (first, end))
    return fragment(request, web, "parts/statistics_lives.html", rows=rows, more=more, first=first, end=end)


@router.get("/clear")
def clear(request: Request, web: WebDep) -> HTMLResponse:
    """How much is still unclear."""
    with web.app.gallery.begin(write=False) as tx:
        found = unclear(tx)
    return fragment(request, web, "parts/statistics_clear.html", unclear=found)
