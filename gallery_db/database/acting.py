"""Who decides: a name that a connection carries, so that no repository has to be told."""

from sqlalchemy import Connection

_OPTION = "iconface_actor"


def act_as(conn: Connection, actor: str | None) -> None:
    """What is decided on this connection is theirs; None: the one person of this machine."""
    conn.execution_options(**{_OPTION: actor})


def actor_of(conn: Connection) -> str | None:
    """Who decides on this connection."""
    found: str | None = conn.get_execution_options().get(_OPTION)
    return found
