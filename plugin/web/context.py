"""What every page is given: the application, pictures, templates, who may enter, and what is told to open pages."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from jinja2 import Environment

from ..app import App
from .pictures import Pictures
from .server.live import Live
from .server.session import Sessions


@dataclass(frozen=True, slots=True)
class Web:
    """Everything a page may need. Made once per start, shared by all threads."""

    app: App
    pictures: Pictures
    templates: Environment
    sessions: Sessions
    live: Live
    port: int


def web_of(request: Request) -> Web:
    """The `Web` of the site that answers this request."""
    return cast(Web, request.app.state.web)


WebDep = Annotated[Web, Depends(web_of)]
