"""``graph-api doctor``: each check is broken, the printed cure is pasted, and it passes."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from graph_api.clock import utc_now
from graph_api.db.engine import Database
from tests.cli.conftest import create_admin
from tests.cli.terminal import SERVE, Terminal
from tests.cli.test_configuration import GOOD, TRIED, write

START = "[\n  {"
"""Begins what ``doctor --json`` prints, after what the cures have printed."""
ROUNDS = 3
"""How often one may have to ask: a check is made when those that it needs have passed."""


@pytest.fixture
def healthy(terminal: Terminal, empty_database_url: str) -> Terminal:
    """Return a terminal where nothing is wrong, on either database."""
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": empty_database_url}
    terminal.do("migrate")
    create_admin(terminal)
    return terminal


def examine(terminal: Terminal, *options: str, obj: Any = None) -> list[dict[str, str]]:
    """Return what ``doctor --json`` prints; the exit code must agree with it."""
    result = terminal.run("doctor", "--json", *options, obj=obj)
    rows: list[dict[str, str]] = json.loads(result.stdout)
    assert result.exit_code == any(row["status"] == "failed" for row in rows)
    return rows


def failures(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in rows if row["status"] == "failed"]


def heal(terminal: Terminal, check: str, *options: str) -> str:
    """Paste the cures of the one check that fails, until ``doctor`` passes; return its problem."""
    found = failures(examine(terminal, *options))
    assert {row["check"] for row in found} == {check}
    problem = " ".join(row["problem"] for row in found)
    for _ in range(ROUNDS):
        cures = "\n".join(row["cure"] for row in found)
        result = terminal.paste(f"{cures}\ngraph-api doctor --json {' '.join(options)}")
        assert START in result.stdout, result.stderr
        rows = json.loads(result.stdout[result.stdout.rindex(START) :])
        if result.returncode == 0:
            return problem
        found = failures(rows)
    pytest.fail(f"{found} after {ROUNDS} rounds: {result.stderr}")


def execute(terminal: Terminal, statement: str) -> None:
    """Change the database behind everybody's back."""

    async def run() -> None:
        file = terminal.folder / ".graph-api" / "graph-api.sqlite3"
        async with (
            Database.open(f"sqlite+aiosqlite:///{file}") as opened,
            opened.write() as session,
        ):
            await session.execute(text(statement))

    asyncio.run(run())


def test_what_is_healthy_passes_every_check(healthy: Terminal) -> None:
    rows = examine(healthy)
    assert [row["check"] for row in rows] == [
        "settings",
        "data folder",
        "database",
        "migrations",
        "roles",
        "signing keys",
        "demo accounts",
        "administrator",
        "clock",
        "redis",
    ]
    assert {row["status"] for row in rows} == {"ok"}
    assert healthy.do("doctor").count("ok ") == len(rows)


def test_a_trial_is_listed_and_no_failure(healthy: Terminal) -> None:
    write(healthy, "tried.py", TRIED)
    trials = [
        row for row in examine(healthy, "--schema", "tried:schema") if row["status"] == "trial"
    ]
    assert [(row["check"], row["problem"]) for row in trials] == [
        ("Query.hello", "authenticated is tried here, and denies nobody")
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("GRAPH_API_SECRET_KEY_FALLBACKS", "short"),
        ("GRAPH_API_ISSUER", "http://api.example.com"),
        ("GRAPH_API_ISSUER", "https://api.example.com/"),
        ("GRAPH_API_ALLOWED_HOSTS", "*"),
        ("GRAPH_API_ALLOWED_ORIGINS", "*"),
        ("GRAPH_API_GRAPHIQL", "true"),
        ("GRAPH_API_REFRESH_TOKEN_IDLE_TTL", "99999999"),
        ("GRAPH_API_ACCESS_TOKEN_TTL", "five minutes"),
    ],
)
def test_settings(production: Terminal, setting: str, value: str) -> None:
    production.env[setting] = value
    assert setting in heal(production, "settings")


