"""Machines that share a gallery: which there are, which of them may take a job, and which did."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_POSTGRESQL = "postgresql"


def upgrade() -> None:
    key = sa.Integer().with_variant(sa.BigInteger(), _POSTGRESQL)
    real: sa.types.TypeEngine[float] = sa.REAL().with_variant(sa.DOUBLE_PRECISION(), _POSTGRESQL)
    text = sa.String().with_variant(sa.String(collation="C"), _POSTGRESQL)
    for name, kind in (("root_id", key), ("machine", text), ("worker", text)):
        op.add_column("job", sa.Column(name, kind, nullable=True))
    op.create_table(
        "machine",
        sa.Column("id", key, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("queues", text, nullable=False),
        sa.Column("missing", text, nullable=False),
        sa.Column("version", text, nullable=False),
        sa.Column("started_at", real, nullable=False),
        sa.Column("seen_at", real, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_machine"),
        sa.UniqueConstraint("name", name="uq_machine_name"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("machine")
    for name in ("root_id", "machine", "worker"):
        op.drop_column("job", name)
