"""Names and dates for other programs, in sidecars beside the photos: never in a photo."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gallery_db import Gallery
from iconface_core.errors import ImageReadError, ImageWriteError
from iconface_core.images.atomic_write import publish
from iconface_core.images.date_sidecar import with_date
from iconface_core.images.date_span import Span, stored_span
from iconface_core.images.header import Header, read_header
from iconface_core.images.leftovers import leftovers
from iconface_core.images.people_sidecar import PersonInPhoto, with_people
from iconface_core.images.regions import OURS, clipped
from iconface_core.images.replaced_file import replace_file
from iconface_core.images.sidecars import own_sidecar, sidecars
from iconface_core.images.xmp_edit import XmpFormError

from .facts import TxFacts

_UPRIGHT = Header(0, 0, 1, None)


@dataclass(slots=True)
class SidecarsDone:
    """Paths of sidecars that are `new`, `changed` or `removed` (ours alone, and nobody is in them any more); how many
    are `unchanged`; `differing`: people whom the sidecar of a photo calls otherwise, which was left so; `dated`: photos
    whose sidecar has another program's date, which was left so; `problems`: what could not be read or written, and
    why."""

    new: list[Path] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    unchanged: int = 0
    differing: list[tuple[Path, str]] = field(default_factory=list)
    dated: list[Path] = field(default_factory=list)
    problems: list[tuple[Path, str]] = field(default_factory=list)


def export_sidecars(gallery: Gallery, *, dry_run: bool = False) -> SidecarsDone:
    """Bring the sidecars of all photos in step with the gallery: named people who are shown, and where, and when the
    photo was taken as far as a person said so. What others wrote stays to the byte."""
    done = SidecarsDone()
    swept: set[Path] = set()
    for photo, known in _photos(gallery).items():
        if not dry_run and photo.parent not in swept:
            swept.add(photo.parent)
            _sweep(photo.parent)
        try:
            _one(photo, known, done, dry_run=dry_run)
        except XmpFormError as e:
            done.problems.append((photo, f"its sidecar was left as it is: {e}"))
        except (ImageReadError, ImageWriteError, OSError) as e:
            done.problems.append((photo, str(e)))
    return done


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is in a photo, and when it was taken as a person says."""

    people: list[PersonInPhoto]
    date: Span | None


def _photos(gallery: Gallery) -> Mapping[Path, _Known]:
    """All photos of the library, also those of which nothing is known: something may have been."""
    with gallery.begin(write=False) as tx:
        photos = {Path(p.path): p for p in tx.photos.find(states=("indexed",))}
        sizes = {path: (p.width, p.height) for path, p in photos.items()}
        found = {path: _Known([], stored_span(p.dated)) for path, p in photos.items()}
        for face in TxFacts(tx).faces():
            width, height = sizes.get(face.photo, (0, 0))
            if face.person_name is None or not width or not height:
                continue
            x1, y1, x2, y2 = face.bbox
            box = clipped((x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height))
            if box is not None:
                found[face.photo].people.append(PersonInPhoto(face.person_name, box, face.confirmed))
    return found


def _one(photo: Path, known: _Known, done: SidecarsDone, *, dry_run: bool) -> None:
    found = list(_with_stat(sidecars(photo)))
    something = bool(known.people) or known.date is not None
    if something and not found:
        if own_sidecar(photo).exists():
            raise XmpFormError("it cannot be opened, or is too long")
        data = _written(None, photo, known, done)
        assert data is not None, "something was written"
        _publish(photo, data, done, dry_run=dry_run)
    for i, sidecar in enumerate(found):
        if i == 0 and something:  # the one that is read first
            data = _written(sidecar.data, photo, known, done)
        elif OURS.encode() in sidecar.data:
            data = _written(sidecar.data, photo, _Known([], None), done)
        else:
            continue
        _update(sidecar, data, done, dry_run=dry_run)


def _written(sidecar: bytes | None, photo: Path, known: _Known, done: SidecarsDone) -> bytes | None:
    """The sidecar as it should be; None when nothing is in it any more."""
    header = read_header(photo) if known.people or known.date else _UPRIGHT  # a photo that is away gets no sidecar
    written = with_people(sidecar, known.people, header)
    done.differing += [(photo, name) for name in written.differing]
    data, theirs = with_date(written.data, known.date)
    if theirs:
        done.dated.append(photo)
    return data


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


def _publish(photo: Path, data: bytes, done: SidecarsDone, *, dry_run: bool) -> None:
    path = own_sidecar(photo)
    if not dry_run:
        publish(data, iter([path]), photo)
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
