"""On your phone: open the door for phones in the network at home, close it, and say which may come in."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from iconface_core.codec import encode

from ...languages import _
from ..context import Web, WebDep
from ..phone.networks import choose, home_addresses
from ..responses import fragment, page, said
from ..server.roles import ADMIN
from ..views.phones_view import phones_view

router = APIRouter(prefix="/phones")


@router.get("", tags=ADMIN)
def show(request: Request, web: WebDep) -> HTMLResponse:
    """How it is now, and what it means."""
    return page(request, web, "phones.html", view=phones_view(web.phone, home_addresses()))


@router.get("/now", tags=ADMIN)
def now(request: Request, web: WebDep, seen: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """How it is now; nothing (204) when it is as the page shows it."""
    view = phones_view(web.phone, home_addresses())
    return Response(status_code=204) if view.now == seen else fragment(request, web, "parts/phones.html", view=view)


@router.post("/open", tags=ADMIN)
def open_door(request: Request, web: WebDep, address: Annotated[str, Form(max_length=60)] = "") -> Response:
    """Let phones in, and make a code for one. To a program (`Accept: application/json`) what `iconface web --phone`
    shows. Raises UsageError where no private network is."""
    settings = web.app.settings
    home = choose(home_addresses(), address or None)
    door = web.phone.open(home, settings.phone_port, settings.phone_minutes)
    door.entrance.invitations.code()
    if request.headers.get("Accept") == "application/json":
        return JSONResponse(encode(door.invitation()))
    return _now(request, web)


@router.post("/close", tags=ADMIN)
def close(request: Request, web: WebDep) -> Response:
    """Let no phone in any more, and put out those that are."""
    web.phone.close()
    return said(_now(request, web), _("No phone is let in any more."))


@router.post("/{number}/revoke", tags=ADMIN)
def revoke(request: Request, web: WebDep, number: int) -> Response:
    """A phone has to be paired again. Raises NotFoundError."""
    gone = web.phone.devices.revoke(number)
    return said(_now(request, web), _("{phone} is not let in any more.", phone=gone.name))


def _now(request: Request, web: Web) -> HTMLResponse:
    return fragment(request, web, "parts/phones.html", view=phones_view(web.phone, home_addresses()))
