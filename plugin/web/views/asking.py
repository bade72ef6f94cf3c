"""An open question with everything a human needs to answer it: faces in their photos, people, dates, words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord, Life, PhotoRecord, QuestionKind, QuestionRecord

from ...languages import _, ngettext
from ...people.life_lines import Lives
from ..edit_conflicts import faces_stamp, person_stamp
from ..pictures import version_of
from ..words.dates import age_then, day, month, taken, years
from ..words.people import named
from ..words.reasons import on_page
from ..words.text import capital

FACES_SHOWN = 8  # of a group that is asked about at once
BESIDE = 6  # of a person to judge by


@dataclass(frozen=True, slots=True)
class QuestionFace:
    """A face and its place in the photo. `box` is x, y, width, height in pixels of the upright photo of `size`.
    `version` and `photo_version` stand in the addresses of the pictures."""

    id: int
    photo_id: int
    box: tuple[float, float, float, float]
    size: tuple[int, int]
    when: str
    month: str
    age: str
    version: str
    photo_version: str
    number: int = 0

    def picture(self, size: int) -> str:
        """Address of the face."""
        return f"/pictures/face/{self.id}?size={size}&v={self.version}"

    @property
    def photo_picture(self) -> str:
        """Address of the whole photo."""
        return f"/pictures/photo/{self.photo_id}?side=1600&v={self.photo_version}"


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person to judge by: `faces` are good ones, of a similar age where dates are known."""

    id: int
    name: str | None
    title: str
    photos: int
    years: str
    faces: tuple[QuestionFace, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as it is shown. `faces` are asked about; of a merge and of a person without a name they are the
    person's. `given`: twins who both have the name already. `chance`: of a hundred such pairs, how many are one person;
    None where nothing was compared."""

    id: int
    kind: QuestionKind
    heading: str
    lead: str
    faces: tuple[QuestionFace, ...]
    person: PersonView | None
    other: PersonView | None
    gain: int
    given: bool
    likely: str
    chance: int | None
    stamp: str

    @property
    def pictures(self) -> list[str]:
        """Addresses of all pictures, to be fetched ahead."""
        beside = [f for p in (self.person, self.other) if p is not None for f in p.faces]
        large = [a for f in self.faces[:1] for a in (f.picture(384), f.photo_picture)]
        return list(dict.fromkeys([*large, *(f.picture(192) for f in (*self.faces[1:], *beside))]))


def stamp_of(tx: Tx, q: QuestionRecord) -> str:
    """Stands for what a question shows: the people it names and the state of its faces."""
    people = [person_stamp(tx, p) for p in (q.person_id, q.other_person_id) if p is not None]
    return "-".join([*people, faces_stamp(tx, q.face_ids)])


def view(tx: Tx, q: QuestionRecord, lives: Lives | None = None) -> QuestionView:
    """A question as it is now. `lives` tells by their looks where they may be relatives."""
    faces = _by_quality(tx.faces.by_ids(q.face_ids[:200]))
    if q.kind == "twins":
        faces.sort(key=lambda f: f.bbox.x1 + f.bbox.x2)
    person = None if q.person_id is None else tx.questions.life(q.person_id)
    other = None if q.other_person_id is None or q.kind != "merge" else tx.questions.life(q.other_person_id)
    shown = faces[:FACES_SHOWN]
    near = next((f.captured_at for f in shown if f.captured_at is not None), None)
    first = second = None
    if person is not None and other is not None:
        # The named one, or the one with more faces, is who the other may be.
        if (person.name is None, -person.photos) > (other.name is None, -other.photos):
            person, other = other, person
        here, there = _meeting(person, other)
        first, second = _person(tx, person, here), _person(tx, other, there)
    elif person is not None:
        first = _person(tx, person, near)
    given = q.kind == "twins" and all(f.person_id == q.person_id for f in faces)
    born = None if person is None or q.kind != "join" else person.birth_date
    photos = tx.photos.by_ids(f.photo_id for f in shown)
    twins = q.kind == "twins"
    views = [_face(f, photos[f.photo_id], born, n if twins else 0) for n, f in enumerate(shown, 1)]
    if q.kind == "who" and first is not None:
        views = list(first.faces)
    if second is not None:
        views = list(second.faces)
    [doubt] = [None] if lives is None else lives.doubts(tx, [q])
    apart = ("" if person is None or other is None else _apart(person, other)) or (on_page(doubt) if doubt else "")
    heading, lead = _words(q, first, second, given, apart)
    likely, chance = _likely(q.evidence)
    return QuestionView(
        q.id, q.kind, heading, lead, tuple(views), first, second, q.gain, given, likely, chance, stamp_of(tx, q)
    )


def person_view(tx: Tx, person_id: int, near: str | None = None) -> PersonView:
    """A person to judge by. Raises UnknownIdError."""
    return _person(tx, tx.questions.life(person_id), near)


def _person(tx: Tx, p: Life, near: str | None) -> PersonView:
    ids = tx.questions.beside(p.id, near=near, limit=BESIDE)
    found = {f.id: f for f in tx.faces.by_ids(ids)}
    photos = tx.photos.by_ids(f.photo_id for f in found.values())
    faces = tuple(_face(found[i], photos[found[i].photo_id], p.birth_date) for i in ids)
    return PersonView(p.id, p.name, named(p.name), p.photos, years(p.first_captured, p.last_captured), faces)


def _face(f: FaceRecord, photo: PhotoRecord, born: str | None, number: int = 0) -> QuestionFace:
    box = f.bbox.x1, f.bbox.y1, f.bbox.width, f.bbox.height
    size = photo.width, photo.height
    version, of_photo = version_of(photo.content_hash, f.bbox), version_of(photo.content_hash)
    at = f.captured_at
    when, short = (taken(at, f.dated),) * 2 if f.dated else (day(at), month(at))
    how_old = age_then(born, at, f.dated)
    return QuestionFace(f.id, f.photo_id, box, size, when, short, how_old, version, of_photo, number)


def _by_quality(faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    return sorted(faces, key=lambda f: (-(f.quality or 0.0), f.id))


def _meeting(a: Life, b: Life) -> tuple[str | None, str | None]:
    """Dates near which two lives are best compared: where they overlap, else where they come closest."""
    if a.first_captured is None or a.last_captured is None or b.first_captured is None or b.last_captured is None:
        return None, None
    if a.last_captured < b.first_captured:
        return a.last_captured, b.first_captured
    if b.last_captured < a.first_captured:
        return a.first_captured, b.last_captured
    both = max(a.first_captured, b.first_captured)
    return both, both


def _words(
    q: QuestionRecord, person: PersonView | None, other: PersonView | None, given: bool, apart: str
) -> tuple[str, str]:
    """The question and what goes with it."""
    name = None if person is None else person.name
    if q.kind == "join":
        who = name or _("the same person")
        return ngettext("Is this {name}?", "Are these {name}?", len(q.face_ids), name=who), apart
    if q.kind == "twins":
        who = name or _("this person")
        twice = _("{name} is in this photo twice.", name=who)
        lead = twice if given else _("Two faces in this photo look like {name}.", name=who)
        return _("Which one is {name}?", name=who), capital(lead)
    if q.kind == "who":
        n = 0 if person is None else person.photos
        photos = ngettext("The same person is in {n} photo.", "The same person is in {n} photos.", n) if n > 1 else ""
        return _("Who is this?"), photos
    assert person is not None
    assert other is not None
    if person.name and other.name:
        return _("Are {name} and {other} the same person?", name=person.name, other=other.name), apart
    return _("Is this {name}?", name=person.name) if person.name else _("Is this the same person?"), apart


def _apart(a: Life, b: Life) -> str:
    """A life seen at two times needs another look than two photos of one day."""
    if a.first_captured is None or a.last_captured is None or b.first_captured is None or b.last_captured is None:
        return ""
    (start, end), (later, last) = sorted(
        (int(first[:4]), int(last[:4]))
        for first, last in ((a.first_captured, a.last_captured), (b.first_captured, b.last_captured))
    )
    gap = later - end
    if gap < 3 or last < start:
        return ""
    return ngettext(
        "{n} year lies between these photos: look at eyes, ears and chin. It may be a relative.",
        "{n} years lie between these photos: look at eyes, ears and chin. It may be a relative.",
        gap,
    )


def _likely(evidence: float | None) -> tuple[str, int | None]:
    """How sure the machine is, in words and in a hundred. `evidence` is the natural log of the odds."""
    if evidence is None:
        return "", None
    chance = 1 / (1 + math.exp(-max(-20.0, min(20.0, evidence))))
    words = _("They look alike.") if chance > 0.45 else _("Hard to tell.")
    return _("They look very much alike.") if chance > 0.75 else words, round(100 * chance)
