"""Which restored copies of a photo are there already."""

from pathlib import Path

from iconface_core.errors import IconFaceError
from iconface_core.image_write import restored_names
from iconface_core.provenance import Provenance, read_provenance


def existing_result(path: Path, folder: Path, provenance: Provenance) -> Path | None:
    """A file of ours that says it is exactly this result: what a run that was killed before its last step left."""
    for suffix in {path.suffix, ".jpg", ".png"}:
        for name in restored_names(path, folder, suffix):
            if not name.exists():
                break
            try:
                old = read_provenance(name)
            except IconFaceError:
                continue
            if old is not None and (old.source_sha256, old.faces) == (provenance.source_sha256, provenance.faces):
                return name
    return None
