"""The language of the pages, chosen for one browser."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ...languages import LANGUAGES
from ..context import FOR_PHONES
from ..server.language import COOKIE
from ..server.roles import VIEWER

router = APIRouter()

YEAR_S = 365 * 24 * 3600


@router.post("/language", tags=FOR_PHONES + VIEWER)
def choose(request: Request, to: Annotated[str, Form(pattern=f"^({'|'.join(LANGUAGES)})?$")] = "") -> Response:
    """Speak `to` in this browser; without it, what the settings or the browser say. Back to the page it came from."""
    from_page = urlsplit(request.headers.get("referer", ""))  # our own: nobody else's form gets this far
    query = f"?{from_page.query}" if from_page.query else ""
    answer = RedirectResponse(f"/{from_page.path.lstrip('/')}{query}", 303)
    if to:
        answer.set_cookie(COOKIE, to, max_age=YEAR_S, samesite="strict", httponly=True)
    else:
        answer.delete_cookie(COOKIE, samesite="strict", httponly=True)
    return answer
