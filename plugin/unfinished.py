"""What a killed command left behind is finished, or swept, by the next one.

A decision that a file or a picture follows is noted in the transaction that makes it, and the note goes when the rest
is done: a kill in between loses nothing but time.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.errors import GalleryError
from gallery_db.notes import CLEARING_PICTURES
from iconface_core.images.leftovers import leftovers, sweep

from .folders import Folders
from .picture_cache import clear

if TYPE_CHECKING:
    from gallery_db import Gallery, Tx

log = logging.getLogger(__name__)


def note_clearing(tx: "Tx") -> None:
    """The pictures of the site have to go once this transaction is committed."""
    tx.meta.set(CLEARING_PICTURES, "1")


def clear_pictures(gallery: "Gallery", folders: Folders) -> None:
    """Empty the pictures and take the note back."""
    clear(folders.web_pictures)
    with gallery.begin() as tx:
        tx.meta.set(CLEARING_PICTURES, None)


def finish(gallery: "Gallery", folders: Folders) -> None:
    """Go on where a killed command stopped, apart from copies (`restoring.decisions`). Never fails: what cannot
    be done now, because somebody writes or the disk is read-only, is tried again by the next command."""
    sweep_own(folders)
    try:
        with gallery.begin(write=False) as tx:
            clearing = tx.meta.get(CLEARING_PICTURES) is not None
        if gallery.finish_forgetting():
            clear(folders.web_pictures)
            gallery.forgotten()
        if clearing:
            clear_pictures(gallery, folders)
    except (GalleryError, OSError) as e:
        log.info("left for later: %s", e)


def sweep_own(folders: Folders) -> None:
    """Remove what killed processes prepared and never finished."""
    sweep(own_folders(folders))


def left_over(folders: Folders) -> list[Path]:
    """What is there of killed processes and could not be swept."""
    return [path for folder in own_folders(folders) for path in leftovers(folder)]


def own_folders(folders: Folders) -> Iterator[Path]:
    """Every folder in which something is prepared."""
    yield from (
        folders.data,
        folders.backups,
        folders.vectors,
        folders.inbox,
        folders.uploads,
        folders.phones,
        folders.runtime,
        folders.models,
    )
    if folders.models.is_dir():
        yield from (p for p in folders.models.iterdir() if p.is_dir())
    yield folders.models / "iconface" / "checkpoint"
