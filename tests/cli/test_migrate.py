"""``graph-api migrate``, on SQLite and on PostgreSQL."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.cli.terminal import SERVE, Terminal

REVISION = '''\
"""Shelves."""

import sqlalchemy as sa
from alembic import op

revision = "shelf"
down_revision = None


def upgrade() -> None:
    op.create_table("shelf", sa.Column("id", sa.Text, sa.ForeignKey("graph_api_user.id")))
'''
APPLICATION = """\
import strawberry
from sqlmodel import Field, SQLModel
from graph_api.accounts.graphql import AccountsMutation, AccountsQuery
from graph_api.execution.schema import Schema


class ShelfRow(SQLModel, table=True):
    __tablename__ = "shelf"
    id: str = Field(primary_key=True, foreign_key="graph_api_user.id")


schema = Schema(
    AccountsQuery,
    AccountsMutation,
    permissions={"shelf:read": "See shelves."},
    roles={"librarian": ["shelf:read"]},
)
"""


@pytest.fixture
def on_database(terminal: Terminal, empty_database_url: str) -> Terminal:
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": empty_database_url}
    return terminal


def write_application(terminal: Terminal, *, with_table: bool = False) -> Path:
    """Write an application with a role, and return the folder of its revisions."""
    folder = terminal.folder / "shop"
    revisions = folder / "migrations" / "versions"
    revisions.mkdir(parents=True)
    text = APPLICATION if with_table else APPLICATION.replace(", table=True", "")
    (folder / "__init__.py").write_text(text)
    terminal.env["GRAPH_API_SCHEMA"] = "shop:schema"
    return revisions


def test_it_applies_what_is_pending_and_then_nothing(on_database: Terminal) -> None:
    assert on_database.do("migrate").startswith("Applied graph-api 0001")
    assert on_database.do("migrate") == "Nothing to migrate.\n"


def test_it_stores_the_shipped_roles(on_database: Terminal) -> None:
    on_database.do("migrate")
    names = [row["name"] for row in on_database.json("roles", "list")]
    assert names == ["admin", "auditor", "support", "user"]


def test_then_it_applies_the_application_s_and_stores_its_roles(on_database: Terminal) -> None:
    (write_application(on_database) / "shelf.py").write_text(REVISION)
    assert on_database.do("migrate").splitlines()[-1] == "Applied shop shelf"
    roles = {row["name"]: row["permissions"] for row in on_database.json("roles", "list")}
    assert roles["librarian"] == ["shelf:read"]
    assert "shelf:read" in roles["admin"]


def test_check_fails_while_something_is_pending_and_applies_nothing(on_database: Terminal) -> None:
    on_database.do("migrate")
    assert on_database.do("migrate", "--check") == "Nothing to migrate.\n"
    (write_application(on_database) / "shelf.py").write_text(REVISION)
    for _ in range(2):
        assert "Pending: shop shelf." in on_database.refuse("migrate", "--check")


def test_sql_prints_the_statements_of_the_dialect(on_database: Terminal, dialect: str) -> None:
    (write_application(on_database) / "shelf.py").write_text(REVISION)
    statements = on_database.do("migrate", "--sql")
    assert "CREATE TABLE graph_api_user" in statements
    assert "CREATE TABLE shelf" in statements
    assert ("TIMESTAMP WITH TIME ZONE" in statements) == (dialect == "postgresql")


def test_new_writes_a_revision_for_the_tables_of_the_application(terminal: Terminal) -> None:
    revisions = write_application(terminal, with_table=True)
    script = "graph-api migrate && graph-api migrate --new 'add shelves' && graph-api migrate"
    result = terminal.paste(script)
    assert result.returncode == 0, result.stderr
    (written,) = revisions.glob("*.py")
    assert f"Written: {written}\nRead it, then run `graph-api migrate`.\n" in result.stdout
    assert "op.create_table('shelf'" in written.read_text()
    assert "graph_api_user'" not in written.read_text().replace("graph_api_user.id", "")
    assert result.stdout.splitlines()[-1].startswith("Applied shop ")


def test_new_writes_nothing_where_nothing_differs(terminal: Terminal) -> None:
    revisions = write_application(terminal, with_table=True)
    terminal.paste(
        "graph-api migrate && graph-api migrate --new 'add shelves' && graph-api migrate"
    )
    result = terminal.paste("graph-api migrate --new 'keep shelves'")
    assert result.returncode == 1
    assert "Nothing to write" in result.stderr
    assert len(list(revisions.glob("*.py"))) == 1


def test_new_is_for_applications(on_database: Terminal) -> None:
    on_database.do("migrate")
    assert "write a schema" in on_database.refuse("migrate", "--new", "more")


def test_only_one_thing_at_a_time(terminal: Terminal) -> None:
    assert "Give one of" in terminal.refuse("migrate", "--check", "--sql", code=2)


def test_a_database_ahead_of_the_revisions_is_refused(on_database: Terminal) -> None:
    revision = write_application(on_database) / "shelf.py"
    revision.write_text(REVISION)
    on_database.do("migrate")
    revision.write_text(textwrap.dedent(REVISION).replace('"shelf"\n', '"other"\n'))
    assert "don't fit together" in on_database.refuse("migrate")
