"""Alembic's door: runs the steps on the connection that `bridge.store.schema` hands in, inside its transaction."""

from alembic import context

from bridge.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
