"""`iconface web`."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .output import flush
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from pathlib import Path

    from ..web.phone.invitations import Invitation

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
    phone: Annotated[
        bool, typer.Option("--phone", help="let a phone in the same private network in, and show a QR code for it")
    ] = False,
    phone_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="of this machine, where it has several; see --phone")
    ] = None,
    idle: Annotated[float | None, typer.Option(min=1, help="end when no page was open for so many seconds")] = None,
) -> None:
    """Show people, questions and restorations in the browser, on this machine only. Ctrl-C ends it.

    When the page is served already, or the service runs, it is only opened. --phone opens a door for phones at home,
    for an hour (phone_minutes) and at most as long as the page is served.
    """
    from iconface_core.codec import encode

    from ..errors import UsageError
    from ..web.server.running import way_in
    from .phones import asked_for_phone, invited

    session = Session.of(ctx)
    settings = session.settings()
    runtime = settings.folders.runtime
    wanted = settings.web_port if port is None else port
    if window:
        if phone or phone_address:
            raise UsageError("--phone shows its code in a terminal: leave out --window, or choose On your phone there")
        _in_window(session, wanted)
        return

    home = None
    if phone or phone_address:
        from ..web.phone.networks import choose, home_addresses

        home = choose(home_addresses(), phone_address)

    def ready(url: str, invitation: "Invitation | None") -> None:
        if invitation is None:
            session.out.object({"url": url}, [url])
        else:
            session.out.object({"url": url, "phone": encode(invitation)}, [url, *invited(invitation)])
        flush()
        if browser:
            _open(session, url)

    url = way_in(runtime)
    if url is None and not here:
        url = _from_service(runtime, wanted)
    if url is not None:
        if port and f":{port}/" not in url:
            session.out.note(f"it is served on another port than {port} already")
        ready(url, asked_for_phone(runtime, str(home.address)) if home else None)
        return
    from ..web.serve import serve

    session.out.note("the address below opens the page once, within ten minutes; Ctrl-C ends it")
    serve(
        settings,
        wanted,
        idle_s=idle,
        ready=lambda url, door: ready(url, None if door is None else door.invitation()),
        phone=home,
    )


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
