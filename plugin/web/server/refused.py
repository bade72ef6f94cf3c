"""Answers before, or instead of, a page: to whoever did not come in through `iconface web`, and after an error of ours.

Made without templates and without the site's files, which nobody may read who is not in.
"""

import base64
import hashlib
import json
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ...languages import N_, _, is_right_to_left, spoken

STYLE = (
    ":root{color-scheme:light dark;font:1.1rem/1.6 system-ui,sans-serif;background:light-dark(#faf6f0,#191614);"
    "color:light-dark(#2a2420,#f3ece4)}main{max-width:34rem;margin:12vh auto;padding:0 1.5rem}"
    "h1{font-size:1.7rem;line-height:1.2}"
    "code{overflow-wrap:anywhere;padding:.2em .5em;border-radius:.4em;background:light-dark(#f0e9df,#2d2824)}"
    "button{font:inherit;padding:.7em 1.4em;border:0;border-radius:99rem;background:light-dark(#a2431f,#f0a17c);"
    "color:light-dark(#fff,#2a1408)}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action "
)
PAGE = """<!doctype html>
<html lang="{language}"{direction}><head><meta charset="utf-8"><title>{title} &ndash; iconface</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><h1>{title}</h1>{text}</main></body></html>
"""
COME_IN = N_(
    "<p>This page shows faces of your family, so it opens only from your own computer account.</p>"
    "<p>To open it, run this in a terminal:</p><p><code>iconface web</code></p>"
)
CLOSED = N_("This page was closed. To open it again, run: iconface web")
NOT_PAIRED = N_(
    "<p>This phone is not paired with iconface, or no longer.</p>"
    "<p>On the computer, open iconface, choose <em>On your phone</em>, and scan the code that it shows.</p>"
)
PUT_OUT = N_("This phone is not paired any more. Scan a new code on the computer.")
NOT_ALLOWED = N_(
    "You may look at this gallery, but not do that. Somebody who looks after it can change what you may do."
)
UNKNOWN_USER = N_(
    "You are signed in as {name}, whom nobody has let into this gallery. Ask somebody who looks after it."
)
CRASHED = N_("Something went wrong in iconface. Nothing was changed half; please try again.")


def refused(request: Request) -> Response:
    """403 to a browser that did not come in, or came in before the server was started again."""
    return _answer(request, 403, _("Please come in through iconface"), _(COME_IN), _(CLOSED))


def not_paired(request: Request) -> Response:
    """403 to a phone that was not paired, or was revoked."""
    return _answer(request, 403, _("Please pair this phone"), _(NOT_PAIRED), _(PUT_OUT))


def not_allowed(request: Request) -> Response:
    """403 to somebody who is in, and may not do that."""
    return _answer(request, 403, _("That is not yours to do"), f"<p>{_(NOT_ALLOWED)}</p>", _(NOT_ALLOWED))


def unknown_user(request: Request, name: str) -> Response:
    """403 to somebody whom the proxy let in, and nobody added here."""
    words = _(UNKNOWN_USER, name=name)
    return _answer(request, 403, _("Please ask to be let in"), f"<p>{escape(words)}</p>", words)


def crashed(request: Request) -> Response:
    """500; what happened is in the log."""
    return _answer(request, 500, _("Something went wrong"), f"<p>{_(CRASHED)}</p>", _(CRASHED))


def plain_page(status: int, title: str, text: str, *, form: bool = False) -> HTMLResponse:
    """A page that needs nothing else, and may send a `form` to its own site. `title` and `text` are ours: they are not
    escaped."""
    direction = ' dir="rtl"' if is_right_to_left() else ""
    html = PAGE.format(title=title, text=text, style=STYLE, language=spoken(), direction=direction)
    policy = POLICY + ("'self'" if form else "'none'")
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})


def _answer(request: Request, status: int, title: str, text: str, short: str) -> Response:
    if request.headers.get("HX-Request") == "true":
        toast = {"toast": {"text": short, "kind": "error"}}
        return PlainTextResponse(short + "\n", status, headers={"HX-Trigger": json.dumps(toast)})
    if "text/html" in request.headers.get("Accept", ""):
        return plain_page(status, title, text)
    return PlainTextResponse(short + "\n", status)
