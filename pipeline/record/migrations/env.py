"""Run by Alembic: migrates on the connection that `pipeline.record.migrations.upgrade` hands over."""

from alembic import context

from pipeline.record.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
