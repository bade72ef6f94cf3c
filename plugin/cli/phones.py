"""`iconface phones ...`: which phones may come in while the door for them is open, and closing it."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from .output import columns
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..web.phone.invitations import Invitation


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="The phones that may see the page; see: iconface web --phone"
    )
    commands: dict[str, Callable[..., None]] = {"list": show_all, "revoke": revoke, "close": close}
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="phones")


def show_all(ctx: typer.Context) -> None:
    """List the phones that were paired."""
    from ..web.phone.devices import Devices

    session = Session.of(ctx)
    found = Devices(session.settings().folders.phones).all()
    rows = [{"number": d.number, "name": d.name, "paired_at": d.paired_at, "seen_at": d.seen_at} for d in found]
    human = columns(
        ["number", "name", "paired", "last seen"],
        [
            (d.number, d.name, f"{_local(d.paired_at):%Y-%m-%d %H:%M}", f"{_local(d.seen_at):%Y-%m-%d %H:%M}")
            for d in found
        ],
    )
    session.out.object({"phones": rows}, human if rows else ["no phone is paired; to pair one: iconface web --phone"])


def revoke(
    ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="NUMBER", help="see: iconface phones list")]
) -> None:
    """Let a phone in no more, at once. It has to be paired again."""
    from ..web.phone.devices import Devices

    session = Session.of(ctx)
    gone = Devices(session.settings().folders.phones).revoke(number)
    session.out.object({"revoked": gone.number}, [f"{gone.name} is not let in any more"])


def close(ctx: typer.Context) -> None:
    """Close the door for phones now, before its time."""
    from ..web.server.running import ask_site

    session = Session.of(ctx)
    ask_site(session.settings().folders.runtime, "/phones/close")  # no page: no door either
    session.out.object({"closed": True}, ["no phone is let in any more"])


def asked_for_phone(runtime: "Path", address: str) -> "Invitation":
    """The running page lets phones in. Raises BusyError when it has just ended, UsageError when it refuses."""
    from iconface_core.codec import decode_json

    from ..errors import BusyError
    from ..web.phone.invitations import Invitation
    from ..web.server.running import ask_site

    answer = ask_site(runtime, "/phones/open", address=address)
    if answer is None:
        raise BusyError("the page has just ended; please try again")
    return decode_json(Invitation, answer, "the page's answer")


def invited(invitation: "Invitation") -> "Iterator[str]":
    """What a phone has to be shown. A terminal that cannot draw gets the address alone."""
    from ..web.phone.qr import lines

    yield "let the camera of a phone in the same network look at this, or type the address there:"
    if (sys.stdout.encoding or "").lower().startswith("utf") and sys.stdout.isatty():
        yield from lines(invitation.url)
    yield invitation.url
    yield f"it works once, within ten minutes; phones may come in until {_local(invitation.until):%H:%M}"
    yield "the phone warns that nobody vouches for this machine; its certificate must have this SHA-256 fingerprint:"
    yield invitation.fingerprint


def _local(at: str) -> datetime:
    """A time (ISO 8601, UTC) on this machine's clock."""
    return datetime.fromisoformat(at).astimezone()
