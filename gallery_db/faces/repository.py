"""Faces and their embeddings. What humans do to faces is in `decisions.py`; here the machine writes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, Row, Select, delete, exists, func, select

from gallery_db.database.packed import pack_vector, unpack_landmarks, unpack_vectors
from gallery_db.database.rows import batches, from_json
from gallery_db.database.schema import embedding, face, person, photo, rejection, vector_change
from gallery_db.database.words import insert
from gallery_db.errors import UnknownIdError
from gallery_db.records import (
    FaceChanges,
    FaceColumns,
    FaceFilter,
    FaceMatrix,
    FaceRecord,
    FoundFace,
    GroupingChanges,
    ReferenceRow,
)
from iconface_core.types import F32, I64, BBox, EmbedderId, FaceEmbedding

from . import columns as face_columns
from . import grouping as regroup
from . import lacking, matching

if TYPE_CHECKING:  # only named here; importing it loads scipy
    from iconface_core.grouping import Decision, Grouping


class FaceRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def replace_for_photo(
        self,
        photo_id: int,
        found: Sequence[FoundFace],
        *,
        min_iou: float = 0.5,
        picture_changed: bool = False,
        was: tuple[int, int] | None = None,
    ) -> FaceChanges:
        """Store the faces found in one photo.

        A found face that overlaps an old one (IoU >= `min_iou`, best pairs first, one to one) keeps its id, person and
        confirmation, and gets the new box, score and vectors. Vectors of other embedders than those in
        `found` stay, unless `picture_changed`. What a human touched (drawn, confirmed, ignored, rejected) stays even
        when the detector no longer finds it. A face at a `forgotten` tombstone (also one in another photo of the same
        content) stays without vectors. Raises UnknownIdError.

        `was` is the size (width, height) before the file was edited elsewhere. Faces are then known again by vector and
        place, turned, mirrored, cropped or resized (`iconface_core.identity.same_faces`), and what a human touched and
        is not found again is put aside: kept under a photo that is missing, until it is in the picture again.
        """
        stored, changes = matching.replace(self._c, photo_id, found, min_iou, picture_changed, was)
        self._put_embeddings([(face_id, e) for face_id, f in stored for e in f.embeddings])
        records = {r.id: r for r in self._records(_joined().where(face.c.photo_id == photo_id))}
        return FaceChanges([records[i] for i in changes.found], changes.removed, changes.new, changes.kept)

    def touched(self, face_ids: Sequence[int]) -> frozenset[int]:
        """Those of these faces that a human said something about: drawn, confirmed, ignored, rejected as somebody."""
        return matching.touched(self._c, face_ids)

    def set_embeddings(self, embeddings: Sequence[tuple[int, FaceEmbedding]]) -> int:
        """Upsert vectors by (face id, embedder), as re-embedding does. Unknown and forgotten faces are left out (they
        may have gone meanwhile). Returns how many were stored."""
        alive: set[int] = set()
        for ids in batches(i for i, _ in embeddings):
            alive.update(self._c.scalars(select(face.c.id).where(face.c.id.in_(ids), face.c.state != "forgotten")))
        return self._put_embeddings([(i, e) for i, e in embeddings if i in alive])

    def _put_embeddings(self, embeddings: Sequence[tuple[int, FaceEmbedding]]) -> int:
        if embeddings:
            row = insert(self._c, embedding)
            upsert = row.on_conflict_do_update(
                index_elements=["embedder", "face_id"], set_={"vector": row.excluded.vector, "norm": row.excluded.norm}
            )
            values = [
                {"face_id": int(i), "embedder": e.embedder, "vector": pack_vector(e.vector), "norm": float(e.norm)}
                for i, e in embeddings
            ]
            self._c.execute(upsert, values)
        return len(embeddings)

    def missing(self, embedder: EmbedderId, *, after_id: int = 0, limit: int = 256) -> list[FaceRecord]:
        """Faces of indexed photos without a vector of `embedder`, in order of id: what re-embedding must still do."""
        usable = photo.c.state == "indexed", face.c.state.in_(("ok", "doubtful")), lacking.lacks(embedder)
        wanted = _joined().where(*usable)
        return self._records(wanted.where(face.c.id > after_id).order_by(face.c.id).limit(limit))

    def best_without(
        self, embedder: EmbedderId, *, each: int, min_quality: float, after_id: int = 0, limit: int = 256
    ) -> list[FaceRecord]:
        """Faces without a vector of `embedder` among the `each` best of their people, in order of id."""
        best = lacking.best_of_everybody(each, min_quality)
        wanted = _joined().where(face.c.id.in_(best), lacking.lacks(embedder), face.c.id > after_id)
        return self._records(wanted.order_by(face.c.id).limit(limit))

    def drop_embedder(self, embedder: EmbedderId) -> int:
        """Delete all vectors of an embedder; returns how many."""
        return self._c.execute(delete(embedding).where(embedding.c.embedder == embedder)).rowcount

    def embedders(self) -> Mapping[EmbedderId, int]:
        """Embedder to number of vectors."""
        rows = self._c.execute(select(embedding.c.embedder, func.count()).group_by(embedding.c.embedder))
        return {EmbedderId(name): n for name, n in rows}

    def get(self, face_id: int) -> FaceRecord:
        """Raises UnknownIdError."""
        found = self._records(_joined().where(face.c.id == face_id))
        if not found:
            raise UnknownIdError(f"no face with id {face_id}")
        return found[0]

    def by_ids(self, face_ids: Sequence[int]) -> list[FaceRecord]:
        """Those of these faces that exist, in order of id."""
        wanted = (face.c.id.in_(ids) for ids in batches(sorted(set(face_ids))))
        return [r for some in wanted for r in self._records(_joined().where(some).order_by(face.c.id))]

    def find(self, where: FaceFilter | None = None) -> list[FaceRecord]:
        """Faces that meet all conditions, in order of id."""
        w = where or FaceFilter()
        query = _joined().where(face.c.id > w.after_id).order_by(face.c.id).limit(w.limit)
        for column, value in (
            (face.c.person_id, w.person_id),
            (face.c.photo_id, w.photo_id),
            (photo.c.path, w.photo),
            (photo.c.root_id, w.root_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if w.assigned is not None:
            query = query.where(face.c.person_id.is_not(None) == w.assigned)
        if w.named is not None:
            query = query.where(person.c.name.is_not(None) == w.named)
        if w.confirmed is not None:
            query = query.where(face.c.confirmed == w.confirmed)
        if w.states is not None:
            query = query.where(face.c.state.in_(w.states))
        if w.min_quality is not None:
            query = query.where(face.c.quality >= w.min_quality)
        return self._records(query)

    def of_photo(self, photo_id: int) -> list[FaceRecord]:
        """All faces of a photo but the forgotten ones, from left to right."""
        query = _joined().where(face.c.photo_id == photo_id, face.c.state != "forgotten")
        return self._records(query.order_by(face.c.x1 + face.c.x2, face.c.id))

    def last_id(self) -> int:
        """The highest face id there is, 0 without any."""
        return self._c.scalar(select(func.max(face.c.id))) or 0

    def count(self) -> int:
        """Faces that are `ok` or `doubtful`."""
        usable = face.c.state.in_(("ok", "doubtful"))
        return self._c.scalar(select(func.count()).select_from(face).where(usable)) or 0

    def embedding(self, face_id: int, embedder: EmbedderId) -> FaceEmbedding | None:
        query = select(embedding.c.vector, embedding.c.norm)
        row = self._c.execute(query.where(embedding.c.face_id == face_id, embedding.c.embedder == embedder)).first()
        if row is None:
            return None
        return FaceEmbedding(embedder, unpack_vectors(row.vector, len(row.vector) // 2)[0], row.norm)

    def matrix(self, embedder: EmbedderId, face_ids: I64 | None = None) -> FaceMatrix:
        """Vectors of all faces (or of the given ones that have any), in order of face id; float32, unit length.
        Without any, `vectors` is (0, 0)."""
        return face_columns.matrix(self._c, embedder, face_ids)

    def columns(self, face_ids: I64 | None = None) -> FaceColumns:
        """What grouping knows of all faces (or of the given ones), in order of face id. Forgotten faces and those of
        restored photos are left out; ignored ones are there, for the caller to drop."""
        return face_columns.columns(self._c, face_ids)

    def in_photos_of(self, face_ids: I64) -> I64:
        """These faces and all others of their photos, in order of id."""
        return face_columns.in_photos_of(self._c, face_ids)

    def groupable(self, *, after_id: int = 0) -> I64:
        """The faces that `columns` has, from the one after `after_id` on, in order of id."""
        return np.array(self._c.scalars(_groupable().where(face.c.id > after_id).order_by(face.c.id)).all(), np.int64)

    def at_least(self, n: int) -> bool:
        """Whether `columns` has so many faces; no more than that are counted."""
        return n <= (self._c.scalar(select(func.count()).select_from(_groupable().limit(n).subquery())) or 0)

    def person_ids(self, face_ids: Sequence[int]) -> dict[int, int | None]:
        """Face id to person id, for the ids that exist."""
        out: dict[int, int | None] = {}
        for ids in batches(face_ids):
            out.update(
                (i, p) for i, p in self._c.execute(select(face.c.id, face.c.person_id).where(face.c.id.in_(ids)))
            )
        return out

    def rejections(self) -> set[tuple[int, int]]:
        """(face_id, person_id): the user said this face is not that person. Remembered for ever."""
        return {(f, p) for f, p in self._c.execute(select(rejection.c.face_id, rejection.c.person_id))}

    def reference_candidates(self, person_id: int, embedder: EmbedderId) -> list[ReferenceRow]:
        """The person's faces that may serve as evidence, in order of face id. Left out: faces of failed, missing or
        restored photos, ignored and rejected ones, ones drawn by hand without landmarks."""
        rejected = exists().where(rejection.c.face_id == face.c.id, rejection.c.person_id == person_id)
        query = (
            _joined()
            .add_columns(embedding.c.vector, embedding.c.norm, photo.c.content_hash)
            .join(embedding, (embedding.c.face_id == face.c.id) & (embedding.c.embedder == embedder))
            .where(face.c.person_id == person_id, photo.c.state == "indexed", face.c.landmarks.is_not(None), ~rejected)
            .where(face.c.state.in_(("ok", "doubtful")))
            .order_by(face.c.id)
        )
        return [_reference(r) for r in self._c.execute(query)]

    def apply_grouping(self, face_ids: I64, grouping: "Grouping", *, dry_run: bool = False) -> GroupingChanges:
        """Write a full pass: `grouping.labels` belong to `face_ids`.

        Facts that came in since the columns were read win: confirmed, ignored and forgotten faces are never touched, no
        face enters a person rejected for it, and a person merged away means the one it was merged into. Clusters with
        id -1 are created; person -1 gets a new unnamed person. Machine-made people that end up without faces and that
        no human act refers to are removed, and so are empty clusters. A dry run only reads.
        """
        groups = [regroup.Group(c.cluster_id, c.person_id) for c in grouping.clusters]
        return regroup.apply(self._c, face_ids.tolist(), grouping.labels.tolist(), groups, dry_run, whole=True)

    def apply_decisions(self, decisions: "Sequence[Decision]", *, dry_run: bool = False) -> GroupingChanges:
        """Write a quick pass, under the same rules as `apply_grouping`."""
        faces, labels, groups = regroup.from_decisions(decisions)
        return regroup.apply(self._c, faces, labels, groups, dry_run)

    def searched_there(self, embedder: EmbedderId, dim: int) -> bool:
        """Whether a server has an index of these vectors, for `nearest`."""
        if self._c.dialect.name != "postgresql":
            return False
        from gallery_db.database.postgres_search import is_ready

        return is_ready(self._c, embedder, dim)

    def nearest(self, embedder: EmbedderId, queries: F32, k: int) -> tuple[I64, F32]:
        """The k faces closest to each query (Q, dim), best first: ids and similarities, both (Q, k), padded with -1.
        Asked of the server's index: next to none is missed, and the similarities are exact. Only where it is there."""
        from .nearest import nearest

        return nearest(self._c, embedder, queries, k)

    def generation(self, embedder: EmbedderId) -> int:
        """Grows with every change of this embedder's vectors; 0 before the first."""
        return self._c.scalar(select(func.max(vector_change.c.seq)).where(vector_change.c.embedder == embedder)) or 0

    def owners_stamp(self) -> str:
        """Changes when it changes whose faces are whose, confirmed, or of use; a hash, in a fraction of the time that
        `columns` takes. With `generation` it says whether what was read before still holds."""
        return face_columns.owners_stamp(self._c)

    def changed_since(self, embedder: EmbedderId, generation: int) -> I64:
        """Face ids whose vector was added, changed or removed after `generation`."""
        query = select(vector_change.c.face_id).where(vector_change.c.embedder == embedder)
        return np.array(self._c.scalars(query.where(vector_change.c.seq > generation)).all(), np.int64)

    def _records(self, query: Select[*tuple[object, ...]]) -> list[FaceRecord]:
        return [_record(r) for r in self._c.execute(query)]


