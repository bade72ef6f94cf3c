"""What a photo looks like, so that its copies are known. Filled by the scans that follow."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photo", sa.Column("perceptual_hash", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("photo", "perceptual_hash")
