"""Find the people in a photo library and restore their faces, from a script or another program: docs/api.md.

Importing this package costs nothing; what a name needs is imported when the name is first used.
"""

TYPE_CHECKING = False  # as in `typing`, which is not imported: `__main__` must look at sys.path before anything is
if TYPE_CHECKING:
    from ._app.api import (
        Box,
        BusyError,
        ConflictError,
        Decision,
        Error,
        Face,
        Folder,
        Gallery,
        Identity,
        NotFoundError,
        Person,
        Reference,
        RefusedReference,
        RequestError,
        Restoration,
        ScanProgress,
        ScanResult,
        UnavailableError,
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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._app import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
