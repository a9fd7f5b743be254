"""Alembic's entry: it is always handed a connection whose transaction somebody else holds."""

from alembic import context

from backend.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # storage/migrate.py begins and commits
)
context.run_migrations()
