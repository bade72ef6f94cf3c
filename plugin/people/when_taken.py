"""When a photo was taken, as far as the people in it tell: proposed when somebody looks, never stored by itself."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, PhotoRecord, ReferenceRow
from iconface_core.ages import OLDEST
from iconface_core.dating.estimate import is_wild, year_of
from iconface_core.dating.types import PersonHere, Series, YearEstimate
from iconface_core.images.date_span import Span, read_span, stored_span, years_span
from iconface_core.protocols import AgeReader
from iconface_core.reasons import Reason
from iconface_core.types import F32, EmbedderId

from ..dry_run import tried
from ..errors import NotFoundError, UsageError
from ..languages import _
from ..paths import printable

Standing = Literal["said", "file", "doubted", "undated", "left"]
"""Somebody said when; the file does; it does, and nobody in the photo looks it; nothing does; nothing does, and nothing
is to be proposed."""

OF_A_YEAR, MOST = 3, 60
"""Photos of a person that are compared: the clearest of each year, for a scanner dates hundreds to one day."""

FacesOf = Callable[[int], Sequence[ReferenceRow]]
"""A person's faces, the clearest first."""


@dataclass(frozen=True, slots=True)
class When:
    """What is known of a photo's date. `said`: by a person. `proposed`: the years in which four of five such photos
    would be, `year` the median, `reasons` why; None where nothing can be told, or nothing worth saying."""

    photo: PhotoRecord
    standing: Standing
    said: Span | None
    proposed: Span | None = None
    year: int | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class WhenTaken:
    """Tells it of photos, from the vectors of one embedder. `ages` None: nothing tells how old people look, and nothing
    is proposed. `today`: nothing is later."""

    embedder: EmbedderId
    ages: AgeReader | None
    today: date

    def of(self, tx: Tx, photo_ids: Sequence[int]) -> Iterator[When]:
        """Each photo, in order. Raises UnknownIdError."""
        faces: FacesOf = cache(
            lambda person_id: sorted(
                tx.faces.reference_candidates(person_id, self.embedder), key=lambda r: (-r.norm, r.face_id)
            )
        )
        for photo_id in photo_ids:
            photo = tx.photos.get(photo_id)
            yield self._one(photo, self._estimate(tx, photo, faces))

    def of_person(self, tx: Tx, person_id: int) -> Iterator[When]:
        """Photos of a person that have no date, then those whose date is doubted. Raises UnknownIdError."""
        tx.people.get(person_id)
        undated = tx.photos.undated(person_id)
        yield from self.of(tx, list(undated))
        rows = tx.faces.reference_candidates(person_id, self.embedder)
        dated = dict.fromkeys(r.photo_id for r in rows if r.captured_at is not None)
        yield from (w for w in self.of(tx, list(dated)) if w.standing == "doubted")

    def _one(self, photo: PhotoRecord, found: YearEstimate | None) -> When:
        said = stored_span(photo.dated)
        standing: Standing = "said" if said else "file" if photo.captured_at else "undated"
        if photo.dated == "" and standing == "undated":
            standing = "left"
        if found is None:
            return When(photo, standing, said)
        if photo.dated is None and photo.captured_at is not None and is_wild(found, int(photo.captured_at[:4])):
            standing = "doubted"
        if standing not in ("doubted", "undated") or not found.telling:
            return When(photo, standing, said)
        return When(photo, standing, said, years_span(found.first, found.last), found.year, found.reasons)

    def _estimate(self, tx: Tx, photo: PhotoRecord, faces: FacesOf) -> YearEstimate | None:
        if photo.dated is not None or self.ages is None:
            return None
        people = list(self._people(tx, photo, faces, self.ages))
        series = _series(tx, photo)
        return year_of(people, now=self.today.year, series=series) if people else None

    def _people(self, tx: Tx, photo: PhotoRecord, faces: FacesOf, ages: AgeReader) -> Iterator[PersonHere]:
        seen = [f for f in tx.faces.of_photo(photo.id) if f.person_id is not None and f.state == "ok"]
        births = {p: tx.people.get(p).birth_date for p in {f.person_id for f in seen} if p is not None}
        for f in seen:
            assert f.person_id is not None, "left out above"
            rows = faces(f.person_id)
            here = next((r for r in rows if r.face_id == f.id), None)
            if here is None:
                continue
            dated = _dated(rows, photo)
            vectors = np.stack([r.vector for r in (here, *dated)])
            looks = np.stack([a.probabilities for a in ages.ages(vectors)])
            years = np.array([int((r.captured_at or "")[:4]) for r in dated], np.int64)
            likeness: F32 = vectors[1:] @ here.vector
            born = births[f.person_id]
            looked = looks[1:].reshape(-1, OLDEST + 1)
            birth = None if born is None else int(born[:4])
            yield PersonHere(f.person_id, f.person_name, looks[0], birth, years, looked, likeness)


