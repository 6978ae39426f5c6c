"""``graph-api dev``: the first minutes of somebody new."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import urllib.request
from pathlib import Path

import pytest

from tests.cli.terminal import SERVE, Running, Terminal, eventually
from tests.cli.test_configuration import GOOD, write

CHECKOUT = Path(__file__).parents[2]
IN_ORDER = (
    r"^GraphiQL +http://localhost:\d+/graphql$",
    r"^Console +http://localhost:\d+/console/$",
    r"^Schema +graph_api\.accounts\.graphql\.schema:schema +/\S+/schema\.py$",
    r"^Data folder +/\S+/\.graph-api$",
    r"^Sign in as$",
    r"^  admin@demo\.test +\S{12,}$",
    r"^  user@demo\.test +\S{12,}$",
    r"^Paste$",
    r"^  # 1\. Sign in",
    r"^TOKEN=\$\(curl ",
    r"^  # -> eyJ",
    r"^  # 2\. Ask who you are",
    r"^curl ",
    r'^  # -> {"data":{"me":',
    r"^  # 3\. Ask for what is not yours",
    r"^curl ",
    r"^  # -> .*FORBIDDEN.* 403$",
    r"^Ctrl-C stops",
)


def ask(url: str, query: str) -> str:
    """Send an anonymous query and return the answer's text."""
    request = urllib.request.Request(
        f"{url}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def first_screen(running: Running) -> str:
    running.wait_for("Ctrl-C stops")
    return running.stdout


def lessons(screen: str) -> list[tuple[str, str]]:
    """Return the commands to paste, each with the answer that is printed below it."""
    return re.findall(r"^((?:TOKEN=|curl ).*)\n  # -> (.*)$", screen, re.MULTILINE)


def as_pattern(answer: str) -> str:
    """Return what matches a printed answer, in which … stands for anything."""
    shown = answer.partition(" (")[0]
    return ".*".join(map(re.escape, shown.split("…")))


def private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_the_first_start_prints_what_one_needs_in_order(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0") as dev:
        screen = first_screen(dev)
    position = 0
    for pattern in IN_ORDER:
        found = re.compile(pattern, re.MULTILINE).search(screen, position)
        assert found, pattern
        position = found.end()
    assert "\x1b" not in screen  # no colours in a file


@pytest.mark.skipif(
    shutil.which("curl") is None and os.environ.get("CI") != "true", reason="there is no curl"
)
def test_the_printed_lines_give_the_printed_answers(
    terminal: Terminal, empty_database_url: str
) -> None:
    terminal.env["GRAPH_API_DATABASE_URL"] = empty_database_url
    with terminal.start("dev", "--port", "0") as dev:
        pasted = lessons(first_screen(dev))
        result = terminal.paste("\n".join(command for command, _ in pasted))
    answers = result.stdout.splitlines()
    assert len(answers) == len(pasted) == 3, result.stderr
    for answer, (_, printed) in zip(answers, pasted, strict=True):
        assert re.match(as_pattern(printed), answer), answer


def test_the_data_folder_is_its_owner_s_alone(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0") as dev:
        first_screen(dev)
        folder = terminal.folder / ".graph-api"
        assert {"secret_key", "demo-accounts.json"} <= {each.name for each in folder.iterdir()}
        assert all(map(private, (folder, *folder.iterdir())))


def test_passwords_are_random_for_each_data_folder_and_stay(terminal: Terminal) -> None:
    screens = []
    for data_dir in ("one", "one", "two"):
        terminal.env["GRAPH_API_DATA_DIR"] = data_dir
        with terminal.start("dev", "--port", "0") as dev:
            screens.append(first_screen(dev).partition("Sign in as")[2].partition("Paste")[0])
    assert screens[0] == screens[1] != screens[2]


def test_graphiql_opens_on_a_login_on_me_and_on_a_forbidden_field(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0", "--no-reload") as dev:
        screen = first_screen(dev)
        request = urllib.request.Request(f"{dev.url()}/graphql", headers={"Accept": "text/html"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            html = answer.read().decode()
    config = json.loads(re.findall(r'id="config">(.*?)</script>', html, re.DOTALL)[0])
    assert [re.findall(r"\w+", tab["query"])[1] for tab in config["tabs"]] == [
        "Login",
        "Me",
        "Forbidden",
    ]
    assert len(config["accounts"]) == 4
    assert all(account["password"] in screen for account in config["accounts"])


def test_a_taken_port_is_one_sentence_that_names_the_option(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with terminal.start("dev", "--port", str(port)) as dev:
            assert dev.wait() == 1
    assert dev.stderr == f"Error: Port {port} is taken: choose another one with --port.\n"
    assert dev.stdout == ""
    assert not (terminal.folder / ".graph-api").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com"])
def test_it_listens_on_loopback_only(terminal: Terminal, host: str) -> None:
    sentence = terminal.refuse("dev", "--host", host, code=2)
    assert "loopback only" in sentence
    assert "graph-api serve" in sentence


def test_a_changed_file_starts_it_again_and_prints_nothing_twice(terminal: Terminal) -> None:
    write(terminal, "shop.py", GOOD.format(field="before"))
    with terminal.start("dev", "--port", "0", "--schema", "shop:schema") as dev:
        assert "before" in ask(dev.url(), "{ before }")
        screen = dev.stdout
        write(terminal, "shop.py", GOOD.format(field="after"))
        eventually(lambda: "shop.py changed" in dev.stderr)
        eventually(lambda: answers(dev, "{ after }"))
        assert dev.stdout == screen


def test_there_is_something_to_read(terminal: Terminal) -> None:
    """An application's own ``demo_data`` fills the database, once."""
    for _ in range(2):
        with terminal.start("dev", "--port", "0", "--no-reload", "--app-dir", str(CHECKOUT)) as dev:
            answer = json.loads(ask(dev.url(), "{ articles { nodes { title author { name } } } }"))
            assert dev.terminate() == 0
        assert answer == {
            "data": {
                "articles": {
                    "nodes": [
                        {"title": "Notes on the notes", "author": {"name": "Ada Lovelace"}},
                        {"title": "On the engine", "author": {"name": "Ada Lovelace"}},
                    ]
                }
            }
        }


TABLE = """
from sqlmodel import Field, SQLModel


class NoteRow(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
"""


def test_a_new_table_is_asked_a_migration_for_which_is_then_applied(terminal: Terminal) -> None:
    file = write(terminal, "schema/__init__.py", GOOD.format(field="good"))
    with terminal.start("dev", "--port", "0") as dev:
        ask(dev.url(), "{ good }")
        assert "migrate --new" not in dev.stderr
        file.write_text(TABLE + file.read_text())
        dev.wait_for("run `graph-api migrate --new")
        terminal.do("migrate", "--new", "notes")
        eventually(lambda: terminal.run("migrate", "--check").exit_code == 0)
        eventually(lambda: answers(dev, "{ good }"))


def test_a_broken_file_is_one_sentence_and_a_mended_one_starts_it_again(
    terminal: Terminal,
) -> None:
    file = write(terminal, "shop.py", GOOD.format(field="good"))
    with terminal.start("dev", "--port", "0", "--schema", "shop:schema") as dev:
        ask(dev.url(), "{ good }")
        file.write_text("1 / 0\n")
        dev.wait_for(f"{file}:1: ZeroDivisionError")
        write(terminal, "shop.py", GOOD.format(field="mended"))
        eventually(lambda: answers(dev, "{ mended }"))
    assert "Traceback" not in dev.stderr


def test_no_reload_goes_on_as_it_is(terminal: Terminal) -> None:
    write(terminal, "shop.py", GOOD.format(field="before"))
    with terminal.start("dev", "--port", "0", "--schema", "shop:schema", "--no-reload") as dev:
        ask(dev.url(), "{ before }")
        write(terminal, "shop.py", GOOD.format(field="after"))
        assert answers(dev, "{ before }")
        assert dev.terminate() == 0


@pytest.mark.parametrize("options", [(), ("--no-reload",)], ids=["reload", "no reload"])
def test_ctrl_c_ends_quietly(terminal: Terminal, options: tuple[str, ...]) -> None:
    with terminal.start("dev", "--port", "0", *options) as dev:
        ask(dev.url(), "{ me { id } }")
        assert dev.press_ctrl_c() == 0
    assert "Traceback" not in dev.stderr
    assert "Error" not in dev.stderr


def test_a_database_of_serve_is_not_given_demo_accounts(production: Terminal) -> None:
    with production.start("dev", "--port", "0") as dev:
        assert dev.wait() == 1
    assert "`graph-api serve` works with this database" in dev.stderr
    emails = [row["email"] for row in production.json("users", "list")]
    assert emails == ["boss@example.com"]


def test_the_operator_administers_what_dev_runs_without_settings(terminal: Terminal) -> None:
    with terminal.start("dev", "--port", "0") as dev:
        first_screen(dev)
        terminal.do("users", "grant", "user@demo.test", "support")
        assert terminal.json("keys", "list")[0]["madeBy"] == "dev"


def answers(dev: Running, query: str) -> bool:
    """Whether the server answers a query without errors."""
    try:
        return '"errors"' not in ask(dev.url(), query)
    except OSError:
        return False


def test_settings_of_serve_do_not_disturb(terminal: Terminal) -> None:
    terminal.env |= SERVE
    with terminal.start("dev", "--port", "0") as dev:
        assert answers(dev, "{ me { id } }")
        assert not (terminal.folder / ".graph-api" / "secret_key").exists()
