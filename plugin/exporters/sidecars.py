"""Names for other programs, in sidecars beside the photos: never in a photo."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gallery_db import Gallery
from iconface_core.errors import ImageReadError, ImageWriteError
from iconface_core.images.atomic_write import publish
from iconface_core.images.header import Header, read_header
from iconface_core.images.leftovers import leftovers
from iconface_core.images.people_sidecar import PersonInPhoto, Written, with_people
from iconface_core.images.regions import OURS, clipped
from iconface_core.images.replaced_file import replace_file
from iconface_core.images.sidecars import own_sidecar, sidecars
from iconface_core.images.xmp_edit import XmpFormError

from .facts import TxFacts

_UPRIGHT = Header(0, 0, 1, None)


@dataclass(slots=True)
class SidecarsDone:
    """Paths of sidecars that are `new`, `changed` or `removed` (ours alone, and nobody is in them any more); how many
    are `unchanged`; `differing`: people whom the sidecar of a photo calls otherwise, which was left so; `problems`:
    what could not be read or written, and why."""

    new: list[Path] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    unchanged: int = 0
    differing: list[tuple[Path, str]] = field(default_factory=list)
    problems: list[tuple[Path, str]] = field(default_factory=list)


def export_sidecars(gallery: Gallery, *, dry_run: bool = False) -> SidecarsDone:
    """Bring the sidecars of all photos in step with the gallery: named people who are shown, and where. What others
    wrote stays to the byte."""
    done = SidecarsDone()
    swept: set[Path] = set()
    for photo, people in _photos(gallery).items():
        if not dry_run and photo.parent not in swept:
            swept.add(photo.parent)
            _sweep(photo.parent)
        try:
            _one(photo, people, done, dry_run=dry_run)
        except XmpFormError as e:
            done.problems.append((photo, f"its sidecar was left as it is: {e}"))
        except (ImageReadError, ImageWriteError, OSError) as e:
            done.problems.append((photo, str(e)))
    return done


def _photos(gallery: Gallery) -> Mapping[Path, list[PersonInPhoto]]:
    """All photos of the library, also those without anybody: somebody may have been in them."""
    with gallery.begin(write=False) as tx:
        sizes = {Path(p.path): (p.width, p.height) for p in tx.photos.find(states=("indexed",))}
        people: dict[Path, list[PersonInPhoto]] = {photo: [] for photo in sizes}
        for face in TxFacts(tx).faces():
            width, height = sizes.get(face.photo, (0, 0))
            if face.person_name is None or not width or not height:
                continue
            x1, y1, x2, y2 = face.bbox
            box = clipped((x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height))
            if box is not None:
                people[face.photo].append(PersonInPhoto(face.person_name, box, face.confirmed))
    return people


def _one(photo: Path, people: list[PersonInPhoto], done: SidecarsDone, *, dry_run: bool) -> None:
    found = list(_with_stat(sidecars(photo)))
    if people and not found:
        if own_sidecar(photo).exists():
            raise XmpFormError("it cannot be opened, or is too long")
        _publish(photo, with_people(None, people, read_header(photo)), done, dry_run=dry_run)
    for i, sidecar in enumerate(found):
        if i == 0 and people:  # the one that is read first
            written = with_people(sidecar.data, people, read_header(photo))
        elif OURS.encode() in sidecar.data:
            written = with_people(sidecar.data, (), _UPRIGHT)
        else:
            continue
        done.differing += [(photo, name) for name in written.differing]
        _update(sidecar, written.data, done, dry_run=dry_run)


def _update(sidecar: "_Sidecar", data: bytes | None, done: SidecarsDone, *, dry_run: bool) -> None:
    if data == sidecar.data:
        done.unchanged += 1
    elif data is None:
        if not dry_run:
            sidecar.path.unlink()
        done.removed.append(sidecar.path)
    else:
        if not dry_run:
            replace_file(sidecar.path, data, sidecar.seen)
        done.changed.append(sidecar.path)


def _publish(photo: Path, written: Written, done: SidecarsDone, *, dry_run: bool) -> None:
    assert written.data is not None
    path = own_sidecar(photo)
    if not dry_run:
        publish(written.data, iter([path]), photo)
    done.new.append(path)


@dataclass(frozen=True, slots=True)
class _Sidecar:
    path: Path
    data: bytes
    seen: os.stat_result


def _with_stat(found: Iterable[tuple[Path, bytes]]) -> Iterator[_Sidecar]:
    for path, data in found:
        seen = path.stat()
        if seen.st_size != len(data):
            raise XmpFormError(f"{path.name} is being written by another program; try again")
        yield _Sidecar(path, data, seen)


def _sweep(folder: Path) -> None:
    """Remove what an export that was killed left beside sidecars."""
    for path in leftovers(folder):
        if ".xmp." in path.name:
            path.unlink(missing_ok=True)