def test_a_setting_that_stands_in_dotenv(production: Terminal) -> None:
    (production.folder / ".env").write_text("GRAPH_API_ALLOWED_HOSTS=*\n")
    assert "GRAPH_API_ALLOWED_HOSTS" in heal(production, "settings")


def test_a_missing_secret_and_issuer(terminal: Terminal) -> None:
    terminal.do("migrate")
    found = [row["check"] for row in failures(examine(terminal))]
    assert found == ["settings", "settings", "administrator"]
    cures = "\n".join(row["cure"] for row in failures(examine(terminal)))
    result = terminal.paste(f"{cures}\ngraph-api doctor")
    assert result.returncode == 0, result.stdout
    assert (terminal.folder / ".env").stat().st_mode & 0o077 == 0


def test_a_secret_that_stands_in_a_file(production: Terminal) -> None:
    secret = production.folder / "secret"
    secret.write_text("short")
    secret.chmod(0o600)
    del production.env["GRAPH_API_SECRET_KEY"]
    production.env["GRAPH_API_SECRET_KEY_FILE"] = str(secret)
    assert "too short" in heal(production, "settings")
    assert len(secret.read_text()) > 32


def test_a_secret_of_hs256(production: Terminal) -> None:
    production.env["GRAPH_API_SIGNING_ALGORITHM"] = "HS256"
    assert "GRAPH_API_HS256_SECRET is missing" in heal(production, "settings")


@pytest.mark.parametrize("path", [".graph-api", ".graph-api/graph-api.sqlite3"])
def test_data_folder(production: Terminal, path: str) -> None:
    (production.folder / path).chmod(0o744)
    assert path in heal(production, "data folder")


def test_database_that_is_not_there(terminal: Terminal) -> None:
    terminal.env |= SERVE
    rows = examine(terminal)
    assert [row["check"] for row in failures(rows)] == ["database"]
    assert {row["check"] for row in rows if row["status"] == "skipped"} > {"migrations", "clock"}
    heal(terminal, "database")


def test_database_that_is_no_database(production: Terminal) -> None:
    (production.folder / ".graph-api" / "graph-api.sqlite3").write_text("no database" * 500)
    for suffix in ("-wal", "-shm"):
        Path(f"{production.folder}/.graph-api/graph-api.sqlite3{suffix}").unlink(missing_ok=True)
    assert "file is not a database" in heal(production, "database")


@pytest.mark.skipif(shutil.which("createdb") is None, reason="needs PostgreSQL's createdb")
def test_database_that_the_server_does_not_have(
    terminal: Terminal, make_postgresql: Callable[..., str]
) -> None:
    url = make_url(make_postgresql())
    terminal.env |= SERVE | {
        "GRAPH_API_DATABASE_URL": url.set(database="postgres").render_as_string(hide_password=False)
    }
    execute_alone(terminal, f'DROP DATABASE "{url.database}"')
    terminal.env["GRAPH_API_DATABASE_URL"] = url.render_as_string(hide_password=False)
    assert f'"{url.database}" does not exist' in heal(terminal, "database")


def test_database_that_does_not_answer_names_what_starts_it(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": f"postgres://u:canary@127.0.0.1:{port}/a"}
    (row,) = failures(examine(terminal))
    assert row["cure"] == "sudo systemctl start postgresql"
    assert "canary" not in str(row)


def test_migrations(healthy: Terminal) -> None:
    write(healthy, "shop/__init__.py", GOOD.format(field="shop"))
    revision = 'revision = "shelf"\ndown_revision = None\n\ndef upgrade(): ...\n'
    write(healthy, "shop/migrations/versions/shelf.py", revision)
    assert "shelf" in heal(healthy, "migrations", "--schema", "shop:schema")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM graph_api_role WHERE name = 'auditor'",
        "DELETE FROM graph_api_role_permission WHERE permission = 'audit:read'",
    ],
)
def test_roles(production: Terminal, statement: str) -> None:
    execute(production, statement)
    assert "audit" in heal(production, "roles")


