"""The way in, and where to go first."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from ...languages import N_, _
from ..context import FOR_PHONES, WebDep
from ..responses import go
from ..server.refused import plain_page
from ..server.roles import ANYBODY
from ..views.first_run import anybody

router = APIRouter()

USED = N_("<p>Each address opens the page once. For another one, run:</p><p><code>iconface web</code></p>")


@router.get("/enter", tags=ANYBODY)
def enter(request: Request, web: WebDep, ticket: str = "") -> Response:
    """A ticket for a cookie. The address of the page that follows holds no secret."""
    if request.headers.get("Sec-Purpose"):
        return PlainTextResponse("Not in advance.\n", 403)  # a browser that guesses must not use the ticket up
    value = web.sessions.redeem(ticket)
    if value is None:
        return plain_page(403, _("This address was used already"), _(USED))
    fetched_from = request.headers.get("Sec-Fetch-Site", "none")
    # After a link on another site the strict cookie would not be sent along a redirect; a page of ours is no such link.
    response = RedirectResponse("/", 303) if fetched_from in ("none", "same-origin") else _ongoing()
    response.set_cookie(web.sessions.cookie, value, httponly=True, samesite="strict", path="/")
    return response


@router.post("/ticket", tags=ANYBODY)
def ticket(request: Request, web: WebDep) -> Response:
    """A ticket for another program of the same user: a second `iconface web`. Browsers have no business here."""
    browser = {"origin", "sec-fetch-site", "cookie", "referer"}.intersection(request.headers)
    if browser or not web.sessions.owner(request.headers.get("Authorization", "")):
        return PlainTextResponse("Not for you.\n", 403)
    return PlainTextResponse(web.sessions.ticket())


def _ongoing() -> Response:
    response = plain_page(200, _("Opening"), f'<p><a href="/">{_("Go on")}</a></p>')
    response.headers["Refresh"] = "0; url=/"
    return response


@router.get("/", tags=FOR_PHONES)
def first(request: Request, web: WebDep) -> Response:
    """To the people, or to the first steps while nobody was found yet, for whoever may take them; not on phones."""
    with web.app.gallery.begin(write=False) as tx:
        somebody = anybody(tx)
    return go(request, "/people" if somebody or web.on_phone or not web.caller.may("admin") else "/welcome")
