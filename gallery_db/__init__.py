"""Photos, faces, people and what was decided, in SQLite or PostgreSQL; beside it a rebuildable vector index
(`gallery_db.vectors`).

`Gallery.open(where)` is the front door; `with gallery.begin() as tx:` is one transaction with one repository per noun.
SQLAlchemy is imported with them, when one of the two is first used: records and errors need none of it.
"""

from typing import TYPE_CHECKING

from .errors import (
    BackupError,
    ConflictError,
    GalleryBusyError,
    GalleryError,
    GalleryUnreachableError,
    SchemaTooNewError,
    UnknownIdError,
    UnsupportedLocationError,
    UnusableNameError,
)

if TYPE_CHECKING:
    from .gallery import Gallery, Tx

__all__ = [
    "BackupError",
    "ConflictError",
    "Gallery",
    "GalleryBusyError",
    "GalleryError",
    "GalleryUnreachableError",
    "SchemaTooNewError",
    "Tx",
    "UnknownIdError",
    "UnsupportedLocationError",
    "UnusableNameError",
]


def __getattr__(name: str) -> object:
    if name not in ("Gallery", "Tx"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import gallery

    return getattr(gallery, name)
