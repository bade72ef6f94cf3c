"""What a restoration changed visibly, and restorations that nobody would have seen, so nothing was written."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = "'done', 'refused', 'undone', 'proposed', 'rejected'"


def upgrade() -> None:
    def change(batch: BatchOperations) -> None:
        batch.add_column(sa.Column("changed_mean", sa.REAL(), nullable=True))
        batch.add_column(sa.Column("changed_share", sa.REAL(), nullable=True))

    _rebuild(f"{STATES}, 'unseen'", change)


def downgrade() -> None:
    op.execute("DELETE FROM restoration WHERE state = 'unseen'")

    def change(batch: BatchOperations) -> None:
        batch.drop_column("changed_share")
        batch.drop_column("changed_mean")

    _rebuild(STATES, change)


def _rebuild(states: str, change: Callable[[BatchOperations], None]) -> None:
    """As in 0002: SQLite cannot change a CHECK in place, and AUTOINCREMENT with its last id is said again."""
    last = op.get_bind().execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'restoration'")).scalar()
    with op.batch_alter_table("restoration", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_restoration_state"), type_="check")
        batch.create_check_constraint(op.f("ck_restoration_state"), f"state IN ({states})")
        change(batch)
    if last is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'restoration'")
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('restoration', :last)")
        op.execute(again.bindparams(last=last))
