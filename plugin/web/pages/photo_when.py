"""When a photo was taken: proposed, accepted, corrected, or not to be asked again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from ...languages import _
from ...people.when_taken import read_date
from ..context import FOR_PHONES, Web, WebDep
from ..edit_conflicts import date_unchanged
from ..responses import fragment, said
from ..server.roles import REVIEWER
from ..views.when_view import when_view
from ..words.dates import span_words

router = APIRouter(prefix="/photos")


@router.get("/{photo_id}/when", tags=FOR_PHONES)
def show(request: Request, web: WebDep, photo_id: int) -> HTMLResponse:
    """The proposal, or what was said. By itself, so that nobody waits for it."""
    return _shown(request, web, photo_id)


@router.post("/{photo_id}/when", tags=REVIEWER)
def say(
    request: Request,
    web: WebDep,
    photo_id: int,
    stamp: Annotated[str, Form()],
    when: Annotated[str, Form(alias="said", max_length=40)],
) -> HTMLResponse:
    """A year, a month, a day, or from one to another."""
    span = read_date(when)
    done = web.app.people.deciding(given=date_unchanged(stamp, photo_id)).date_photos([photo_id], span)
    return said(_shown(request, web, photo_id), _("Taken {when}.", when=span_words(span)), done.id)


@router.post("/{photo_id}/when/not", tags=REVIEWER)
def not_this(request: Request, web: WebDep, photo_id: int, stamp: Annotated[str, Form()]) -> HTMLResponse:
    """Nothing is to be proposed for this photo."""
    done = web.app.people.deciding(given=date_unchanged(stamp, photo_id)).date_photos([photo_id], None)
    return said(_shown(request, web, photo_id), _("It will not be asked again."), done.id)


def _shown(request: Request, web: Web, photo_id: int) -> HTMLResponse:
    with web.app.gallery.begin(write=False) as tx:
        return fragment(request, web, "photo_when.html", when=when_view(tx, web.app.when_taken, photo_id))
