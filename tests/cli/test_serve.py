"""``graph-api serve``: what it refuses to start with, and how it serves."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import create_admin
from tests.cli.terminal import SERVE, Terminal, eventually
from tests.cli.test_configuration import GOOD, TRIED, write


def get(url: str) -> dict[str, str]:
    """Return the headers of a good answer."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return dict(answer.headers)


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("GRAPH_API_SECRET_KEY", "", "GRAPH_API_SECRET_KEY is missing"),
        ("GRAPH_API_SECRET_KEY", "short", "GRAPH_API_SECRET_KEY is too short"),
        ("GRAPH_API_SECRET_KEY", "a" * 64, "GRAPH_API_SECRET_KEY is too short or too regular"),
        ("GRAPH_API_SECRET_KEY_FALLBACKS", "short", "GRAPH_API_SECRET_KEY_FALLBACKS holds one"),
        ("GRAPH_API_ISSUER", "", "GRAPH_API_ISSUER is missing"),
        ("GRAPH_API_ISSUER", "http://api.example.com", "GRAPH_API_ISSUER is not https"),
        ("GRAPH_API_ALLOWED_HOSTS", "*", "GRAPH_API_ALLOWED_HOSTS allows everyone"),
        ("GRAPH_API_ALLOWED_ORIGINS", "*", "GRAPH_API_ALLOWED_ORIGINS allows everyone"),
        ("GRAPH_API_GRAPHIQL", "true", "GRAPH_API_GRAPHIQL is on"),
        ("GRAPH_API_SIGNING_ALGORITHM", "HS256", "GRAPH_API_HS256_SECRET is missing"),
        ("GRAPH_API_REFRESH_TOKEN_IDLE_TTL", "99999999", "GRAPH_API_REFRESH_TOKEN_IDLE_TTL is"),
    ],
)
def test_an_unsafe_setting_is_refused_by_name(
    production: Terminal, setting: str, value: str, named: str
) -> None:
    production.env[setting] = value
    assert named in production.refuse("serve", "--port", "0")


def test_a_secret_is_not_repeated(production: Terminal) -> None:
    production.env["GRAPH_API_SECRET_KEY"] = "canary"
    assert "canary" not in production.refuse("serve", "--port", "0")


