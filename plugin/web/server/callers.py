"""Who asks for a page, and what they may do."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from gallery_db.records import ROLES, Role


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` as the reverse proxy says it; None: whoever runs iconface on this machine, and their phones."""

    name: str | None = None
    role: Role = "admin"

    def may(self, needed: Role) -> bool:
        """Whether their role is `needed`, or one above it."""
        return ROLES.index(self.role) >= ROLES.index(needed)


OWNER = Caller()
"""Whoever runs iconface on this machine: they could read the database as well."""


def let_in(scope: Scope, caller: Caller) -> None:
    """Note who asks, for everything that answers."""
    scope.setdefault("state", {})["caller"] = caller


def caller_of(at: Request | Scope) -> Caller | None:
    """Who asks; None: nobody was asked who they are."""
    scope = at.scope if isinstance(at, Request) else at
    found: Caller | None = scope.get("state", {}).get("caller")
    return found
