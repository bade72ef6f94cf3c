"""What every page is given: the application, pictures, templates, who may enter, and what is told to open pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, cast

from fastapi import Depends, Request
from jinja2 import Environment

from gallery_db.records import Role

from ..app import App
from ..restoring.photo_models import OfferedStep, offered_steps
from ..users import role_of
from .phone.door import PhoneDoor
from .pictures import Pictures
from .server.callers import OWNER, Caller, caller_of
from .server.guard import Entrance
from .server.live import Live
from .server.session import Sessions

FOR_PHONES: list[str | Enum] = ["for phones"]
"""The tag of a route that the door for phones has as well (docs/phone.md). Without it a route is not there."""


@dataclass(frozen=True, slots=True)
class Web:
    """Everything a page may need. Made once per start, and once per opened door for phones; shared by all threads.

    `entrances` are those of its port. `answers`, of a door for phones only: the decisions that were made through it.
    A page is given one whose `app` decides as the `caller` does."""

    app: App
    pictures: Pictures
    templates: Environment
    sessions: Sessions
    live: Live
    port: int
    phone: PhoneDoor
    entrances: Sequence[Entrance] = ()
    answers: set[int] | None = None
    caller: Caller = OWNER

    @property
    def on_phone(self) -> bool:
        """Whether these pages are for a phone."""
        return self.answers is not None

    def photo_steps(self) -> list[OfferedStep]:
        """What can be done to whole photos here, and what the other steps lack. Looks at files only."""
        return offered_steps(self.app.registry, self.app.settings.folders.models)

    def answered(self, decision_id: int) -> int:
        """Note a decision, so that a phone may take it back; returns it."""
        if self.answers is not None:
            self.answers.add(decision_id)
        return decision_id

    def role_of(self, name: str) -> Role | None:
        """What somebody may do whom the proxy let in; None: nothing."""
        return role_of(self.app.gallery, name, self.app.settings)

    def may_take_back(self, decision_id: int) -> bool:
        """A phone takes back what a phone answered while the door is open; the page itself anything."""
        return self.answers is None or decision_id in self.answers


def web_of(request: Request) -> Web:
    """The `Web` of the site that answers this request, for whoever asks."""
    web, caller = cast(Web, request.app.state.web), caller_of(request)
    if caller is None or caller == OWNER:
        return web
    return replace(web, app=web.app.acting_as(caller.name) if caller.name else web.app, caller=caller)


WebDep = Annotated[Web, Depends(web_of)]