def _groupable() -> Select[int]:
    joined = face.join(photo, photo.c.id == face.c.photo_id)
    return select(face.c.id).select_from(joined).where(photo.c.state != "restored", face.c.state != "forgotten")


def _joined() -> Select[*tuple[object, ...]]:
    columns = (
        *(c for c in face.c),
        photo.c.path.label("photo"),
        photo.c.captured_at,
        photo.c.dated,
        photo.c.state.label("photo_state"),
        person.c.name.label("person_name"),
    )
    joined = face.join(photo, photo.c.id == face.c.photo_id).outerjoin(person, person.c.id == face.c.person_id)
    return select(*columns).select_from(joined)


def _record(r: Row[*tuple[object, ...]]) -> FaceRecord:
    return FaceRecord(
        id=r.id,
        photo_id=r.photo_id,
        photo=r.photo,
        bbox=BBox(r.x1, r.y1, r.x2, r.y2),
        det_score=r.det_score,
        quality=r.quality,
        person_id=r.person_id,
        person_name=r.person_name,
        confirmed=r.confirmed,
        state=r.state,
        source=r.source,
        cluster_id=r.cluster_id,
        captured_at=r.captured_at,
        photo_state=r.photo_state,
        degradation=from_json(r.degradation),
        landmarks=unpack_landmarks(r.landmarks),
        dated=r.dated,
    )


def _reference(r: Row[*tuple[object, ...]]) -> ReferenceRow:
    return ReferenceRow(
        face_id=r.id,
        photo_id=r.photo_id,
        photo=r.photo,
        content_hash=r.content_hash,
        bbox=BBox(r.x1, r.y1, r.x2, r.y2),
        landmarks=unpack_landmarks(r.landmarks),
        det_score=r.det_score,
        quality=r.quality,
        degradation=from_json(r.degradation),
        norm=r.norm,
        vector=unpack_vectors(r.vector, len(r.vector) // 2)[0],
        captured_at=r.captured_at,
        confirmed=r.confirmed,
        state=r.state,
        dated=r.dated,
    )
