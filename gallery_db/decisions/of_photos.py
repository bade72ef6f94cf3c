"""What a human decides about photos: when they were taken. Part of `DecisionRepo`."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from gallery_db.database.rows import batches, require, unique
from gallery_db.database.schema import face, person, photo
from gallery_db.errors import GalleryError
from gallery_db.records import DecisionRecord, said
from iconface_core.images.date_span import Span

from .base import Decisions
from .recorder import Recorder


class PhotoDecisions(Decisions):
    def date_photos(self, photo_ids: Sequence[int], span: Span | None) -> DecisionRecord:
        """They were taken then; None: what their files say is right, or nobody knows, and nothing is to be proposed.
        What counts from then on is the middle of the span, after everybody in the photo was born. Raises GalleryError
        when no photo is given."""
        ids = unique(photo_ids)
        if not ids:
            raise GalleryError("no photo was given")
        require(self._c, photo, ids)
        r = Recorder(self._c)
        rows = [row for part in batches(ids) for row in self._rows(photo, photo.c.id.in_(part))]
        for row in rows:
            if span is None:
                r.update(photo, [row.id], dated="", captured_at=row.file_date)
            else:
                at = span.middle(self._youngest(row.id)).isoformat()
                r.update(photo, [row.id], dated=span.text, captured_at=at)
        text = None if span is None else span.text
        return self._note("date_photos", said.DATED(photos=len(rows), first=rows[0].path, date=text), r)

    def _youngest(self, photo_id: int) -> date | None:
        """When the last of those was born who are in a photo."""
        people = face.join(person, person.c.id == face.c.person_id)
        born = select(func.max(person.c.birth_date)).select_from(people)
        last = self._c.scalar(born.where(face.c.photo_id == photo_id, face.c.state.in_(("ok", "doubtful"))))
        return None if last is None else date.fromisoformat(last)
