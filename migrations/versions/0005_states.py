"""Indexes for pages that count photos by state and the faces in them: neither table is read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_photo_rare", "photo", ["state", "root_id"], sqlite_where=sa.text("state != 'indexed'"))
    op.drop_index("ix_face_photo_id", "face")
    op.create_index("ix_face_photo_id_state", "face", ["photo_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_face_photo_id_state", "face")
    op.create_index("ix_face_photo_id", "face", ["photo_id"])
    op.drop_index("ix_photo_rare", "photo")
