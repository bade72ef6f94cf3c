"""What each route needs of who asks for it: said beside the route by a tag, enforced here for all of them.

A route that reads and says nothing is for viewers; one that writes has to say, or there is no site.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from gallery_db.errors import GalleryError
from gallery_db.records import ROLES, Role

from .callers import Caller, caller_of, let_in
from .guard import READING
from .refused import not_allowed, unknown_user

VIEWER: list[str | Enum] = ["for viewers"]
REVIEWER: list[str | Enum] = ["for reviewers"]
ADMIN: list[str | Enum] = ["for admins"]
ANYBODY: list[str | Enum] = ["for anybody"]
"""The ways in: each checks for itself who comes."""

_NEEDS: dict[str | Enum, Role | None] = {
    VIEWER[0]: "viewer",
    REVIEWER[0]: "reviewer",
    ADMIN[0]: "admin",
    ANYBODY[0]: None,
}


def needed(route: BaseRoute) -> Role | None:
    """The least role for a route; None: it is for anybody. Raises ValueError for one that writes and does not say."""
    if isinstance(route, Mount):
        return "viewer"  # the site's own files
    if not isinstance(route, APIRoute):
        raise TypeError(f"{route} has no role")
    said = [_NEEDS[tag] for tag in route.tags if tag in _NEEDS]
    if len(said) == 1:
        return said[0]
    if said or not (route.methods or set()) <= set(READING):
        raise ValueError(f"{route.path} must say for whom it is, once")
    return "viewer"


class Roles:
    """Inside of the guard, around the pages. `role_of` is asked anew for each request of somebody with a name: a role
    that is taken away is gone with the next click."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], role_of: Callable[[str], Role | None]) -> None:
        self._app, self._role_of = app, role_of
        self._routes = [(route, needed(route)) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        wanted = self._wanted(scope)
        if wanted is None:
            return None
        request, caller = Request(scope), caller_of(scope)
        if caller is not None and caller.name is not None:
            try:
                role = await run_in_threadpool(self._role_of, caller.name)
            except GalleryError as e:
                return PlainTextResponse(f"{e}\n", 503)
            if role is None:
                return unknown_user(request, caller.name)
            caller = Caller(caller.name, role)
            let_in(scope, caller)
        return None if caller is not None and caller.may(wanted) else not_allowed(request)

    def _wanted(self, scope: Scope) -> Role | None:
        """As the router chooses: the first that fits. What fits none is answered by nobody's page."""
        for route, role in self._routes:
            if route.matches(scope)[0] == Match.FULL:
                return role
        return "viewer"


def hidden_css(routes: Sequence[BaseRoute], caller: Caller) -> str:
    """A style sheet that hides what leads to routes which the caller may not use."""
    leads = [s for route in routes if not _may(caller, route) for s in _selectors(route)]
    # A form around what is there to be seen loses only what acts.
    chosen = [f"{s}{more}" for s in leads for more in (":not([data-shows])", "[data-shows] :is(button, label)")]
    marked = [f'[data-for="{role}"]' for role in ROLES if not caller.may(role)]
    return ",\n".join([*chosen, *marked]) + " { display: none !important; }\n" if marked else ""


def _may(caller: Caller, route: BaseRoute) -> bool:
    role = needed(route)
    return role is None or caller.may(role)


def _selectors(route: BaseRoute) -> Iterator[str]:
    """Links, forms and buttons of htmx whose address is one of the route's; ids may be anything."""
    if not isinstance(route, APIRoute):
        return
    reads = (route.methods or set()) <= set(READING)
    first, *parts = _between_ids(route.path)
    for attribute in ("href", "hx-get") if reads else ("action", "formaction", "hx-post"):
        if not parts:
            yield f'[{attribute}="{first}"]'
            yield f'[{attribute}^="{first}?"]'
            continue
        *middle, last = parts
        begin = f'[{attribute}^="{first}"]' + "".join(f'[{attribute}*="{part}"]' for part in middle)
        if not last:
            yield begin
        else:
            yield f'{begin}[{attribute}$="{last}"]'
            yield f'{begin}[{attribute}*="{last}?"]'


def _between_ids(path: str) -> list[str]:
    return [part.rpartition("}")[2] for part in path.split("{")]
