"""Names and faces for an Immich server: people who are missing there, and whose the faces in its photos are.

What somebody named there stays: nobody is renamed, nobody is merged, no face is taken from a person with a name. The
server is read before anything is written, and each photo again just before it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gallery_db import Gallery
from gallery_db.people import name_key
from iconface_core.boxes import match_boxes
from iconface_core.types import BBox

from ..immich_server import ImmichServer, RefusedError, Row, ServerError, box_of, name_of
from .facts import TxFacts
from .immich_assets import find_assets

Contradiction = Literal["other_name", "hidden", "elsewhere_in_photo", "several_people", "same_name_here"]
"""The face has another name there; it belongs to somebody who was hidden there; the person has another face in that
photo there; several people are called so there; or here."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A name that was not written. `other`: what the face is called there."""

    photo: Path
    name: str
    why: Contradiction
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What the server did not take, and what it said."""

    photo: Path
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class PlannedFace:
    """Somebody here: `box` in pixels of the upright photo."""

    name: str
    box: BBox


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo here, its upright size, and who in it has a name and is shown."""

    path: Path
    width: int
    height: int
    faces: tuple[PlannedFace, ...]


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A face to be given a name: `face_id` is the server's, None where it found nobody."""

    face: PlannedFace
    face_id: str | None


@dataclass(frozen=True, slots=True)
class ImmichPlan:
    """`new` people will be created; `assigned` faces that the server found get a name, `added` ones are drawn there;
    `known` have it already. `absent`: photos with names that the server has not; `edited`: those that were cropped or
    turned there, where places are others. `photos`: the server's id of each and what to write there; `people`: its ids
    of those it knows, by `name_key`."""

    new: tuple[str, ...]
    assigned: int
    added: int
    known: int
    conflicts: tuple[Conflict, ...]
    absent: tuple[Path, ...]
    edited: tuple[Path, ...]
    photos: tuple[tuple[str, NamedPhoto, tuple[PlannedWrite, ...]], ...]
    people: Mapping[str, str]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.photos


@dataclass(slots=True)
class ImmichDone:
    """People who were `created`, faces that were `assigned` or `added`, what was `refused`; `changed`: faces that
    somebody changed there since they were looked at, and that were left alone."""

    created: int = 0
    assigned: int = 0
    added: int = 0
    changed: int = 0
    refused: list[Refused] = field(default_factory=list)


def plan_export(gallery: Gallery, server: ImmichServer) -> ImmichPlan:
    """What the server is to be told. Reads only. Raises ServerError."""
    photos = _named_photos(gallery)
    by_key: dict[str, list[str]] = {}
    for person in server.people():
        by_key.setdefault(name_key(name_of(person)), []).append(person["id"])
    doubled = _doubled(gallery)
    unclear: dict[str, Contradiction] = {key: "several_people" for key, ids in by_key.items() if len(ids) > 1}
    unclear |= dict.fromkeys(doubled, "same_name_here")
    assets, edited = find_assets(server, photos)
    writes: list[tuple[str, NamedPhoto, tuple[PlannedWrite, ...]]] = []
    conflicts: list[Conflict] = []
    known = 0
    for path, asset_id in assets.items():
        looked = _Looked(photos[path], server.faces_of(asset_id), unclear)
        conflicts += looked.conflicts
        known += looked.known
        if looked.writes:
            writes.append((asset_id, photos[path], tuple(looked.writes)))
    every = [w for _, _, some in writes for w in some]
    names = {name_key(w.face.name): w.face.name for w in reversed(every)}
    return ImmichPlan(
        tuple(sorted(n for key, n in names.items() if key not in by_key)),
        sum(w.face_id is not None for w in every),
        sum(w.face_id is None for w in every),
        known,
        tuple(conflicts),
        tuple(p for p in photos if p not in assets and p not in edited),
        tuple(edited),
        tuple(writes),
        {key: ids[0] for key, ids in by_key.items()},
    )


def write_export(server: ImmichServer, plan: ImmichPlan) -> ImmichDone:
    """Tell the server what `plan` says, and no more. Raises ServerError; what was written stays then, and the next plan
    holds the rest."""
    done = ImmichDone()
    people = dict(plan.people)
    try:
        for asset_id, photo, planned in plan.photos:
            looked = _Looked(photo, server.faces_of(asset_id), {})
            for write in planned:
                if write in looked.writes:
                    _write(server, asset_id, photo, write, people, done)
                else:
                    done.changed += 1
    except ServerError as e:
        raise ServerError(f"{e} ({done.assigned + done.added} faces were written; do it again for the others)") from e
    return done


