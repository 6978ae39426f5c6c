"""The accounts: users, roles, sessions, audit events, signing keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from graph_api.db.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, in the order of their references, and seal the audit trail."""
    _create_users()
    _create_roles()
    _create_sessions()
    _create_audit_events()
    _create_signing_keys()
    for statement in SEAL[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables; on SQLite the triggers go with theirs."""
    op.drop_table("graph_api_signing_key")
    op.drop_table("graph_api_audit_event")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION graph_api_refuse_change()")
    op.drop_table("graph_api_session")
    op.drop_table("graph_api_user_role")
    op.drop_table("graph_api_role_include")
    op.drop_table("graph_api_role_permission")
    op.drop_table("graph_api_role")
    op.drop_table("graph_api_user")


# Audit events are only ever added. PostgreSQL refuses the statement, SQLite the row; there REPLACE
# deletes without firing a trigger (https://sqlite.org/lang_conflict.html), so it is one more.
SEAL = {
    "postgresql": (
        """
        CREATE FUNCTION graph_api_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'graph_api_audit_event is append-only'
            USING ERRCODE = 'restrict_violation';
        END $$
        """,
        """
        CREATE TRIGGER graph_api_audit_event_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON graph_api_audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION graph_api_refuse_change()
        """,
    ),
    "sqlite": (
        """
        CREATE TRIGGER graph_api_audit_event_no_update BEFORE UPDATE ON graph_api_audit_event
        BEGIN SELECT RAISE(ABORT, 'graph_api_audit_event is append-only'); END
        """,
        """
        CREATE TRIGGER graph_api_audit_event_no_delete BEFORE DELETE ON graph_api_audit_event
        BEGIN SELECT RAISE(ABORT, 'graph_api_audit_event is append-only'); END
        """,
        """
        CREATE TRIGGER graph_api_audit_event_no_replace BEFORE INSERT ON graph_api_audit_event
        WHEN EXISTS (SELECT 1 FROM graph_api_audit_event WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'graph_api_audit_event is append-only'); END
        """,
    ),
}


def _create_users() -> None:
    op.create_table(
        "graph_api_user",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_login_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_graph_api_user"),
        sa.UniqueConstraint("email", name="uq_graph_api_user_email"),
    )
    for column in ("created_at", "name", "last_login_at"):
        _create_index("graph_api_user", column, "id")


def _create_roles() -> None:
    op.create_table(
        "graph_api_role",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_graph_api_role"),
        sa.UniqueConstraint("name", name="uq_graph_api_role_name"),
    )
    op.create_table(
        "graph_api_role_permission",
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", "permission", name="pk_graph_api_role_permission"),
        _cascade("graph_api_role_permission", "role_id", "graph_api_role"),
    )
    op.create_table(
        "graph_api_role_include",
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("included_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", "included_id", name="pk_graph_api_role_include"),
        _cascade("graph_api_role_include", "role_id", "graph_api_role"),
        _cascade("graph_api_role_include", "included_id", "graph_api_role"),
    )
    op.create_table(
        "graph_api_user_role",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_graph_api_user_role"),
        _cascade("graph_api_user_role", "user_id", "graph_api_user"),
        _cascade("graph_api_user_role", "role_id", "graph_api_role"),
    )
    _create_index("graph_api_user_role", "role_id")


def _create_sessions() -> None:
    op.create_table(
        "graph_api_session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("rotated_at", UtcDateTime(), nullable=False),
        sa.Column("idle_expires_at", UtcDateTime(), nullable=False),
        sa.Column("absolute_expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_graph_api_session"),
        _cascade("graph_api_session", "user_id", "graph_api_user"),
    )
    _create_index("graph_api_session", "user_id", "id")


def _create_audit_events() -> None:
    op.create_table(
        "graph_api_audit_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_graph_api_audit_event"),
    )
    _create_index("graph_api_audit_event", "at", "id")
    for column in ("action", "actor_id", "target_id"):
        _create_index("graph_api_audit_event", column, "at", "id")


def _create_signing_keys() -> None:
    op.create_table(
        "graph_api_signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("encrypted_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("signs_from", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_graph_api_signing_key"),
    )


def _cascade(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE")


def _create_index(table: str, *columns: str) -> None:
    named = columns[:-1] if columns[-1] == "id" else columns
    op.create_index(f"ix_{table}_{'_'.join(named)}", table, list(columns))
