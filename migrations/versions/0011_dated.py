"""When somebody says that a photo was taken, beside what its file says. `captured_at` is what counts of the two."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("photo", sa.Column("file_date", _TEXT, nullable=True))
    op.add_column("photo", sa.Column("dated", _TEXT, nullable=True))
    op.execute("UPDATE photo SET file_date = captured_at WHERE captured_at IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE photo SET captured_at = file_date WHERE dated IS NOT NULL")
    op.drop_column("photo", "dated")
    op.drop_column("photo", "file_date")
