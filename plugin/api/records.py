"""What the public API returns: values, which stay as they are when the gallery changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the library. `online` is False while the folder cannot be read, say because its drive is not there.
    `photos` counts those that are known of it; `last_scan` is in UTC, None before the first scan."""

    id: int
    path: Path
    online: bool
    photos: int
    last_scan: datetime | None


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan is: `done` of `total` photos (0 until it is known). `text`: what was done last, often a path."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found. Counts of photos: `new`, `changed` and `moved` ones, those `missing` since the last scan, and
    those `unchanged`. `failed` maps a photo that could not be read now to the reason; while it does not change it is
    not read again, and counted as unchanged. `problems` says in words what the scan left alone, such as a folder that
    is offline: what is known of it is kept. `people` and `faces` count all in the gallery, `questions` what grouping
    would rather ask than decide."""

    new: int
    changed: int
    moved: int
    missing: int
    unchanged: int
    failed: Mapping[Path, str]
    problems: tuple[str, ...]
    people: int
    faces: int
    questions: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the library. `name` is None until it is given. `faces` and `photos` count theirs, `confirmed` the
    faces that a human assigned. Hidden people are recognised but not listed, ignored ones are strangers."""

    id: int
    name: str | None
    faces: int
    photos: int
    confirmed: int
    hidden: bool
    ignored: bool
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Box:
    """Edges of a face in pixels of the upright photo, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one photo. `id` is None where the photo is not in the library. `quality` is 0..1, None when it was
    never measured; `detection` is the detector's confidence, 0..1. `confirmed`: a human said who it is. `taken` is what
    the camera's clock showed, None when unknown."""

    id: int | None
    photo: Path
    box: Box
    quality: float | None
    detection: float
    person_id: int | None
    person_name: str | None
    confirmed: bool
    taken: datetime | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A face that helps to restore another one. `score` is 0..1, higher is better; `reasons` are short phrases. A photo
    that the caller chose has no `face_id`."""

    face_id: int | None
    photo: Path
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedReference:
    """A face of the person that does not help, and why: a `code` that stays the same between releases, and a phrase."""

    face_id: int
    photo: Path
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose face it is, and what would be used to restore it.

    `number` counts the faces of the photo from the left, from 1. `face.person_id` is who it is: None when nobody is
    known, or it is not sure. `how` it is known: `confirmed` by a human, `grouped` with the person, `identified` by the
    gallery, `given` by the caller; `unsure` and `unknown` otherwise. `references` come best first; `summary` is one
    sentence about them.
    """

    number: int
    face: Face
    how: Literal["confirmed", "grouped", "identified", "given", "unsure", "unknown"]
    reason: str
    references: tuple[Reference, ...]
    refused: tuple[RefusedReference, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Restoration:
    """What happened to one face of a photo.

    `output` is the restored copy; None when nothing was written, and then `left_alone` says why. All faces of a photo
    share one copy. `verdict` is that of the identity check, None when nothing was restored: `pass`, `unchecked` (nobody
    to compare it with), `doubtful`, or `refused` (nothing is written then, unless forced). `similarity_before` and
    `similarity_after` are cosines (-1..1) of the face to the person's other faces, None without a person.

    `number` counts the faces from the left, from 1. `strength` (0..1), `restorer` and `seed` repeat the result; they
    are None when nothing was restored. `notes` are remarks in words.
    """

    photo: Path
    number: int
    box: Box
    face_id: int | None
    person_id: int | None
    person_name: str | None
    references: tuple[Reference, ...]
    restorer: str | None
    strength: float | None
    seed: int | None
    verdict: Literal["pass", "unchecked", "doubtful", "refused"] | None
    verdict_reason: str | None
    similarity_before: float | None
    similarity_after: float | None
    output: Path | None
    left_alone: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Something a human decided; `Gallery.undo` takes it back. `at` is in UTC. `undone` while it is taken back.
    `removed` are the restored copies that went with an undo."""

    id: int
    at: datetime
    summary: str
    undone: bool
    removed: tuple[Path, ...] = ()
