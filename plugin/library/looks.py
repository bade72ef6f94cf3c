"""What photos look like that were indexed by a release which did not ask: so that their copies are known."""

from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import PhotoRecord
from iconface_core.images.perceptual_hash import perceptual_hash
from iconface_core.images.read import read_photo

from .bad_files import is_no_fault_of

LOOKS_STAMP = "looks"
"""Meta key: changes with every look that is added to a photo indexed before."""

A_SCAN = 2000
"""So many photos are looked at by one scan at most: a minute or two."""

_REDUCE_TO = 512  # pixels of the long side: the hash is of 128
_TOGETHER = 64


def add_missing_looks(gallery: Gallery, *, max_pixels: int, at_most: int = A_SCAN) -> int:
    """Look at the first photos that lack it. Returns how many there were. What cannot be read is not tried again until
    it changes: the scan says what is wrong with it."""
    done = 0
    while done < at_most:
        with gallery.begin(write=False) as tx:
            photos = tx.photos.without_look(min(_TOGETHER, at_most - done))
        if not photos:
            break
        looks = [(photo, _look(photo, max_pixels)) for photo in photos]
        with gallery.begin() as tx:
            tx.photos.set_look(looks)
            tx.meta.set(LOOKS_STAMP, str(int(tx.meta.get(LOOKS_STAMP) or 0) + 1))
        done += len(photos)
    return done


def _look(photo: PhotoRecord, max_pixels: int) -> bytes:
    try:
        return perceptual_hash(read_photo(Path(photo.path), reduce_to=_REDUCE_TO, max_pixels=max_pixels).pixels)
    except Exception as e:
        if is_no_fault_of(e):
            raise
        return b""
