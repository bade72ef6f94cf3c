"""`/pictures/...`: faces, photos and restorations by id.

These handlers wait in the event loop, not in a thread of the pool: a page of new photos asks for sixty pictures at once
and would leave no thread to answer a click.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ...errors import NotFoundError
from ...languages import N_, _
from ...restoring.uploads import uploaded
from ..context import FOR_PHONES, WebDep
from ..picture_files import Missing, Reason
from ..pictures import FACE_SIZES, PHOTO_SIDES, Pictures, Wanted, Which
from ..server.roles import REVIEWER

router = APIRouter(prefix="/pictures")

REASON_HEADER = "X-Picture-Missing"
STATUS = {"unknown": 404, "nothing": 404, "forgotten": 410}
"""A photo that is known and cannot be shown now is not an error of the page: its placeholder comes with 200."""

FOR_EVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"


@router.get("/face/{face_id}", tags=FOR_PHONES)
async def face(request: Request, web: WebDep, face_id: int, size: int = 192, v: str = "") -> Response:
    """A face with its surroundings, square; `size` is rounded up to one that is kept."""
    return await _answer(request, web.pictures, partial(web.pictures.face, face_id, _one_of(FACE_SIZES, size)), v)


@router.get("/photo/{photo_id}", tags=FOR_PHONES)
async def photo(request: Request, web: WebDep, photo_id: int, side: int = 1600, v: str = "") -> Response:
    """A whole photo, upright; `side` is the longest one."""
    return await _answer(request, web.pictures, partial(web.pictures.photo, photo_id, _one_of(PHOTO_SIDES, side)), v)


@router.get("/upload/{key}", tags=FOR_PHONES + REVIEWER)
async def upload(request: Request, web: WebDep, key: str, side: int = 1600) -> Response:
    """A photo that was handed over, upright."""

    def find() -> Wanted | Missing:
        try:
            path = uploaded(web.app.settings.folders.uploads, key)
        except NotFoundError:
            return Missing("unknown")
        return web.pictures.loose(path, _one_of(PHOTO_SIDES, side))

    return await _answer(request, web.pictures, find, "")


@router.get("/{which}/{restoration_id}", tags=FOR_PHONES)
async def restoration(
    request: Request, web: WebDep, which: Which, restoration_id: int, side: int = 1600, face: bool = False, v: str = ""
) -> Response:
    """What was restored, `before` and `after`, in the same frame; with `face` the square around the face."""
    size = _one_of(FACE_SIZES if face else PHOTO_SIDES, side)
    return await _answer(
        request, web.pictures, partial(web.pictures.restoration, which, restoration_id, size, face=face), v
    )


async def _answer(request: Request, pictures: Pictures, find: Callable[[], Wanted | Missing], version: str) -> Response:
    asked = request.headers.get("If-None-Match", "")
    found, data = await run_in_threadpool(_look, pictures, find, asked)
    if isinstance(found, Missing):
        return _placeholder(found)
    headers = {"ETag": f'"{found.key}"', "Cache-Control": FOR_EVER if version == found.version else ASK_AGAIN}
    if found.key in asked:
        return Response(status_code=304, headers=headers)
    if data is None:
        # Shielded: who leaves the page must not take the picture away from others that wait for it.
        made = await asyncio.shield(asyncio.wrap_future(pictures.make(found)))
        if isinstance(made, Missing):
            return _placeholder(made)
        data = made
    return Response(data, media_type="image/jpeg", headers=headers)


def _look(
    pictures: Pictures, find: Callable[[], Wanted | Missing], asked: str
) -> tuple[Wanted | Missing, bytes | None]:
    found = find()
    if isinstance(found, Missing) or found.key in asked:
        return found, None
    return found, pictures.ready(found)


def _one_of(sizes: Sequence[int], wanted: int) -> int:
    return next((s for s in sizes if s >= wanted), sizes[-1])


def _placeholder(missing: Missing) -> Response:
    drawing = PLACEHOLDER.format(words=escape(_(WORDS[missing.reason])), sign=SIGNS.get(missing.reason, PICTURE))
    headers = {REASON_HEADER: missing.reason, "Cache-Control": "no-store"}
    return Response(drawing, STATUS.get(missing.reason, 200), headers, "image/svg+xml")


WORDS: dict[Reason, str] = {
    "unknown": N_("There is no such picture"),
    "forgotten": N_("Forgotten"),
    "gone": N_("The file is no longer there"),
    "offline": N_("The disk with this photo is not connected"),
    "changed": N_("The file was changed; it will be looked at again"),
    "unreadable": N_("The file cannot be read"),
    "too-large": N_("The picture is too large to be shown"),
    "nothing": N_("There is no such picture"),
}
"""What to say where a placeholder stands; pages use it beside the picture."""

PICTURE = "M20 26h56v44H20zM26 62l14-16 10 11 8-8 12 13M62 38a4 4 0 1 0-.1 0z"
SIGNS: dict[Reason, str] = {
    "offline": "M40 24v14M56 24v14M32 38h32v10a16 16 0 0 1-32 0zM48 64v12",
    "forgotten": "M28 48h40",
}
PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img"><title>{words}</title>'
    '<rect width="96" height="96" fill="#8b857c" fill-opacity=".16"/>'
    '<path d="{sign}" fill="none" stroke="#8b857c" stroke-width="3" stroke-linejoin="round" stroke-linecap="round"/>'
    "</svg>"
)
"""A grey that can be seen on light and on dark."""
