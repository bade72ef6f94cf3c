"""Clean-ups in tables: they were two texts in `meta`, rewritten for every four photos."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RUN, TODO = "cleanup.run", "cleanup.todo"


def upgrade() -> None:
    op.create_table(
        "cleanup_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("hours", sa.String(), nullable=True),
        sa.Column("idle", sa.Boolean(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("estimated_hours", sa.REAL(), nullable=True),
        sa.Column("estimated_bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanup_run")),
        sa.UniqueConstraint("started_at", name=op.f("uq_cleanup_run_started_at")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cleanup_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("face_ids", sa.String(), nullable=False),
        sa.Column("fed", sa.Boolean(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["cleanup_run.id"], name=op.f("fk_cleanup_item_run_id_cleanup_run"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_cleanup_item_job_id_job"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanup_item")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cleanup_item_job_id", "cleanup_item", ["job_id"])
    op.create_index("ix_cleanup_item_run_id_fed", "cleanup_item", ["run_id", "fed"])
    run = _told(RUN)
    if isinstance(run, dict) and isinstance(run.get("started_at"), str):
        _move(run, _told(TODO))
    op.get_bind().execute(sa.text("DELETE FROM meta WHERE key IN (:run, :todo)"), {"run": RUN, "todo": TODO})


def downgrade() -> None:
    bind = op.get_bind()
    run = bind.execute(sa.text("SELECT * FROM cleanup_run ORDER BY id DESC LIMIT 1")).mappings().first()
    if run is not None:
        mine = {"run": run["id"]}
        left = bind.execute(
            sa.text("SELECT photo_id, face_ids FROM cleanup_item WHERE run_id = :run AND NOT fed ORDER BY id"), mine
        )
        fed = bind.execute(sa.text("SELECT count(*) FROM cleanup_item WHERE run_id = :run AND fed"), mine).scalar()
        told = {k: v for k, v in run.items() if k != "id"}
        told |= {"fed": fed, "idle": bool(run["idle"]), "options": json.loads(run["options"])}
        values = {RUN: told, TODO: [[r.photo_id, json.loads(r.face_ids)] for r in left]}
        for key, value in values.items():
            bind.execute(
                sa.text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": key, "value": json.dumps(value)}
            )
    op.drop_table("cleanup_item")
    op.drop_table("cleanup_run")


def _told(key: str) -> Any:
    """A text of `meta` as a value; None where there is none, or a damaged one."""
    text = op.get_bind().execute(sa.text("SELECT value FROM meta WHERE key = :key"), {"key": key}).scalar()
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _move(run: dict[str, Any], todo: Any) -> None:
    """The latest clean-up with its photos: those that have a job, those that were fed and have none any more, and those
    that still wait for the queue."""
    bind = op.get_bind()
    bind.execute(
        sa.text(
            "INSERT INTO cleanup_run (id, started_at, photos, faces, hours, idle, options, estimated_hours,"
            " estimated_bytes) VALUES (1, :started_at, :photos, :faces, :hours, :idle, :options, :estimated_hours,"
            " :estimated_bytes)"
        ),
        {
            "started_at": run["started_at"],
            "photos": int(run.get("photos") or 0),
            "faces": int(run.get("faces") or 0),
            "hours": run.get("hours"),
            "idle": bool(run.get("idle")),
            "options": json.dumps(run.get("options") or {}),
            "estimated_hours": run.get("estimated_hours"),
            "estimated_bytes": run.get("estimated_bytes"),
        },
    )
    items = [*_fed(run), *((photo_id, face_ids, False, None) for photo_id, face_ids in todo or [])]
    for photo_id, face_ids, fed, job_id in items:
        bind.execute(
            sa.text(
                "INSERT INTO cleanup_item (run_id, photo_id, face_ids, fed, job_id)"
                " VALUES (1, :photo_id, :face_ids, :fed, :job_id)"
            ),
            {"photo_id": photo_id, "face_ids": json.dumps(face_ids), "fed": fed, "job_id": job_id},
        )


def _fed(run: dict[str, Any]) -> list[tuple[int | None, list[int], bool, int | None]]:
    bind = op.get_bind()
    found: list[tuple[int | None, list[int], bool, int | None]] = []
    jobs = bind.execute(
        sa.text("SELECT id, payload FROM job WHERE kind = 'restore' AND origin = 'cleanup' ORDER BY id")
    )
    for job in jobs:
        payload = json.loads(job.payload)
        if payload.get("run") != run["started_at"]:
            continue
        path = (
            payload["path"].encode(errors="replace").decode()
        )  # stray bytes of a name are no text, and no photo's path
        photo = bind.execute(sa.text("SELECT id FROM photo WHERE path = :path"), {"path": path}).scalar()
        found.append((photo, payload.get("options", {}).get("face_ids", []), True, job.id))
    gone = int(run.get("fed") or 0) - len(found)
    return [*([(None, [], True, None)] * gone), *found]
