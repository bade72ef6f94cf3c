"""What was decided, and taking it back."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from plugin.web.context import WebDep
from plugin.web.respond import page

router = APIRouter()


@router.get("/history")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """What was decided, and taking it back."""
    return page(request, web, "soon.html")


@router.post("/undo/{decision_id}")
def undo(request: Request, web: WebDep, decision_id: int) -> HTMLResponse:
    """Take one decision back."""
    return page(request, web, "soon.html")
