"""Restorations: everything needed to repeat one, and to recognise our own outputs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, or_, select, update

from gallery_db.database.rows import batches, from_json, require, storable_path, to_json, utc_now
from gallery_db.database.schema import face, merged, person, restoration
from gallery_db.database.schema import photo as photos
from gallery_db.errors import UnknownIdError
from gallery_db.records import Origin, RestorationRecord, RestorationState
from iconface_core.boxes import iou
from iconface_core.types import BBox

from .listing import RestorationShelves

SAME_FACE_IOU = 0.5
"""Boxes in one photo that overlap more than this are one face."""


class RestorationRepo(RestorationShelves):
    def add(
        self,
        *,
        photo: str,
        input_sha256: str,
        restorer: str,
        weights_sha256: str,
        options: Mapping[str, Any],
        seed: int,
        verdict: str,
        state: RestorationState,
        face_id: int | None = None,
        person_id: int | None = None,
        references: Sequence[Mapping[str, Any]] = (),
        similarity_before: float | None = None,
        similarity_after: float | None = None,
        output: str | None = None,
        output_sha256: str | None = None,
        bbox: BBox | None = None,
        origin: Origin | None = None,
        seconds: float | None = None,
        changed_mean: float | None = None,
        changed_share: float | None = None,
    ) -> RestorationRecord:
        """One row per restored (refused, proposed, unseen) face. `options` and `references` must be JSON values. A
        proposal for the same face ends with it. A face or person that went while the restorer worked is left out; one
        that was merged away, or split off and taken back, is who it is now."""
        if face_id is not None and self._c.scalar(select(face.c.id).where(face.c.id == face_id)) is None:
            face_id = None
        if person_id is not None:
            heir = self._c.scalar(select(merged.c.person_id).where(merged.c.absorbed_id == person_id))
            person_id = self._c.scalar(select(person.c.id).where(person.c.id == (heir or person_id)))
            if person_id is None and face_id is not None:  # split off, and taken back meanwhile
                person_id = self._c.scalar(select(face.c.person_id).where(face.c.id == face_id))
        mine = self.of_face(photo=photo, face_id=face_id, input_sha256=input_sha256, bbox=bbox)
        open_proposals = [r.id for r in mine if r.state == "proposed"]
        self._c.execute(delete(restoration).where(restoration.c.id.in_(open_proposals)))
        values = {
            "photo": storable_path(photo),
            "input_sha256": input_sha256,
            "restorer": restorer,
            "weights_sha256": weights_sha256,
            "options": to_json(dict(options)),
            "seed": seed,
            "verdict": verdict,
            "state": state,
            "face_id": face_id,
            "person_id": person_id,
            "references": to_json([dict(r) for r in references]),
            "similarity_before": similarity_before,
            "similarity_after": similarity_after,
            "output": None if output is None else storable_path(output),
            "output_sha256": output_sha256,
            "created_at": utc_now(),
            "version": 1 + max((r.version for r in mine if r.output is not None), default=0),
            "bbox": None if bbox is None else to_json([bbox.x1, bbox.y1, bbox.x2, bbox.y2]),
            "origin": origin,
            "seconds": seconds,
            "changed_mean": changed_mean,
            "changed_share": changed_share,
        }
        return _record(self._c.execute(restoration.insert().values(values).returning(restoration)).one())

    def of_face(
        self, *, photo: str, face_id: int | None = None, input_sha256: str | None = None, bbox: BBox | None = None
    ) -> list[RestorationRecord]:
        """All rows about one face, latest first: by its id, else by its place in the same photo (path or content).
        A face got another id when the photo was indexed again, and has none outside the library."""
        r = restoration.c
        known = ((r.photo, photo), (r.input_sha256, input_sha256), (r.face_id, face_id))
        near = or_(*(column == value for column, value in known if value is not None))
        rows = self._c.execute(select(restoration).where(near).order_by(r.id.desc()))
        return [record for record in map(_record, rows) if _same_face(record, face_id, bbox)]

    def with_output(self, restoration_id: int) -> list[RestorationRecord]:
        """The rows of all faces that one output file holds, in order of id; the row alone when it has none.
        Raises UnknownIdError."""
        one = self.get(restoration_id)
        if one.output is None:
            return [one]
        r = restoration.c
        same = select(restoration).where(r.output == one.output, r.output_sha256 == one.output_sha256)
        return [_record(row) for row in self._c.execute(same.order_by(r.id))]

    def get(self, restoration_id: int) -> RestorationRecord:
        """Raises UnknownIdError."""
        row = self._c.execute(select(restoration).where(restoration.c.id == restoration_id)).first()
        if row is None:
            raise UnknownIdError(f"no restoration with id {restoration_id}")
        return _record(row)

    def by_ids(self, restoration_ids: Iterable[int]) -> list[RestorationRecord]:
        """In order of id; unknown ones are left out."""
        query = select(restoration).order_by(restoration.c.id)
        some = batches(sorted(set(restoration_ids)))
        return [_record(row) for part in some for row in self._c.execute(query.where(restoration.c.id.in_(part)))]

    def by_output(self, *, path: str | None = None, sha256: str | None = None) -> RestorationRecord | None:
        """The latest restoration (whatever its state) that wrote these bytes or this path: "is this file ours?".

        Ask by `sha256` where the bytes are at hand; a path may since hold another picture."""
        query = select(restoration).order_by(restoration.c.id.desc()).limit(1)
        for column, value in ((restoration.c.output_sha256, sha256), (restoration.c.output, path)):
            row = None if value is None else self._c.execute(query.where(column == value)).first()
            if row is not None:
                return _record(row)
        return None

    def repeated(
        self,
        *,
        input_sha256: str,
        restorer: str,
        weights_sha256: str,
        options: Mapping[str, Any],
        seed: int,
        face_id: int | None = None,
        references: Sequence[int] | None = None,
    ) -> RestorationRecord | None:
        """The latest `done` restoration with the same inputs, to avoid doing it twice. `references` are face ids in any
        order; None (and `face_id` None) means "any"."""
        r = restoration.c
        query = select(restoration).where(r.input_sha256 == input_sha256, r.state == "done", r.seed == seed)
        query = query.where(r.restorer == restorer, r.weights_sha256 == weights_sha256)
        if face_id is not None:
            query = query.where(r.face_id == face_id)
        for row in self._c.execute(query.order_by(r.id.desc())):
            found = _record(row)
            same = references is None or {x.get("face_id") for x in found.references} == set(references)
            if same and dict(found.options) == dict(options):
                return found
        return None

    def with_bytes(self, sha256: str) -> list[RestorationRecord]:
        """The rows of all copies that were written with this content, latest first."""
        r = restoration.c
        query = select(restoration).where(r.output_sha256 == sha256)
        return [_record(row) for row in self._c.execute(query.order_by(r.id.desc()))]

    def outputs(self) -> frozenset[str]:
        """The paths of all copies that were written."""
        r = restoration.c
        return frozenset(self._c.scalars(select(r.output).where(r.output.is_not(None))))

    def set_output(self, restoration_id: int, path: str) -> None:
        """The output file was moved."""
        require(self._c, restoration, [restoration_id])
        self._c.execute(
            update(restoration).where(restoration.c.id == restoration_id).values(output=storable_path(path))
        )

    def history(
        self,
        *,
        photo: str | None = None,
        states: Sequence[RestorationState] | None = None,
        origin: Origin | None = None,
        restorer: str | None = None,
        since: str | None = None,
        limit: int | None = None,
    ) -> list[RestorationRecord]:
        """Latest first. `photo` also finds what was made of it before it was renamed. `since` is a UTC time as in
        `created_at`."""
        query = select(restoration).order_by(restoration.c.id.desc()).limit(limit)
        if photo is not None:
            content = select(photos.c.content_hash).where(photos.c.path == photo).scalar_subquery()
            query = query.where(or_(restoration.c.photo == photo, restoration.c.input_sha256 == content))
        if states is not None:
            query = query.where(restoration.c.state.in_(states))
        for column, value in ((restoration.c.origin, origin), (restoration.c.restorer, restorer)):
            if value is not None:
                query = query.where(column == value)
        if since is not None:
            query = query.where(restoration.c.created_at >= since)
        return [_record(row) for row in self._c.execute(query)]


def _same_face(record: RestorationRecord, face_id: int | None, bbox: BBox | None) -> bool:
    if face_id is not None and record.face_id is not None:
        return record.face_id == face_id
    if bbox is None or record.bbox is None:
        return bbox is record.bbox and face_id == record.face_id
    return iou(bbox, record.bbox) > SAME_FACE_IOU


def _record(row: Row[Any]) -> RestorationRecord:
    values = dict(row._mapping)
    values["options"] = from_json(row.options)
    values["references"] = tuple(from_json(row.references))
    values["bbox"] = None if row.bbox is None else BBox(*from_json(row.bbox))
    return RestorationRecord(**values)
