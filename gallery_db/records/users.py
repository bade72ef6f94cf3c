"""Who may come in through a reverse proxy."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "reviewer", "admin"]
"""Each may do what those before it may: look; decide about people, questions and restorations; look after the library,
and take back what others decided."""

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class UserRecord:
    """`name` as the proxy says it."""

    name: str
    role: Role
