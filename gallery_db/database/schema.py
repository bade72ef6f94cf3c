"""Tables. Column types are spelled out, so that no SQLAlchemy default can turn into schema drift.

Ids are AUTOINCREMENT: an id is never given twice, so a rejection or an index entry cannot come to mean another row.
Why each table is as it is: docs/adr/0001-storage.md.
"""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import (
    DOUBLE_PRECISION,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

from .this_machine import MappedPath

# What the engines read differently without a word. SQLite's INTEGER and REAL have eight bytes, PostgreSQL's four: ids
# would run out, and a number that is read is not the one that a page goes on from. SQLite compares text by its bytes,
# PostgreSQL by the language of the database, where "/" counts for nothing: what lies in a folder is found by a range.
_ID: TypeEngine[int] = Integer().with_variant(BigInteger(), "postgresql")
_REAL: TypeEngine[float] = REAL().with_variant(DOUBLE_PRECISION(), "postgresql")
_TEXT: TypeEngine[str] = String().with_variant(String(collation="C"), "postgresql")
_PATH: TypeEngine[str] = String().with_variant(MappedPath(), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", _ID, primary_key=True)


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(v) for v in values)})", name=column)


root = Table(
    "root",
    metadata,
    _id(),
    Column("path", _PATH, nullable=False, unique=True),
    Column("added_at", _TEXT, nullable=False),
    Column("device", BigInteger),
    Column("online", Boolean, nullable=False),
    Column("last_scan_at", _TEXT),
    Column("rules", _TEXT),
    sqlite_autoincrement=True,
)

