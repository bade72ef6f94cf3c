"""The list of people with the standard library alone, for a script or a page that shall not wait for SQLAlchemy."""

from gallery_db import peek

from ..folders import Folders
from ..rows import Row, person_row
from ..unfinished import sweep_own


def people_rows(folders: Folders, *, everybody: bool) -> list[Row] | None:
    """The same as `People.rows`. None where the gallery has to be opened in full."""
    if folders.server is not None:
        return None
    people = peek.people(folders.database, everybody=everybody)
    if people is None:
        return None
    sweep_own(folders)
    return [person_row(p) for p in people]
