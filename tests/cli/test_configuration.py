"""Which schema is served, what is said when there is none, and where settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal

GOOD = """\
import strawberry
from graph_api.authorization.rules import Public
from graph_api.execution.schema import Schema


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def {field}(self) -> str:
        return "{field}"


schema = Schema(Query)
"""
TRIED = (
    GOOD.format(field="hello")
    .replace("import Public", "import IsAuthenticated, Public, Trial")
    .replace("[Public()]", "[Public(), Trial(IsAuthenticated())]")
)


def write(terminal: Terminal, path: str, text: str) -> Path:
    file = terminal.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_without_an_application_the_accounts_own_schema_is_served(terminal: Terminal) -> None:
    assert "login(" in terminal.do("schema", "export")


def test_the_folder_schema_is_served_where_there_is_one(terminal: Terminal) -> None:
    write(terminal, "schema/__init__.py", GOOD.format(field="ours"))
    assert "ours: String!" in terminal.do("schema", "export")


def test_another_schema_is_named_by_option_or_by_setting(terminal: Terminal) -> None:
    write(terminal, "by_option.py", GOOD.format(field="byOption"))
    write(terminal, "by_setting.py", GOOD.format(field="bySetting"))
    terminal.env["GRAPH_API_SCHEMA"] = "by_setting:schema"
    assert "bySetting" in terminal.do("schema", "export")
    assert "byOption" in terminal.do("schema", "export", "--schema", "by_option:schema")


def test_app_dir_is_where_modules_are_looked_for_first(terminal: Terminal) -> None:
    write(terminal, "src/json.py", GOOD.format(field="shadow"))
    write(terminal, "src/shop_api.py", GOOD.format(field="shop"))
    exported = terminal.do("schema", "export", "--schema", "shop_api:schema", "--app-dir", "src")
    assert "shop: String!" in exported


def test_export_writes_a_file(terminal: Terminal) -> None:
    assert terminal.do("schema", "export", "--output", "schema.graphql") == ""
    assert "type Query" in (terminal.folder / "schema.graphql").read_text()


def test_no_such_module(terminal: Terminal) -> None:
    sentence = terminal.refuse("schema", "export", "--schema", "nowhere:schema")
    assert f"no module nowhere in {terminal.folder}" in sentence
    assert "--app-dir" in sentence


def test_no_such_attribute(terminal: Terminal) -> None:
    file = write(terminal, "without.py", GOOD.format(field="a"))
    sentence = terminal.refuse("schema", "export", "--schema", "without:app")
    assert f"{file} has no app" in sentence


def test_not_written_as_module_and_attribute(terminal: Terminal) -> None:
    assert "module:attribute" in terminal.refuse("schema", "export", "--schema", "without")


def test_not_our_schema_class(terminal: Terminal) -> None:
    text = "import strawberry\n@strawberry.type\nclass Query:\n    a: int\n"
    write(terminal, "stock.py", text + "schema = strawberry.Schema(Query)\n")
    sentence = terminal.refuse("schema", "export", "--schema", "stock:schema")
    assert "is a strawberry.schema.schema.Schema" in sentence
    assert "graph_api.Schema" in sentence


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import graph_api\n\n1 / 0\n", "3: ZeroDivisionError: division by zero"),
        ("import no_such_thing\n", "1: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("a = 1\nb = (\n", "2: SyntaxError: '(' was never closed"),
    ],
)
def test_an_error_within_the_module_is_named_with_its_file_and_line(
    terminal: Terminal, text: str, what: str
) -> None:
    file = write(terminal, "broken.py", text)
    sentence = terminal.refuse("schema", "export", "--schema", "broken:schema")
    assert f"{file}:{what}" in sentence
    assert "Traceback" not in sentence


def test_an_error_within_a_library_names_the_line_of_the_application(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        terminal,
        ".venv/lib/site-packages/parsing.py",
        "def loads(text):\n    raise ValueError(text)\n",
    )
    monkeypatch.syspath_prepend(terminal.folder / ".venv" / "lib" / "site-packages")
    file = write(terminal, "misuse.py", "import parsing\n\nparsing.loads('{')\n")
    assert f"{file}:3: ValueError" in terminal.refuse(
        "schema", "export", "--schema", "misuse:schema"
    )


def test_a_field_without_a_rule_stops_the_start_and_is_named(terminal: Terminal) -> None:
    bare = GOOD.format(field="bare").replace("(permission_classes=[Public()])", "")
    write(terminal, "bare.py", bare)
    assert "Query.bare" in terminal.refuse("schema", "export", "--schema", "bare:schema")


def test_a_library_called_schema_is_told_from_the_folder(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPI has a library ``schema``; it is found where the folder is not."""
    library = write(terminal, ".venv/lib/site-packages/schema.py", "class Schema: ...\n")
    monkeypatch.syspath_prepend(library.parent)
    sentence = terminal.refuse("schema", "export", "--schema", "schema:schema")
    assert f"is a library, {library}, and has no schema" in sentence
    assert "--app-dir" in sentence


def test_a_setting_that_cannot_be_read_is_named_without_its_value(terminal: Terminal) -> None:
    terminal.env["GRAPH_API_ACCESS_TOKEN_TTL"] = "canary"
    terminal.env["GRAPH_API_DATABASE_URL"] = "mysql://root:canary@db/app"
    sentence = terminal.refuse("migrate")
    assert "GRAPH_API_ACCESS_TOKEN_TTL: " in sentence
    assert "GRAPH_API_DATABASE_URL: " in sentence
    assert "canary" not in sentence
    assert "GRAPH_API_REGISTRATION" not in sentence  # it only follows from the others


def test_a_secret_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    terminal.env["GRAPH_API_SECRET_KEY_FILE"] = "/run/secrets/nothing"
    sentence = terminal.refuse("users", "list")
    assert "GRAPH_API_SECRET_KEY_FILE: /run/secrets/nothing: No such file" in sentence


def test_the_operator_needs_the_secret_key_of_the_server(terminal: Terminal) -> None:
    terminal.do("migrate")
    assert "GRAPH_API_SECRET_KEY is missing" in terminal.refuse("users", "list")


@pytest.mark.parametrize("value", ["1", "lambda database, users: None"])
def test_demo_data_that_can_not_be_awaited_is_one_sentence(terminal: Terminal, value: str) -> None:
    write(terminal, "schema/__init__.py", GOOD.format(field="good") + f"demo_data = {value}\n")
    assert "demo_data in" in terminal.refuse("schema", "export")
