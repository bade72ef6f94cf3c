"""Photos, faces, people and what was decided, in SQLite; beside it a rebuildable vector index (`gallery_db.vectors`).

`Gallery.open(path)` is the front door; `with gallery.begin() as tx:` is one transaction with one repository per noun.
"""

from .errors import (
    BackupError,
    ConflictError,
    GalleryBusyError,
    GalleryError,
    NotFoundError,
    SchemaTooNewError,
    UnsupportedLocationError,
    UnusableNameError,
)
from .gallery import Gallery, Tx

__all__ = [
    "BackupError",
    "ConflictError",
    "Gallery",
    "GalleryBusyError",
    "GalleryError",
    "NotFoundError",
    "SchemaTooNewError",
    "Tx",
    "UnsupportedLocationError",
    "UnusableNameError",
]
