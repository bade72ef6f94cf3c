"""The way in for a phone that scanned the code. Only the door for phones has it."""

import html
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from ...languages import N_, _
from ..phone.devices import device_name
from ..phone.entrance import COOKIE, PAIR, PhoneEntrance
from ..server.refused import plain_page
from ..server.roles import ANYBODY

router = APIRouter()

ASK = """<p>{may}</p>
<form method="post" action="{action}"><input type="hidden" name="code" value="{code}">
<p><button>{pair}</button></p></form>
<p>{warned}</p>
<p><code>{fingerprint}</code></p>"""
USED = N_("<p>Each code lets one phone in, within ten minutes. On the computer, ask for another one.</p>")


def entrance_of(request: Request) -> PhoneEntrance:
    """The door that answers this request."""
    return cast(PhoneEntrance, request.app.state.entrance)


Entrance = Annotated[PhoneEntrance, Depends(entrance_of)]


@router.get(PAIR, tags=ANYBODY)
def ask(entrance: Entrance, code: str = "") -> Response:
    """Whether to pair. Looking uses nothing up: apps that scan codes fetch pages in advance."""
    text = ASK.format(
        may=_(
            "It may then show the people in your photos and answer questions about them, as long as the computer lets "
            "phones in. You can end that on the computer at any time."
        ),
        action=PAIR,
        code=html.escape(code),
        pair=_("Pair this phone"),
        warned=_(
            "Your browser warned you, because only your own computer vouches for this page. It is the right one if the "
            "certificate that the browser shows has this SHA-256 fingerprint, which the computer shows beside the code:"
        ),
        fingerprint=entrance.fingerprint,
    )
    return plain_page(200, _("Pair this phone?"), text, form=True)


@router.post(PAIR, tags=ANYBODY)
def pair(request: Request, entrance: Entrance, code: Annotated[str, Form(max_length=200)] = "") -> Response:
    """A code for a cookie; a phone that is in keeps its own, and the code waits for another one."""
    response = RedirectResponse("/people", 303)
    if entrance.devices.known(request.cookies.get(COOKIE)) is not None:
        return response
    if not entrance.invitations.take(code):
        return plain_page(403, _("This code was used already, or is too old"), _(USED))
    entrance.let_in(response, device_name(request.headers.get("User-Agent", "")))
    return response
