"""Who may come in through a reverse proxy, and what each may do there."""

import unicodedata

from sqlalchemy import Connection, delete, select, update

from .database.schema import app_user
from .database.words import insert
from .errors import UnusableNameError
from .records import Role, UserRecord

LONGEST_NAME = 200


def clean_user(name: str) -> str:
    """The name as it is compared: composed (NFC); case counts. Raises UnusableNameError for an empty one, for one with
    control characters or with spaces around it, and for more than 200 characters."""
    composed = unicodedata.normalize("NFC", name)
    if not composed or composed != composed.strip() or len(composed) > LONGEST_NAME or not composed.isprintable():
        raise UnusableNameError(f"{name!r} cannot be the name of a user")
    return composed


class UserRepo:
    """Names as the proxy says them. Nobody has a password here: that is the proxy's business."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def all(self) -> list[UserRecord]:
        """By name."""
        rows = self._c.execute(select(app_user).order_by(app_user.c.name))
        return [UserRecord(r.name, r.role) for r in rows]

    def role(self, name: str) -> Role | None:
        """What somebody may do; None for who is not known."""
        found: Role | None = self._c.scalar(select(app_user.c.role).where(app_user.c.name == name))
        return found

    def add(self, name: str, role: Role) -> bool:
        """False: there is one of that name, who stays as they are. Raises UnusableNameError."""
        new = insert(self._c, app_user).values(name=clean_user(name), role=role)
        added = new.on_conflict_do_nothing(index_elements=["name"]).returning(app_user.c.id)
        return self._c.scalar(added) is not None

    def set_role(self, name: str, role: Role) -> bool:
        """False: nobody is called so."""
        change = update(app_user).where(app_user.c.name == name).values(role=role)
        return bool(self._c.execute(change).rowcount)

    def remove(self, name: str) -> bool:
        """They are let in no more; what they decided stays. False: nobody is called so."""
        return bool(self._c.execute(delete(app_user).where(app_user.c.name == name)).rowcount)
