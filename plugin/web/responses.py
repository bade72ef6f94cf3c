"""What pages answer with: a whole page, a piece of one, a message with "Undo", another address."""

import json
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..languages import OWN_NAMES, for_templates
from ..restoring.uploads import MAX_BYTES
from .context import Web
from .phone.entrance import UPLOAD_BYTES
from .server.language import chosen_language
from .words.dates import day_and_time, month
from .words.people import named
from .words.reasons import on_page
from .words.scripts import script_words
from .words.text import capital, enumerated, file_size

R = TypeVar("R", bound=Response)


class Html(HTMLResponse):
    """A file name need not be UTF-8: its stray bytes become question marks instead of an error."""

    def render(self, content: Any) -> bytes:
        return str(content).encode("utf-8", "replace")


@cache
def make_templates(*, phone: bool = False) -> Environment:
    """Everything put into a page is escaped, and a forgotten value is an error, not an empty place. Templates know
    `phone`: whether they are shown on one. They depend on nothing else, so they are compiled once a process."""
    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "capital": capital,
        "day_and_time": day_and_time,
        "enumerated": enumerated,
        "filesizeformat": file_size,
        "month": month,
        "named": named,
        "reason": on_page,
    }
    made.globals |= for_templates() | {
        "own_names": OWN_NAMES,
        "named": named,  # a filter of a constant would be worded once, in the first language
        "phone": phone,
        "script_words": script_words,
        "upload_bytes": UPLOAD_BYTES if phone else MAX_BYTES,
        "zero_chosen": Markup("<strong data-chosen-count>0</strong>"),
    }
    return made


def page(request: Request, web: Web, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page whose template begins with `{% extends layout %}`: whole, or for htmx only its title and `content`."""
    layout = "part.html" if by_htmx(request) else "base.html"
    return fragment(request, web, name, status=status, layout=layout, **values)


def fragment(request: Request, web: Web, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A template as it is: what htmx puts into a page that is open. All templates know `path`, `htmx` and `caller`."""
    theme = request.cookies.get("iconface_theme")
    known = {
        "path": request.url.path,
        "caller": web.caller,
        "htmx": by_htmx(request),
        "theme": theme if theme in ("light", "dark") else "",
        "chosen_language": chosen_language(request),
    }
    text = web.templates.get_template(name).render(known | values)
    return Html(text, status, headers={"Vary": "HX-Request"})


def said(response: R, text: str, undo: int | None = None) -> R:
    """Show `text` in a corner of the open page, with a button that takes the decision `undo` back."""
    return trigger(response, "toast", {"text": text, "undo": undo})


def go(request: Request, url: str, text: str = "", undo: int | None = None) -> Response:
    """On to another page of the site; `text` is shown there. `url` is a path of ours."""
    if not url.startswith("/") or url.startswith("//"):
        raise ValueError(f"{url!r} is no page of ours")
    url = quote(url, safe="/?&=#%")
    if not by_htmx(request):
        return RedirectResponse(url, 303)
    response = Response(status_code=204, headers={"HX-Redirect": url})
    return trigger(response, "toast-later", {"text": text, "undo": undo}) if text else response


def by_htmx(request: Request) -> bool:
    """Whether a piece of an open page is asked for, not a page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def trigger(response: R, name: str, detail: Any) -> R:
    """Let the open page have the event `name`, with `detail`."""
    old = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps(old | {name: detail})  # ASCII: a header is nothing else
    return response
