"""The way in, and where to go first."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from plugin.web.context import WebDep
from plugin.web.respond import go

router = APIRouter()


@router.get("/enter")
def enter(request: Request, web: WebDep, ticket: str = "") -> Response:
    """A ticket for a cookie. The address of the page that follows holds no secret."""
    value = None if request.headers.get("Sec-Purpose") else web.sessions.redeem(ticket)
    if value is None:
        return Response("This address was used already.", 403)
    response = RedirectResponse("/", 303)
    response.set_cookie(web.sessions.cookie, value, httponly=True, samesite="strict", path="/")
    return response


@router.get("/")
def first(request: Request, web: WebDep) -> Response:
    """To the people, or to the first steps while nobody was found yet."""
    with web.app.gallery.begin(write=False) as tx:
        somebody = any(tx.people.constraints())
    return go(request, "/people" if somebody else "/welcome")
