"""Forgetting somebody: the gallery's part, and the pictures of them that the site kept."""

from gallery_db import Gallery
from gallery_db.records import ForgetResult

from ..folders import Folders
from ..picture_cache import clear


def forget(gallery: Gallery, folders: Folders, person_id: int) -> ForgetResult:
    """`Gallery.forget`, and no picture of them stays in the cache. Errors as there; the pictures go all the same.

    Killed in between, or when another process kept the file from being compacted, `unfinished` does the rest.
    """
    try:
        result = gallery.forget(person_id)
    finally:
        clear(folders.web_pictures)
    gallery.forgotten()
    return result
