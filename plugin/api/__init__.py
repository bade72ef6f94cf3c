"""The application as a library: what `import iconface` offers, and all that it promises (docs/api.md).

A front end like `cli` and `web`: it translates calls into use cases, and what these return into records of its own.
"""

from .errors import BusyError, ConflictError, Error, NotFoundError, RequestError, UnavailableError
from .gallery import Gallery
from .records import (
    Box,
    Decision,
    Face,
    Folder,
    Identity,
    Person,
    Reference,
    RefusedReference,
    Restoration,
    ScanProgress,
    ScanResult,
)

__all__ = [
    "Box",
    "BusyError",
    "ConflictError",
    "Decision",
    "Error",
    "Face",
    "Folder",
    "Gallery",
    "Identity",
    "NotFoundError",
    "Person",
    "Reference",
    "RefusedReference",
    "RequestError",
    "Restoration",
    "ScanProgress",
    "ScanResult",
    "UnavailableError",
]

for _name in __all__:  # what tracebacks, help() and pickle say is where users find them
    globals()[_name].__module__ = "iconface"
