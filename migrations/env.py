"""Alembic environment: always given a live connection by `gallery_db.database.migrate`."""

from alembic import context

from gallery_db.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