photo = Table(
    "photo",
    metadata,
    _id(),
    Column("root_id", _ID, ForeignKey("root.id", ondelete="CASCADE"), index=True),
    Column("path", _PATH, nullable=False, unique=True),
    Column("content_hash", _TEXT, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("captured_at", _TEXT),
    Column("format", _TEXT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("reason", _TEXT),  # JSON of a Reason, as job.error
    Column("attempts", Integer, nullable=False),
    Column("indexed_at", _TEXT),
    Column("detector", _TEXT),
    Column("perceptual_hash", LargeBinary),  # NULL: not looked at yet; empty: it could not be read
    # `captured_at` is what counts: the middle of `dated`, what somebody says (`images.date_span`), else `file_date`,
    # what the file says. `dated` empty: the file is right, or nobody knows, and nothing is to be proposed.
    Column("file_date", _TEXT),
    Column("dated", _TEXT),
    _one_of("state", "indexed", "failed", "missing", "restored"),
    sqlite_autoincrement=True,
)

# Nearly all photos are indexed; the others are counted and found without touching the table. Partial, so that no query
# for indexed ones mistakes it for a shortcut. RARE_PHOTO has the same words, for SQLite to see that it serves.
RARE_PHOTO = text("photo.state != 'indexed'")
_RARE = text("state != 'indexed'")
Index("ix_photo_rare", photo.c.state, photo.c.root_id, sqlite_where=_RARE, postgresql_where=_RARE)

person = Table(
    "person",
    metadata,
    _id(),
    Column("name", _TEXT),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("ignored", Boolean, nullable=False, default=False),
    Column("birth_date", _TEXT),
    # No foreign key: face already points here, and a cover that left the person is simply not used.
    Column("cover_face_id", _ID),
    Column("created_by", _TEXT, nullable=False),
    _one_of("created_by", "machine", "user"),
    sqlite_autoincrement=True,
)

cluster = Table(
    "cluster",
    metadata,
    _id(),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    sqlite_autoincrement=True,
)

face = Table(
    "face",
    metadata,
    _id(),
    Column("photo_id", _ID, ForeignKey("photo.id", ondelete="CASCADE"), nullable=False),
    Column("x1", _REAL, nullable=False),
    Column("y1", _REAL, nullable=False),
    Column("x2", _REAL, nullable=False),
    Column("y2", _REAL, nullable=False),
    Column("landmarks", LargeBinary),  # 10 little-endian float32: x, y of the five points
    Column("det_score", _REAL, nullable=False),
    Column("quality", _REAL),
    Column("degradation", _TEXT),
    Column("source", _TEXT, nullable=False),
    Column("cluster_id", _ID, ForeignKey("cluster.id", ondelete="SET NULL"), index=True),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("confirmed", Boolean, nullable=False),
    Column("state", _TEXT, nullable=False),
    _one_of("source", "detected", "manual"),
    _one_of("state", "ok", "doubtful", "ignored", "forgotten"),
    sqlite_autoincrement=True,
)

Index("ix_face_photo_id_state", face.c.photo_id, face.c.state)  # with the state: faces of a folder are counted from it

# For pages of people and faces (browse.py): photos of everybody counted, the clearest face found, without touching the
# table. Only of faces that are shown, which must be said in these words for SQLite to see that an index serves.
_SHOWN = text("state IN ('ok', 'doubtful')")
_IGNORED = text("state = 'ignored'")
Index("ix_face_shown", face.c.person_id, face.c.photo_id, sqlite_where=_SHOWN, postgresql_where=_SHOWN)
Index("ix_face_best", face.c.person_id, face.c.quality, face.c.det_score, sqlite_where=_SHOWN, postgresql_where=_SHOWN)
Index("ix_face_ignored", face.c.id, sqlite_where=_IGNORED, postgresql_where=_IGNORED)

embedding = Table(
    "embedding",
    metadata,
    _id(),
    Column("embedder", _TEXT, nullable=False),
    Column("face_id", _ID, ForeignKey("face.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("vector", LargeBinary, nullable=False),  # little-endian float16, unit length
    Column("norm", _REAL, nullable=False),
    UniqueConstraint("embedder", "face_id"),
)

# Written by triggers on `embedding` (migration 0001), which see cascades too. It keeps one row per vector, so it never
# outgrows the embeddings. A batch migration of `embedding` drops the triggers: create them again there (tested).
vector_change = Table(
    "vector_change",
    metadata,
    Column("seq", _ID, primary_key=True),
    Column("embedder", _TEXT, nullable=False),
    Column("face_id", _ID, nullable=False),  # no foreign key: a removal outlives its face
    UniqueConstraint("embedder", "face_id"),
    sqlite_autoincrement=True,
)
Index("ix_vector_change_embedder_seq", vector_change.c.embedder, vector_change.c.seq)

rejection = Table(
    "rejection",
    metadata,
    _id(),
    Column("face_id", _ID, ForeignKey("face.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("face_id", "person_id"),
    sqlite_autoincrement=True,
)

different = Table(
    "different",
    metadata,
    _id(),
    Column("person_a", _ID, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),  # the smaller id
    Column("person_b", _ID, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("person_a", "person_b"),
    CheckConstraint("person_a < person_b", name="ordered"),
    sqlite_autoincrement=True,
)

merged = Table(
    "merged",
    metadata,
    _id(),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("absorbed_id", _ID, nullable=False),  # a person that no longer exists
    sqlite_autoincrement=True,
)

decision = Table(
    "decision",
    metadata,
    _id(),
    Column("at", _TEXT, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("summary", _TEXT, nullable=False),
    Column("changes", _TEXT, nullable=False),
    Column("undoable", Boolean, nullable=False),
    Column("undoes", _ID, ForeignKey("decision.id")),
    Column("undone_by", _ID, ForeignKey("decision.id")),
    Column("actor", _TEXT),  # who decided; NULL: the one person of this machine
    sqlite_autoincrement=True,
)

restoration = Table(
    "restoration",
    metadata,
    _id(),
    Column("face_id", _ID, ForeignKey("face.id", ondelete="SET NULL"), index=True),
    Column("photo", _PATH, nullable=False, index=True),
    Column("input_sha256", _TEXT, nullable=False, index=True),
    Column("restorer", _TEXT, nullable=False),
    Column("weights_sha256", _TEXT, nullable=False),
    Column("options", _TEXT, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("references", _TEXT, nullable=False),
    Column("similarity_before", _REAL),
    Column("similarity_after", _REAL),
    Column("verdict", _TEXT, nullable=False),
    Column("output", _PATH, index=True),
    Column("output_sha256", _TEXT, index=True),
    Column("state", _TEXT, nullable=False),
    Column("created_at", _TEXT, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("decided", _TEXT),
    # The face in the photo: it finds what was decided about it when the photo was indexed again, or never was.
    Column("bbox", _TEXT),
    Column("origin", _TEXT),
    Column("seconds", _REAL),
    Column("changed_mean", _REAL),
    Column("changed_share", _REAL),
    _one_of("state", "done", "refused", "undone", "proposed", "rejected", "unseen"),
    _one_of("decided", "accepted", "rejected"),
    sqlite_autoincrement=True,
)

JOBS = "iconface_jobs"
"""The channel on which a server tells of new work."""

CHANGES = "iconface_changes"
"""The channel on which a server tells of decisions, and of jobs that move on."""

Channel = Literal["work", "changes"]
CHANNELS: Mapping[Channel, str] = {"work": JOBS, "changes": CHANGES}

_ONE_WAITS = text("state = 'waiting' AND dedupe IS NOT NULL")
job = Table(
    "job",
    metadata,
    _id(),
    Column("kind", _TEXT, nullable=False),
    Column("payload", _TEXT, nullable=False),
    Column("dedupe", _TEXT),
    Column("state", _TEXT, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("run_after", _REAL, nullable=False),
    Column("lease_until", _REAL),
    Column("error", _TEXT),
    Column("progress", _TEXT),
    Column("created_at", _REAL, nullable=False),
    Column("finished_at", _REAL),
    Column("origin", _TEXT),
    # Of a gallery that several machines share. No foreign keys: jobs of a root that was removed are still taken, and
    # say so; machines come and go.
    Column("root_id", _ID),  # only who sees this root takes it
    Column("machine", _TEXT),  # only this one takes it
    Column("worker", _TEXT),  # who took it last
    Column("actor", _TEXT),  # who asked: what the job decides is theirs
    _one_of("state", "waiting", "running", "done", "failed", "cancelled"),
    sqlite_autoincrement=True,
)
Index("ix_job_state_priority", job.c.state, job.c.priority, job.c.id)
Index(
    "uq_job_waiting",
    job.c.kind,
    job.c.dedupe,
    unique=True,
    sqlite_where=_ONE_WAITS,
    postgresql_where=_ONE_WAITS,
)

cleanup_run = Table(
    "cleanup_run",
    metadata,
    _id(),
    Column("started_at", _TEXT, nullable=False, unique=True),
    Column("photos", Integer, nullable=False),
    Column("faces", Integer, nullable=False),
    Column("hours", _TEXT),
    Column("idle", Boolean, nullable=False),
    Column("options", _TEXT, nullable=False),
    Column("estimated_hours", _REAL),
    Column("estimated_bytes", BigInteger),
    sqlite_autoincrement=True,
)
cleanup_item = Table(
    "cleanup_item",
    metadata,
    _id(),
    Column("run_id", _ID, ForeignKey("cleanup_run.id", ondelete="CASCADE"), nullable=False),
    Column("photo_id", _ID),  # no foreign key: a photo that went between plan and queue is passed over there
    Column("face_ids", _TEXT, nullable=False),
    Column("fed", Boolean, nullable=False),
    Column("job_id", _ID, ForeignKey("job.id", ondelete="SET NULL"), index=True),
    sqlite_autoincrement=True,
)
Index("ix_cleanup_item_run_id_fed", cleanup_item.c.run_id, cleanup_item.c.fed)

# No foreign keys: when undo brings back a person that was merged away, its questions are there again. Whether one is
# still open is read from the faces and people it is about, so that nothing has to be kept in step (questions.py).
question = Table(
    "question",
    metadata,
    _id(),
    Column("kind", _TEXT, nullable=False),
    Column("key", _TEXT, nullable=False, unique=True),
    Column("face_ids", _TEXT, nullable=False),
    Column("person_id", _ID),
    Column("other_person_id", _ID),
    Column("evidence", _REAL),
    Column("gain", Integer, nullable=False),
    Column("asked_at", _TEXT, nullable=False),
    Column("put_off_until", _TEXT),
    # Given to one of several reviewers for a while, by the database's clock; what is over needs no cleaning.
    Column("claimed_by", _TEXT),
    Column("claimed_until", _REAL),
    _one_of("kind", "join", "merge", "twins", "who"),
    sqlite_autoincrement=True,
)

# Those that work at a shared gallery, as they last said. `missing`: roots that they do not see.
machine = Table(
    "machine",
    metadata,
    _id(),
    Column("name", _TEXT, nullable=False, unique=True),
    Column("queues", _TEXT, nullable=False),
    Column("missing", _TEXT, nullable=False),
    Column("version", _TEXT, nullable=False),
    Column("started_at", _REAL, nullable=False),
    Column("seen_at", _REAL, nullable=False),
    sqlite_autoincrement=True,
)

# Whom a reverse proxy may log in, and what each may do.
app_user = Table(
    "app_user",
    metadata,
    _id(),
    Column("name", _TEXT, nullable=False, unique=True),
    Column("role", _TEXT, nullable=False),
    _one_of("role", "viewer", "reviewer", "admin"),
    sqlite_autoincrement=True,
)

meta = Table("meta", metadata, Column("key", _TEXT, primary_key=True), Column("value", _TEXT, nullable=False))
