"""Indexes for pages of people and faces: no table is read to count everybody's photos or to find a cover."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SHOWN = sa.text("state IN ('ok', 'doubtful')")


def upgrade() -> None:
    op.create_index("ix_face_shown", "face", ["person_id", "photo_id"], sqlite_where=SHOWN)
    op.create_index("ix_face_best", "face", ["person_id", "quality", "det_score"], sqlite_where=SHOWN)
    op.create_index("ix_face_ignored", "face", ["id"], sqlite_where=sa.text("state = 'ignored'"))


def downgrade() -> None:
    for name in ("ix_face_ignored", "ix_face_best", "ix_face_shown"):
        op.drop_index(name, "face")
