"""What open pages are told without asking (`live.py`)."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from ..context import FOR_PHONES, WebDep

router = APIRouter()

NAMED_S = 30.0
"""The stream of somebody whom a proxy logged in ends after so many seconds; the browser asks anew, and who was taken
out meanwhile gets no other."""


@router.get("/events", tags=FOR_PHONES)
async def events(web: WebDep) -> Response:
    """Server-sent events: `jobs` and `changed`. A stream holds no thread, therefore the one handler that is async."""
    if web.live.full:
        return PlainTextResponse("Too many pages are open.\n", 503)
    longest_s = None if web.caller.name is None else NAMED_S
    return StreamingResponse(web.live.stream(longest_s), media_type="text/event-stream")
