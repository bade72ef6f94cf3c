"""Whether a restored copy is where it was written, as it was written."""

from pathlib import Path
from typing import Literal

from gallery_db.records import RestorationRecord
from iconface_core.images.formats import content_hash

Presence = Literal["none", "there", "edited", "gone", "offline"]


def presence(record: RestorationRecord, *, compare: bool = True) -> Presence:
    """Whether the output is there as we wrote it. `offline`: its whole folder is not, so nobody deleted it by hand.
    `compare=False` reads no bytes and never says `edited`."""
    if record.output is None:
        return "none"
    path = Path(record.output)
    if not path.is_file():
        return "gone" if path.parent.is_dir() else "offline"
    return "edited" if compare and content_hash(path) != record.output_sha256 else "there"


def copy_is_there(record: RestorationRecord) -> bool:
    """Whether this restoration stands and its copy can be opened; nobody looks whether it was edited."""
    return record.state == "done" and presence(record, compare=False) == "there"
