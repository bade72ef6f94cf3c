"""`iconface web`."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .output import flush
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from pathlib import Path

START_S = 30.0
"""How long the service may take to start the page."""


def register(root: typer.Typer) -> None:
    """Add this file's command to the tree."""
    root.command("web", epilog=SHARED_HELP)(web)


def web(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="of this machine; 0: a free one")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open it in the browser")] = True,
    here: Annotated[
        bool, typer.Option("--here", help="serve it from this process, even when the service runs")
    ] = False,
    window: Annotated[
        bool, typer.Option("--window", help="start the service if need be, and open a window of its own")
    ] = False,
    idle: Annotated[float | None, typer.Option(min=1, help="end when no page was open for so many seconds")] = None,
) -> None:
    """Show people, questions and restorations in the browser, on this machine only. Ctrl-C ends it.

    When the page is served already, or the service runs, it is only opened.
    """
    from ..web.server.running import way_in

    session = Session.of(ctx)
    settings = session.settings()
    runtime = settings.folders.runtime
    wanted = settings.web_port if port is None else port
    if window:
        _in_window(session, wanted)
        return

    def ready(url: str) -> None:
        session.out.object({"url": url}, [url])
        flush()
        if browser:
            _open(session, url)

    url = way_in(runtime)
    if url is None and not here:
        url = _from_service(runtime, wanted)
    if url is not None:
        if port and f":{port}/" not in url:
            session.out.note(f"it is served on another port than {port} already")
        ready(url)
        return
    from ..web.serve import serve

    session.out.note("the address below opens the page once, within ten minutes; Ctrl-C ends it")
    serve(settings, wanted, idle_s=idle, ready=ready)


def _in_window(session: Session, port: int) -> None:
    """What the entry among the user's programs starts: without a terminal, a trouble is a notification."""
    from ..notifications.immediate import opening_told
    from ..web.own_window import open_window, page_of_service

    with opening_told(session.settings):
        url = page_of_service(session.settings().folders, session.own_home, port)
    session.out.object({"url": url}, [url])
    flush()
    if not open_window(url):
        session.out.note("open this address in a browser of this machine")


def _from_service(runtime: "Path", port: int) -> str | None:
    """The page as the service serves it; None when no service runs, or it does not know how."""
    from ..errors import BusyError
    from ..service.control import ask
    from ..web.server.running import wait_for_way_in

    answer = ask(runtime, "web", port=port)
    if answer is None or "error" in answer:
        return None
    url = wait_for_way_in(runtime, START_S)
    if url is None:
        raise BusyError("the service could not start the page: see web.log in the state folder, or add --here")
    return url


def _open(session: Session, url: str) -> None:
    """In the user's browser. Without a display there is none, and a text browser would take the terminal."""
    import webbrowser

    shown = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not shown or not webbrowser.open(url):
        session.out.note("open this address in a browser of this machine")
