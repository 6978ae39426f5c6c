"""Run revisions as :mod:`graph_api.db.migrate` says: on its connection, or into text."""

from __future__ import annotations

from alembic import context

context.configure(**context.config.attributes["configure"])
with context.begin_transaction():
    context.run_migrations()
