"""Restorations: everything needed to repeat one, and to recognise our own outputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from .errors import NotFoundError
from .records import RestorationRecord, RestorationState
from .rows import from_json, require, storable_path, to_json, utc_now
from .schema import restoration


class RestorationRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

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
    ) -> RestorationRecord:
        """One row per restored (or refused) face. `options` and `references` must be JSON values."""
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
        }
        return _record(self._c.execute(restoration.insert().values(values).returning(restoration)).one())

    def get(self, restoration_id: int) -> RestorationRecord:
        """Raises NotFoundError."""
        row = self._c.execute(select(restoration).where(restoration.c.id == restoration_id)).first()
        if row is None:
            raise NotFoundError(f"no restoration with id {restoration_id}")
        return _record(row)

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

    def set_output(self, restoration_id: int, path: str) -> None:
        """The output file was moved."""
        require(self._c, restoration, [restoration_id])
        self._c.execute(
            update(restoration).where(restoration.c.id == restoration_id).values(output=storable_path(path))
        )

    def history(self, *, photo: str | None = None, limit: int | None = None) -> list[RestorationRecord]:
        """Latest first."""
        query = select(restoration).order_by(restoration.c.id.desc()).limit(limit)
        if photo is not None:
            query = query.where(restoration.c.photo == photo)
        return [_record(row) for row in self._c.execute(query)]


def _record(row: Row[Any]) -> RestorationRecord:
    values = dict(row._mapping)
    values["options"] = from_json(row.options)
    values["references"] = tuple(from_json(row.references))
    return RestorationRecord(**values)
