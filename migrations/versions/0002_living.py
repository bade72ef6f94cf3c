"""Living with the library: rules per root, decisions about results, versions, and who asked for a job."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


NEW = ("version", "decided", "bbox", "origin", "seconds")


def upgrade() -> None:
    # Plain ADD COLUMN: `photo` points at `root`, and no table is rebuilt that need not be.
    op.add_column("root", sa.Column("rules", sa.String(), nullable=True))
    op.add_column("job", sa.Column("origin", sa.String(), nullable=True))
    with _rebuilt("'done', 'refused', 'undone', 'proposed', 'rejected'") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
        batch.add_column(sa.Column("decided", sa.String(), nullable=True))
        batch.add_column(sa.Column("bbox", sa.String(), nullable=True))
        batch.add_column(sa.Column("origin", sa.String(), nullable=True))
        batch.add_column(sa.Column("seconds", sa.REAL(), nullable=True))
        batch.create_check_constraint(op.f("ck_restoration_decided"), "decided IN ('accepted', 'rejected')")
        batch.create_index(op.f("ix_restoration_photo"), ["photo"])


def downgrade() -> None:
    op.execute("DELETE FROM restoration WHERE state = 'proposed'")
    op.execute("UPDATE restoration SET state = 'undone' WHERE state IN ('rejected')")
    with _rebuilt("'done', 'refused', 'undone'") as batch:
        batch.drop_index(op.f("ix_restoration_photo"))
        batch.drop_constraint(op.f("ck_restoration_decided"), type_="check")
        for name in NEW:
            batch.drop_column(name)
    op.drop_column("job", "origin")
    op.drop_column("root", "rules")


@contextmanager
def _rebuilt(states: str) -> Iterator[BatchOperations]:
    """Rebuild `restoration` with these states: SQLite cannot change a CHECK in place. AUTOINCREMENT is not reflected,
    so it is said again; the last id given is carried over, or the id of a deleted row would be given twice."""
    last = op.get_bind().execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'restoration'")).scalar()
    with op.batch_alter_table("restoration", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_restoration_state"), type_="check")
        batch.create_check_constraint(op.f("ck_restoration_state"), f"state IN ({states})")
        yield batch
    if last is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'restoration'")
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('restoration', :last)")
        op.execute(again.bindparams(last=last))