def when_taken(gallery: Gallery, when: WhenTaken, paths: Sequence[Path]) -> list[When]:
    """Of the photos at these absolute paths. Raises NotFoundError for one that the library does not know."""
    with gallery.begin(write=False) as tx:
        return list(when.of(tx, [_photo_at(tx, path) for path in paths]))


def when_taken_of(gallery: Gallery, when: WhenTaken, person_id: int) -> list[When]:
    """As `WhenTaken.of_person`."""
    with gallery.begin(write=False) as tx:
        return list(when.of_person(tx, person_id))


def read_date(text: str) -> Span:
    """What somebody typed. Raises UsageError for what is no date, or one that no photo can have."""
    span = read_span(text, date.today())
    if span is None:
        raise UsageError(
            _("“{text}” is no date a photo can have: write 1957, 1957-06, 1957-06-12, or 1955/1959.", text=text)
        )
    return span


def date_photos(gallery: Gallery, paths: Sequence[Path], span: Span | None, *, dry_run: bool) -> DecisionRecord:
    """The photos at these absolute paths were taken then; None: nothing is to be proposed for them. One decision.
    Raises NotFoundError for a photo that the library does not know."""

    def change(tx: Tx) -> DecisionRecord:
        return tx.decisions.date_photos([_photo_at(tx, path) for path in paths], span)

    return tried(gallery, change, dry_run=dry_run)


def date_as_proposed(
    gallery: Gallery, when: WhenTaken, paths: Sequence[Path], *, dry_run: bool
) -> list[DecisionRecord]:
    """Each of these photos was taken in the years that are proposed for it; those that have none stay as they are.
    Raises NotFoundError for a photo that the library does not know, or when none has a proposal."""

    def change(tx: Tx) -> list[DecisionRecord]:
        found = [w for w in when.of(tx, [_photo_at(tx, path) for path in paths]) if w.proposed is not None]
        return [tx.decisions.date_photos([w.photo.id], w.proposed) for w in found]

    done = tried(gallery, change, dry_run=dry_run)
    if not done:
        raise NotFoundError("no years are proposed for these photos; see: iconface photos when")
    return done


def _photo_at(tx: Tx, path: Path) -> int:
    found = tx.photos.by_path(str(path))
    if found is None:
        raise NotFoundError(f"{printable(path)} is no photo of the library; see: iconface scan")
    return found.id


def _dated(rows: Sequence[ReferenceRow], photo: PhotoRecord) -> list[ReferenceRow]:
    """Of a person's faces, the clearest first, those to compare with: of other photos and files, some of each year."""
    years: Counter[str] = Counter()
    out: list[ReferenceRow] = []
    for r in rows:
        if r.captured_at is None or r.photo_id == photo.id or r.content_hash == photo.content_hash:
            continue
        years[r.captured_at[:4]] += 1
        if years[r.captured_at[:4]] <= OF_A_YEAR:
            out.append(r)
        if len(out) == MOST:
            break
    return out


def _series(tx: Tx, photo: PhotoRecord) -> Series | None:
    """The years of the photos before and after in the folder. What a scanner wrote into all of them is no evidence for
    what it wrote into this one: of a photo with a date of its own only what people said counts."""
    beside = tx.photos.by_ids(i for i in tx.photos.neighbours(photo.path) if i is not None)
    years = [
        int(p.captured_at[:4]) for p in beside.values() if p.captured_at and (p.dated or photo.captured_at is None)
    ]
    return Series(*years) if len(years) == 2 else None