def _write(
    server: ImmichServer,
    asset_id: str,
    photo: NamedPhoto,
    write: PlannedWrite,
    people: dict[str, str],
    done: ImmichDone,
) -> None:
    try:
        person_id = _person(server, write.face.name, people, done)
        if person_id is None:
            done.changed += 1
        elif write.face_id is not None:
            server.assign_face(write.face_id, person_id)
            done.assigned += 1
        else:
            server.create_face(asset_id, person_id, (photo.width, photo.height), _inside(write.face.box, photo))
            done.added += 1
    except RefusedError as e:
        done.refused.append(Refused(photo.path, write.face.name, str(e)))


def _person(server: ImmichServer, name: str, people: dict[str, str], done: ImmichDone) -> str | None:
    """The server's id of somebody, who is created at the last moment: one without a face is in no list there. None when
    several have got this name meanwhile."""
    key = name_key(name)
    if key not in people:
        found = [str(p["id"]) for p in server.people_like(name) if name_key(name_of(p)) == key]
        if len(found) > 1:
            return None
        people[key] = found[0] if found else server.create_person(name)
        done.created += not found
    return people[key]


def _inside(box: BBox, photo: NamedPhoto) -> tuple[int, int, int, int]:
    """Left, top, width and height in whole pixels of the photo."""
    left, top = max(0, round(box.x1)), max(0, round(box.y1))
    return left, top, min(photo.width, round(box.x2)) - left, min(photo.height, round(box.y2)) - top


class _Looked:
    """One photo here and there: what is to be written, and what is not."""

    def __init__(self, photo: NamedPhoto, theirs: Sequence[Row], unclear: Mapping[str, Contradiction]) -> None:
        self.writes: list[PlannedWrite] = []
        self.conflicts: list[Conflict] = []
        self.known = 0
        places = {i: _pixels(box, photo) for i, face in enumerate(theirs) if (box := box_of(face)) is not None}
        there = match_boxes([f.box for f in photo.faces], places)
        matched = set(there.values())
        unmatched = {name_key(name_of(_whose(f))) for i, f in enumerate(theirs) if i not in matched}
        taken: set[int] = set()
        for i, face in enumerate(photo.faces):
            key = name_key(face.name)
            at = there.get(i)
            person = {} if at is None else _whose(theirs[at])
            if at is not None and name_key(name_of(person)) == key:
                self.known += 1
            elif name_of(person):
                self._conflict(photo, face, "other_name", name_of(person))
            elif person.get("isHidden"):
                self._conflict(photo, face, "hidden")
            elif key in unclear:
                self._conflict(photo, face, unclear[key])
            elif key in unmatched:
                self._conflict(photo, face, "elsewhere_in_photo")
            elif at is None or (at not in taken and theirs[at].get("id")):
                self.writes.append(PlannedWrite(face, None if at is None else str(theirs[at]["id"])))
                taken |= set() if at is None else {at}

    def _conflict(self, photo: NamedPhoto, face: PlannedFace, why: Contradiction, other: str | None = None) -> None:
        self.conflicts.append(Conflict(photo.path, face.name, why, other))


def _whose(face: Row) -> Row:
    person = face.get("person")
    return person if isinstance(person, dict) else {}


def _pixels(box: tuple[float, float, float, float], photo: NamedPhoto) -> BBox:
    x, y, w, h = box
    return BBox(x * photo.width, y * photo.height, (x + w) * photo.width, (y + h) * photo.height)


def _named_photos(gallery: Gallery) -> dict[Path, NamedPhoto]:
    """Photos with somebody in them who has a name and is shown."""
    faces: dict[Path, list[PlannedFace]] = {}
    with gallery.begin(write=False) as tx:
        for f in TxFacts(tx).faces():
            if f.person_name is not None:
                faces.setdefault(f.photo, []).append(PlannedFace(f.person_name, BBox(*f.bbox)))
        photos = ((Path(p.path), p.width, p.height) for p in tx.photos.find(states=("indexed",)))
        return {path: NamedPhoto(path, w, h, tuple(faces[path])) for path, w, h in photos if path in faces and w and h}


def _doubled(gallery: Gallery) -> set[str]:
    """Names that several people have here."""
    with gallery.begin(write=False) as tx:
        keys = Counter(name_key(p.name) for p in TxFacts(tx).people() if p.name is not None)
    return {key for key, people in keys.items() if people > 1}
