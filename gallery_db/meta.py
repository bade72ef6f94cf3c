"""Small facts about the gallery itself: key to text."""

from sqlalchemy.orm import Session


class MetaRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def get(self, key: str, default: str | None = None) -> str | None:
        raise NotImplementedError

    def set(self, key: str, value: str | None) -> None:
        """Store `value`; None removes the key."""
        raise NotImplementedError
