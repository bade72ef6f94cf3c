"""Several people at one gallery: who decides on this machine's command line, and whom a reverse proxy may log in."""

import getpass
import os
from typing import TYPE_CHECKING

from .errors import NotFoundError, UsageError
from .rows import Row

if TYPE_CHECKING:
    from gallery_db import Gallery
    from gallery_db.records import Role

    from .settings import Settings


def own_gallery(gallery: "Gallery", settings: "Settings") -> "Gallery":
    """The gallery as whoever started this process decides in it. A file has one person, who needs no name."""
    return gallery.acting_as(settings.actor or _os_user()) if gallery.shared else gallery


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user need not have a name
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"


def listed(gallery: "Gallery") -> list[Row]:
    """`users list`, by name."""
    with gallery.begin(write=False) as tx:
        return [_row(u.name, u.role) for u in tx.users.all()]


def add(gallery: "Gallery", name: str, role: "Role") -> Row:
    """Let somebody in whom the proxy calls `name`. Raises UnusableNameError, and UsageError for who is in already."""
    with gallery.begin() as tx:
        if not tx.users.add(name, role):
            raise UsageError(f"there is a user {name!r} already; to change what they may: iconface users role")
    return _row(name, role)


def set_role(gallery: "Gallery", name: str, role: "Role") -> Row:
    """What they may do from the next request on. Raises NotFoundError."""
    with gallery.begin() as tx:
        if not tx.users.set_role(name, role):
            raise _nobody(name)
    return _row(name, role)


def remove(gallery: "Gallery", name: str) -> None:
    """Let them in no more, from the next request on; what they decided stays. Raises NotFoundError."""
    with gallery.begin() as tx:
        if not tx.users.remove(name):
            raise _nobody(name)


def role_of(gallery: "Gallery", name: str, settings: "Settings") -> "Role | None":
    """What somebody may do whom the proxy has let in; None: they are refused."""
    with gallery.begin(write=False) as tx:
        known = tx.users.role(name)
    return known or (None if settings.unknown_users == "refused" else settings.unknown_users)


def _nobody(name: str) -> NotFoundError:
    return NotFoundError(f"no user is called {name!r}; see: iconface users list")


def _row(name: str, role: "Role") -> Row:
    return {"user": name, "role": role}
