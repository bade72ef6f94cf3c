"""What the role of whoever asks may not use is hidden; that it is refused as well is `server/roles.py`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ..context import WebDep
from ..server.roles import hidden_css

router = APIRouter()


@router.get("/allowed.css")
def style(request: Request, web: WebDep) -> Response:
    """A style sheet, made of the roles that the routes name."""
    return Response(hidden_css(request.app.router.routes, web.caller), media_type="text/css")
