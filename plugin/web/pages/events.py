"""What open pages are told without asking (`live.py`)."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from ..context import FOR_PHONES, WebDep

router = APIRouter()


@router.get("/events", tags=FOR_PHONES)
async def events(web: WebDep) -> Response:
    """Server-sent events: `jobs` and `changed`. A stream holds no thread, therefore the one handler that is async."""
    if web.live.full:
        return PlainTextResponse("Too many pages are open.\n", 503)
    return StreamingResponse(web.live.stream(), media_type="text/event-stream")
