"""Errors in words a user can act on: a page, or for htmx a message in the corner."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException

from iconface_core.errors import IconFaceError

from ..errors import (
    AppError,
    BusyError,
    ConflictError,
    GalleryBusyError,
    GalleryError,
    GalleryUnreachableError,
    NotFoundError,
    UnknownIdError,
)
from ..languages import N_, _
from .context import web_of
from .edit_conflicts import Conflict
from .responses import by_htmx, page, trigger

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Conflict, 409),
    (ConflictError, 409),
    (UnknownIdError, 404),
    (NotFoundError, 404),
    (OverflowError, 404),  # an id too large for the database
    (GalleryBusyError, 503),
    (GalleryUnreachableError, 503),
    (BusyError, 503),
    (GalleryError, 400),
    (AppError, 400),
    (IconFaceError, 400),
    (RequestValidationError, 400),
)
"""The first that fits. Everything else is a bug of ours: 500, with a trace in the log (guard.py)."""

TITLES = {
    400: N_("That does not work"),
    403: N_("That is not yours to do"),
    404: N_("That is not here"),
    405: N_("That does not work"),
    409: N_("It changed in the meantime"),
    503: N_("Just a moment"),
}
WORDS = {
    404: N_("It may have been merged, moved or removed. Nothing of yours is lost: see “What I did”."),
    405: N_("The page was asked for something it does not do."),
    503: N_("iconface is busy writing. Please try again."),
}


def put_into_words(site: FastAPI) -> None:
    """Let every page of `site` answer errors in words."""
    for kind, status in STATUS:
        site.add_exception_handler(kind, _handler(status))
    site.add_exception_handler(HTTPException, _http)


def trouble(request: Request, status: int, text: str) -> Response:
    """A page that says what is wrong and leads back; for htmx a message, and after a conflict the page as it is now."""
    if by_htmx(request):
        response = PlainTextResponse(text, status)
        trigger(response, "toast", {"text": text, "kind": "error"})
        return trigger(response, "reload", {}) if status == 409 else response
    heading = TITLES.get(status, N_("Oh"))
    return page(request, web_of(request), "trouble.html", status=status, heading=_(heading), text=text)


def _handler(status: int) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        if status == 503:
            log.warning("%s", error)
        told = status in (400, 409) or isinstance(error, GalleryUnreachableError)
        own = str(error) if told and not isinstance(error, RequestValidationError) else ""
        words = WORDS.get(status, N_("The page was asked for something it does not know."))
        return trouble(request, status, own or _(words))

    return handle


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = error.detail if isinstance(error, HTTPException) and error.detail != HTTPStatus(status).phrase else ""
    otherwise = WORDS.get(status, N_("That did not work."))
    response = trouble(request, status, words or _(otherwise))
    response.headers.update(getattr(error, "headers", None) or {})
    return response
