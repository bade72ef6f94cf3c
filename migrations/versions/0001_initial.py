"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("changes", sa.String(), nullable=False),
        sa.Column("undoable", sa.Boolean(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["undoes"], ["decision.id"], name=op.f("fk_decision_undoes_decision")),
        sa.ForeignKeyConstraint(["undone_by"], ["decision.id"], name=op.f("fk_decision_undone_by_decision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("dedupe", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("run_after", sa.REAL(), nullable=False),
        sa.Column("lease_until", sa.REAL(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("progress", sa.String(), nullable=True),
        sa.Column("created_at", sa.REAL(), nullable=False),
        sa.Column("finished_at", sa.REAL(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state_priority", ["state", "priority", "id"], unique=False)
        batch_op.create_index(
            "uq_job_waiting",
            ["kind", "dedupe"],
            unique=True,
            sqlite_where=sa.text("state = 'waiting' AND dedupe IS NOT NULL"),
        )

    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("ignored", sa.Boolean(), nullable=False),
        sa.Column("birth_date", sa.String(), nullable=True),
        sa.Column("cover_face_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("created_by IN ('machine', 'user')", name=op.f("ck_person_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "root",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("device", sa.BigInteger(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("last_scan_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root")),
        sa.UniqueConstraint("path", name=op.f("uq_root_path")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vector_change",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_vector_change")),
        sa.UniqueConstraint("embedder", "face_id", name=op.f("uq_vector_change_embedder")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("vector_change", schema=None) as batch_op:
        batch_op.create_index("ix_vector_change_embedder_seq", ["embedder", "seq"], unique=False)

    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_cluster_person_id_person"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("cluster", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cluster_person_id"), ["person_id"], unique=False)

    op.create_table(
        "different",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_a", sa.Integer(), nullable=False),
        sa.Column("person_b", sa.Integer(), nullable=False),
        sa.CheckConstraint("person_a < person_b", name=op.f("ck_different_ordered")),
        sa.ForeignKeyConstraint(
            ["person_a"], ["person.id"], name=op.f("fk_different_person_a_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_b"], ["person.id"], name=op.f("fk_different_person_b_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_different")),
        sa.UniqueConstraint("person_a", "person_b", name=op.f("uq_different_person_a")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("different", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_different_person_b"), ["person_b"], unique=False)

    op.create_table(
        "merged",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("absorbed_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_merged_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merged")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("merged", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merged_person_id"), ["person_id"], unique=False)

    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("indexed_at", sa.String(), nullable=True),
        sa.Column("detector", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('indexed', 'failed', 'missing', 'restored')", name=op.f("ck_photo_state")),
        sa.ForeignKeyConstraint(["root_id"], ["root.id"], name=op.f("fk_photo_root_id_root"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("path", name=op.f("uq_photo_path")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_photo_content_hash"), ["content_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_photo_root_id"), ["root_id"], unique=False)

    op.create_table(
        "face",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("x1", sa.REAL(), nullable=False),
        sa.Column("y1", sa.REAL(), nullable=False),
        sa.Column("x2", sa.REAL(), nullable=False),
        sa.Column("y2", sa.REAL(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary(), nullable=True),
        sa.Column("det_score", sa.REAL(), nullable=False),
        sa.Column("quality", sa.REAL(), nullable=True),
        sa.Column("degradation", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.CheckConstraint("source IN ('detected', 'manual')", name=op.f("ck_face_source")),
        sa.CheckConstraint("state IN ('ok', 'doubtful', 'ignored', 'forgotten')", name=op.f("ck_face_state")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["cluster.id"], name=op.f("fk_face_cluster_id_cluster"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_face_person_id_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_face_photo_id_photo"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("face", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_face_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_face_photo_id"), ["photo_id"], unique=False)

    op.create_table(
        "embedding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("norm", sa.REAL(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_embedding_face_id_face"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embedding")),
        sa.UniqueConstraint("embedder", "face_id", name=op.f("uq_embedding_embedder")),
    )
    with op.batch_alter_table("embedding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_embedding_face_id"), ["face_id"], unique=False)

    op.create_table(
        "rejection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_rejection_face_id_face"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_rejection_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        sa.UniqueConstraint("face_id", "person_id", name=op.f("uq_rejection_face_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("rejection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rejection_person_id"), ["person_id"], unique=False)

    op.create_table(
        "restoration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.Column("photo", sa.String(), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("restorer", sa.String(), nullable=False),
        sa.Column("weights_sha256", sa.String(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("references", sa.String(), nullable=False),
        sa.Column("similarity_before", sa.REAL(), nullable=True),
        sa.Column("similarity_after", sa.REAL(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("output", sa.String(), nullable=True),
        sa.Column("output_sha256", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('done', 'refused', 'undone')", name=op.f("ck_restoration_state")),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name=op.f("fk_restoration_face_id_face"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_restoration_person_id_person"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("restoration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_restoration_face_id"), ["face_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_restoration_input_sha256"), ["input_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_restoration_output"), ["output"], unique=False)
        batch_op.create_index(batch_op.f("ix_restoration_output_sha256"), ["output_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_restoration_person_id"), ["person_id"], unique=False)
    # One row per vector that ever changed, the latest change last.
    op.execute("""
        CREATE TRIGGER embedding_insert AFTER INSERT ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = new.embedder AND face_id = new.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (new.embedder, new.face_id);
        END""")
    op.execute("""
        CREATE TRIGGER embedding_update AFTER UPDATE ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = new.embedder AND face_id = new.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (new.embedder, new.face_id);
        END""")
    op.execute("""
        CREATE TRIGGER embedding_delete AFTER DELETE ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = old.embedder AND face_id = old.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (old.embedder, old.face_id);
        END""")
    # Names this timeline of changes: restoring a backup starts another, see gallery_db/database/backups.py.
    op.execute("INSERT INTO meta (key, value) VALUES ('index_epoch', lower(hex(randomblob(16))))")


def downgrade() -> None:
    with op.batch_alter_table("restoration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_restoration_person_id"))
        batch_op.drop_index(batch_op.f("ix_restoration_output_sha256"))
        batch_op.drop_index(batch_op.f("ix_restoration_output"))
        batch_op.drop_index(batch_op.f("ix_restoration_input_sha256"))
        batch_op.drop_index(batch_op.f("ix_restoration_face_id"))

    op.drop_table("restoration")
    with op.batch_alter_table("rejection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rejection_person_id"))

    op.drop_table("rejection")
    with op.batch_alter_table("embedding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_embedding_face_id"))

    op.drop_table("embedding")
    with op.batch_alter_table("face", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_face_photo_id"))
        batch_op.drop_index(batch_op.f("ix_face_person_id"))
        batch_op.drop_index(batch_op.f("ix_face_cluster_id"))

    op.drop_table("face")
    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_photo_root_id"))
        batch_op.drop_index(batch_op.f("ix_photo_content_hash"))

    op.drop_table("photo")
    with op.batch_alter_table("merged", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_merged_person_id"))

    op.drop_table("merged")
    with op.batch_alter_table("different", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_different_person_b"))

    op.drop_table("different")
    with op.batch_alter_table("cluster", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cluster_person_id"))

    op.drop_table("cluster")
    with op.batch_alter_table("vector_change", schema=None) as batch_op:
        batch_op.drop_index("ix_vector_change_embedder_seq")

    op.drop_table("vector_change")
    op.drop_table("root")
    op.drop_table("person")
    op.drop_table("meta")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("uq_job_waiting", sqlite_where=sa.text("state = 'waiting' AND dedupe IS NOT NULL"))
        batch_op.drop_index("ix_job_state_priority")

    op.drop_table("job")
    op.drop_table("decision")
