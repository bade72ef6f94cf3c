"""Everybody's faces, as identification compares with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from gallery_db.gallery import Tx
from gallery_db.records import FaceMatrix
from iconface_core.calibration import EmbedderFacts
from iconface_core.grouping import FaceTable
from iconface_core.identity.company import Album, Hint, hints
from iconface_core.identity.identification import PeopleGallery, Twins
from iconface_core.images.same_picture import Pictures
from iconface_core.types import I64

from ..library.looks import LOOKS_STAMP
from ..library.photo_faces import PhotoFace
from ..people.regrouping import read_faces
from .same_picture import copies_of


@dataclass(frozen=True, slots=True, eq=False)
class KnownPeople:
    """`album`: who is in which photos, and when. `pictures`: which photos show the same."""

    people: PeopleGallery
    album: Album
    pictures: Pictures

    def around(self, others: frozenset[int], day: date | None, photo_id: int | None) -> dict[int, Hint]:
        """What the rest of a photo says of who a face may be: of those who are in it, and of its day."""
        return hints(self.album, present=others, day=None if day is None else day.toordinal(), photo_id=photo_id)

    def copies_of(self, tx: Tx, s: PhotoFace) -> frozenset[int]:
        """Everybody's faces that are `s` in a copy of its photo."""
        known = self.people
        return copies_of(tx, s, known.face_ids, known.photo_ids, known.vectors, self.pictures)


class PeopleReader:
    """Reads them when they are asked for, and keeps them until they change: half a kilobyte a face with 128 numbers,
    and three times that for its twin."""

    def __init__(self, embedder: EmbedderFacts, twins: EmbedderFacts | None) -> None:
        self._embedder, self._twins = embedder, twins
        self._kept: tuple[object, KnownPeople] | None = None

    def read(self, tx: Tx) -> KnownPeople:
        """As they are now."""
        ignored = [p.person_id for p in tx.people.constraints() if p.ignored]
        generations = [tx.faces.generation(e.id) for e in (self._embedder, self._twins) if e is not None]
        now = generations, tx.faces.owners_stamp(), tx.meta.get(LOOKS_STAMP), ignored
        kept = self._kept
        if kept is None or kept[0] != now:
            kept = self._kept = None  # the old faces make room for the new ones
            kept = self._kept = now, self._read(tx, ignored)
        return kept[1]

    def _read(self, tx: Tx, ignored: Sequence[int]) -> KnownPeople:
        faces = read_faces(tx, self._embedder, states=("ok",))
        faces = faces.take((faces.person_ids >= 0) & ~np.isin(faces.person_ids, ignored))
        faces = faces.take(_once(faces))
        people = PeopleGallery(
            vectors=faces.vectors,
            person_ids=faces.person_ids,
            qualities=faces.qualities,
            face_ids=faces.face_ids,
            photo_ids=faces.photo_ids,
            confirmed=faces.confirmed,
            twins=None if self._twins is None else twins_of(faces, self._twins, tx.faces.matrix(self._twins.id)),
        )
        album = Album(faces.person_ids, faces.photo_ids, faces.captured_day)
        return KnownPeople(people, album, tx.photos.pictures(people.photo_ids.tolist()))


def twins_of(faces: FaceTable, maker: EmbedderFacts, twins: FaceMatrix) -> Twins | None:
    """The damaged twins of these faces; None where fewer than half of the people have any: what likeness to them means
    was measured where all do."""
    _, rows, at = np.intersect1d(faces.face_ids, twins.face_ids, assume_unique=True, return_indices=True)
    if not len(rows) or 2 * len(np.unique(faces.person_ids[rows])) < len(np.unique(faces.person_ids)):
        return None
    return Twins(rows, twins.vectors[at], maker.calibration)


def _once(faces: FaceTable) -> I64:
    """Rows in which every face of a person counts once, however many copies of its photo there are; a confirmed one
    stands for the others."""
    order = np.argsort(~faces.confirmed, kind="stable")
    keys = ((int(faces.person_ids[row]), faces.vectors[row].tobytes(), int(row)) for row in order)
    first: dict[tuple[int, bytes], int] = {}
    for person, vector, row in keys:
        first.setdefault((person, vector), row)
    return np.array(sorted(first.values()), np.int64)
