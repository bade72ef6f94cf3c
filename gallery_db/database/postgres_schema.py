"""The tables of a gallery on a server."""

from uuid import uuid4

from sqlalchemy import Connection, text

from .revisions import HEAD
from .schema import CHANGES, meta, metadata


def create_schema(conn: Connection) -> None:
    """The tables as of this release in an empty database, in the caller's transaction. Older revisions are SQLite's
    history and never were here; those that follow are migrations on both engines."""
    metadata.create_all(conn)
    for statement in (*_TRIGGER, *_TELL):
        conn.exec_driver_sql(statement)
    conn.execute(meta.insert().values(key="index_epoch", value=uuid4().hex))
    conn.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    conn.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


# What the three triggers of migration 0001 do: one row per vector that ever changed, the latest change last.
_TRIGGER = (
    """
CREATE FUNCTION note_vector_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed embedding;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  INSERT INTO vector_change (embedder, face_id) VALUES (changed.embedder, changed.face_id)
    ON CONFLICT (embedder, face_id) DO UPDATE SET seq = excluded.seq;
  RETURN NULL;
END $$""",
    """
CREATE TRIGGER embedding_change AFTER INSERT OR UPDATE OR DELETE ON embedding
  FOR EACH ROW EXECUTE FUNCTION note_vector_change()""",
)

# Whoever writes, with whichever release: open pages hear of it. Of a worker's signs of life only those with progress.
_TELL = (
    f"""
CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('{CHANGES}', '');
  RETURN NULL;
END $$""",
    "CREATE TRIGGER decision_told AFTER INSERT ON decision FOR EACH ROW EXECUTE FUNCTION tell_of_change()",
    "CREATE TRIGGER job_told AFTER INSERT OR DELETE ON job FOR EACH ROW EXECUTE FUNCTION tell_of_change()",
    """
CREATE TRIGGER job_progress_told AFTER UPDATE ON job FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.progress IS DISTINCT FROM NEW.progress)
  EXECUTE FUNCTION tell_of_change()""",
)


def revision(conn: Connection) -> str | None:
    """The schema of a database; None for one without our tables."""
    if conn.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