def test_what_dev_has_made_is_refused(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0") as dev:
        dev.wait_for("Ctrl-C stops")
    secret = (terminal.folder / ".graph-api" / "secret_key").read_text()
    terminal.env |= SERVE | {"GRAPH_API_SECRET_KEY": secret}
    sentence = terminal.refuse("serve", "--port", "0")
    assert "Demo accounts of `graph-api dev` are enabled" in sentence
    assert "A signing key was made by `graph-api dev`" in sentence


def test_another_secret_than_the_one_that_the_keys_were_made_with_is_refused(
    production: Terminal,
) -> None:
    with production.start("serve", "--port", "0") as server:
        server.url()
    production.env["GRAPH_API_SECRET_KEY"] = SERVE["GRAPH_API_SECRET_KEY"][::-1]
    sentence = production.refuse("serve", "--port", "0")
    assert "was encrypted with another GRAPH_API_SECRET_KEY" in sentence


@pytest.mark.parametrize("path", [".graph-api", ".graph-api/graph-api.sqlite3"])
def test_a_data_folder_that_others_may_read_is_refused(production: Terminal, path: str) -> None:
    (production.folder / path).chmod(0o755)
    assert f"Others may read {path}" in production.refuse("serve", "--port", "0")


def test_pending_migrations_are_refused(terminal: Terminal) -> None:
    terminal.env |= SERVE
    assert "run `graph-api migrate`" in terminal.refuse("serve", "--port", "0")


def test_pending_migrations_of_the_application_are_refused(production: Terminal) -> None:
    write(production, "shop/__init__.py", GOOD.format(field="shop"))
    revision = 'revision = "shelf"\ndown_revision = None\n\ndef upgrade(): ...\n'
    write(production, "shop/migrations/versions/shelf.py", revision)
    sentence = production.refuse("serve", "--port", "0", "--schema", "shop:schema")
    assert "(shop shelf): run `graph-api migrate --schema shop:schema`" in sentence


def test_several_workers_without_redis_are_refused(production: Terminal) -> None:
    sentence = production.refuse("serve", "--port", "0", "--workers", "2")
    assert "2 workers share through Redis" in sentence
    assert "GRAPH_API_REDIS_URL is missing" in sentence


def test_a_taken_port_is_refused(production: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert "with --port" in production.refuse("serve", "--port", port)


def test_a_host_that_is_not_ours_is_refused(production: Terminal) -> None:
    assert "--host 192.0.2.1" in production.refuse("serve", "--host", "192.0.2.1", "--port", "0")


def test_it_serves_says_so_in_json_and_tells_no_secret(
    terminal: Terminal, empty_database_url: str
) -> None:
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": empty_database_url}
    terminal.do("migrate")
    create_admin(terminal)
    with terminal.start("serve", "--port", "0") as server:
        headers = get(f"{server.url()}/.well-known/jwks.json")
        assert server.terminate() == 0
    assert server.stdout == ""
    lines = [json.loads(line) for line in server.stderr.splitlines()]
    assert {"listening", "request"} <= {line["event"] for line in lines}
    assert SERVE["GRAPH_API_SECRET_KEY"] not in server.stderr
    assert "Server" not in headers
    assert "server" not in headers


def test_it_lists_every_trial(production: Terminal) -> None:
    write(production, "tried.py", TRIED)
    with production.start("serve", "--port", "0", "--schema", "tried:schema") as server:
        urllib.request.urlopen(f"{server.url()}/health/live", timeout=30).close()
        assert server.terminate() == 0
    [trial] = [line for line in map(json.loads, server.stderr.splitlines()) if "rule" in line]
    assert (trial["coordinate"], trial["rule"]) == ("Query.hello", "authenticated")


def test_forwarded_headers_are_the_application_s_affair(production: Terminal) -> None:
    """Uvicorn would believe them of anybody on loopback."""
    with production.start("serve", "--port", "0") as server:
        request = urllib.request.Request(
            f"{server.url()}/graphql",
            b'{"query":"mutation { login(input: {email: \\"a@b.c\\", password: \\"x\\"}) '
            b'{ expiresIn } }"}',
            {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b"INVALID_CREDENTIALS" in answer.read()
    (event,) = production.json("audit", "list", "--action", "sign_in_failed")
    assert event["ipAddress"] == "127.0.0.1"


def test_it_has_no_graphiql(production: Terminal) -> None:
    with production.start("serve", "--port", "0") as server:
        request = urllib.request.Request(f"{server.url()}/graphql", headers={"Accept": "text/html"})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=30)


def test_workers_share_a_port(production: Terminal) -> None:
    production.env["GRAPH_API_REDIS_URL"] = "redis://127.0.0.1:6379"
    with production.start("serve", "--port", "0", "--workers", "2") as server:
        get(f"{server.url()}/health/live")
        eventually(lambda: server.stderr.count("Application startup complete") == 2)
        assert server.terminate() == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets")
def test_it_listens_on_a_unix_socket_and_tidies_up(production: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with production.start("serve", "--uds", str(path)) as server:
        server.wait_for('"listening"')
        assert b"200 OK" in speak(path)
        assert server.terminate() == 0
    assert not path.exists()


def test_it_takes_a_socket_that_is_open_already(production: Terminal) -> None:
    """As systemd hands over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = listener.fileno()
        with production.start("serve", "--fd", str(fd), pass_fds=[fd]) as server:
            get(f"http://localhost:{listener.getsockname()[1]}/health/live")
            assert server.terminate() == 0


def test_a_number_that_is_no_socket_is_refused(production: Terminal) -> None:
    assert "--fd 999 is no open socket" in production.refuse("serve", "--fd", "999")


def speak(path: Path) -> bytes:
    """Ask for liveness through a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path))
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client.recv(4096)
