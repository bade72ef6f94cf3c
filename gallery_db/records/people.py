"""People."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """`decided` is True once any human act refers to the person; such a person is never removed by the machine."""

    id: int
    name: str | None
    hidden: bool
    ignored: bool
    birth_date: str | None
    cover_face_id: int | None
    created_by: Literal["machine", "user"]
    decided: bool


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """One row of `people list`. `cover_face_id` is the user's choice, else the face of best quality."""

    id: int
    name: str | None
    faces: int
    photos: int
    confirmed: int
    cover_face_id: int | None
    hidden: bool
    ignored: bool
    birth_date: str | None
    decided: bool
    first_captured: str | None
    last_captured: str | None


@dataclass(frozen=True, slots=True)
class PersonConstraint:
    """Facts about a person that grouping must respect. `birth_day` is a date ordinal, -1 when unknown."""

    person_id: int
    birth_day: int
    named: bool
    decided: bool
    hidden: bool
    ignored: bool


@dataclass(frozen=True, slots=True)
class Life:
    """A person in numbers: photos, and the capture dates (camera time) of the first and last of them."""

    id: int
    name: str | None
    birth_date: str | None
    photos: int
    first_captured: str | None
    last_captured: str | None


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What `Gallery.forget` purged. `face_ids` and `outputs` (restored files on disk) are for the caller, who owns the
    crop cache and may offer to delete the files."""

    person_id: int
    faces: int
    vectors: int
    decisions: int
    restorations: int
    face_ids: tuple[int, ...]
    outputs: tuple[str, ...]
