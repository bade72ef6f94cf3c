"""Several people at one gallery: who decided and who asked, whom a question is given to, and who may do what. A server
tells open pages what changes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_POSTGRESQL = "postgresql"


def upgrade() -> None:
    key = sa.Integer().with_variant(sa.BigInteger(), _POSTGRESQL)
    real: sa.types.TypeEngine[float] = sa.REAL().with_variant(sa.DOUBLE_PRECISION(), _POSTGRESQL)
    text = sa.String().with_variant(sa.String(collation="C"), _POSTGRESQL)
    for table, name, kind in (
        ("decision", "actor", text),
        ("job", "actor", text),
        ("question", "claimed_by", text),
        ("question", "claimed_until", real),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_table(
        "app_user",
        sa.Column("id", key, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_app_user"),
        sa.UniqueConstraint("name", name="uq_app_user_name"),
        sa.CheckConstraint("role IN ('viewer', 'reviewer', 'admin')", name="role"),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == _POSTGRESQL:
        for statement in _TELL:
            op.execute(statement)


# As in postgres_schema.py.
_TELL = (
    """
CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iconface_changes', '');
  RETURN NULL;
END $$""",
    "CREATE TRIGGER decision_told AFTER INSERT ON decision FOR EACH ROW EXECUTE FUNCTION tell_of_change()",
    "CREATE TRIGGER job_told AFTER INSERT OR DELETE ON job FOR EACH ROW EXECUTE FUNCTION tell_of_change()",
    """
CREATE TRIGGER job_progress_told AFTER UPDATE ON job FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.progress IS DISTINCT FROM NEW.progress)
  EXECUTE FUNCTION tell_of_change()""",
)


def downgrade() -> None:
    if op.get_bind().dialect.name == _POSTGRESQL:
        for table, trigger in (("decision", "decision_told"), ("job", "job_told"), ("job", "job_progress_told")):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute("DROP FUNCTION tell_of_change()")
    op.drop_table("app_user")
    for table, name in (
        ("question", "claimed_until"),
        ("question", "claimed_by"),
        ("job", "actor"),
        ("decision", "actor"),
    ):
        op.drop_column(table, name)