def test_signing_keys_of_another_secret(production: Terminal) -> None:
    production.env["GRAPH_API_SECRET_KEY"] = "another-secret-key-9876543210-zyxwvutsrq"
    assert "another GRAPH_API_SECRET_KEY" in heal(production, "signing keys")


def test_signing_keys_of_dev(production: Terminal) -> None:
    execute(production, "UPDATE graph_api_signing_key SET made_by = 'dev'")
    assert "made by `graph-api dev`" in heal(production, "signing keys")


def test_looking_makes_no_signing_key(terminal: Terminal) -> None:
    terminal.env |= SERVE
    terminal.do("migrate")
    examine(terminal)
    assert terminal.json("keys", "list") == []


def test_demo_accounts_beside_an_administrator(production: Terminal) -> None:
    create(production, "demo@example.com")
    execute(production, "UPDATE graph_api_user SET is_demo = true WHERE email LIKE 'demo%'")
    assert "Demo accounts" in heal(production, "demo accounts")
    emails = [row["email"] for row in production.json("users", "list", "--disabled")]
    assert emails == ["demo@example.com"]


def test_demo_accounts_and_no_other_administrator(production: Terminal) -> None:
    execute(production, "UPDATE graph_api_user SET is_demo = true")
    heal(production, "demo accounts")
    emails = [
        row["email"] for row in production.json("users", "list", "--role", "admin", "--enabled")
    ]
    assert emails == ["admin@example.com"]


def test_administrator(production: Terminal) -> None:
    execute(production, "UPDATE graph_api_user SET disabled_at = created_at")
    assert "role admin" in heal(production, "administrator")


def test_clock(healthy: Terminal) -> None:
    """The cure is root's: here a ``sudo`` sets the clock that ``doctor`` looks at."""
    right = healthy.folder / "right"

    def clock() -> datetime:
        return utc_now() + (timedelta() if right.exists() else timedelta(hours=1))

    (row,) = failures(examine(healthy, obj=clock))
    assert (row["check"], "3600 s" in row["problem"]) == ("clock", True)
    healthy.paste(f"sudo() {{ [ $1 = timedatectl ] && touch right; }}\n{row['cure']}")
    assert failures(examine(healthy, obj=clock)) == []


def test_redis(production: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    production.env["GRAPH_API_REDIS_URL"] = f"redis://:canary@127.0.0.1:{port}"
    assert "canary" not in heal(production, "redis")


def test_from_dev_to_serve_in_three_rounds(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0") as dev:
        dev.wait_for("Ctrl-C stops")
    assert failures(examine(terminal)) == []  # for dev all is well
    for _ in range(ROUNDS):
        cures = "\n".join(row["cure"] for row in failures(examine(terminal, "--serve")))
        terminal.paste(cures)
    assert failures(examine(terminal, "--serve")) == []
    with terminal.start("serve", "--port", "0") as server:
        server.url()


def test_people_read_the_cure_on_a_line_of_its_own(production: Terminal) -> None:
    (production.folder / ".graph-api").chmod(0o755)
    result = production.run("doctor")
    assert result.exit_code == 1
    assert "failed  data folder: Others may read .graph-api." in result.stdout
    assert "\n        chmod -R go-rwx .graph-api\n" in result.stdout


def test_there_are_colours_on_a_terminal_and_none_in_a_pipe(production: Terminal) -> None:
    assert "\x1b" not in production.paste("graph-api doctor").stdout
    on_a_terminal = 'python3 -c \'import pty; pty.spawn(["graph-api", "doctor"])\''
    assert "\x1b[32mok" in production.paste(on_a_terminal).stdout


def create(terminal: Terminal, email: str) -> None:
    password = "correct horse battery staple\n"
    terminal.do("users", "create", email, "--password-stdin", typed=password)


def execute_alone(terminal: Terminal, statement: str) -> None:
    """Execute what can't stand in a transaction."""

    async def run() -> None:
        async with Database.open(terminal.env["GRAPH_API_DATABASE_URL"]) as database:
            engine = database.writer.execution_options(isolation_level="AUTOCOMMIT")
            async with engine.connect() as connection:
                await connection.execute(text(statement))

    asyncio.run(run())
