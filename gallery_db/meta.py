"""Small facts about the gallery itself: key to text."""

from sqlalchemy import Connection, delete, select, update

from .database.schema import meta


class MetaRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def get(self, key: str, default: str | None = None) -> str | None:
        value = self._c.scalar(select(meta.c.value).where(meta.c.key == key))
        return default if value is None else value

    def set(self, key: str, value: str | None) -> None:
        """Store `value`; None removes the key."""
        if value is None:
            self._c.execute(delete(meta).where(meta.c.key == key))
        elif not self._c.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount:
            self._c.execute(meta.insert().values(key=key, value=value))
