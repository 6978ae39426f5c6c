"""``examples/fastapi``: an application on another host, which changed how it builds its schema.

Each test of the rules runs under FastAPI's router and under Strawberry's plain ASGI application.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from strawberry.asgi import GraphQL
from typing_extensions import override

from graph_api.testing import assert_allowed, assert_denied
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parents[2] / "examples" / "fastapi"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def library() -> Iterator[ModuleType]:
    """Return the example, imported anew."""
    spec = importlib.util.spec_from_file_location("library_app", FOLDER / "app.py")
    assert spec
    assert spec.loader
    module = sys.modules["library_app"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["library_app"]


@dataclass(frozen=True)
class Client:
    """Somebody at the other end of HTTP."""

    http: httpx.AsyncClient

    async def ask(self, document: str, *, token: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.post("/graphql", json={"query": document}, headers=headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def plain_asgi(library: ModuleType) -> GraphQL[Any, Any]:
    """Return the same schema under Strawberry's plain ASGI application."""

    class Host(GraphQL[Any, Any]):
        @override
        async def get_context(self, request: Any, response: Any) -> Any:
            return {"member": library.member(request.headers.get("authorization", ""))}

    return Host(library.schema)


@pytest.fixture(params=["FastAPI", "ASGI"])
async def client(library: ModuleType, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Return a client of the example, on each host."""
    app: Any = library.app if request.param == "FastAPI" else plain_asgi(library)
    assert request.param == "ASGI" or isinstance(app, FastAPI)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield Client(http)


def places(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the path and the code of each error."""
    return [(*each["path"], each["extensions"]["code"]) for each in answer.get("errors", [])]


async def test_what_the_grants_deny_is_null_with_one_error_for_the_document(client: Client) -> None:
    answer = await client.ask("{ books { title borrower } }")
    assert [book["borrower"] for book in answer["data"]["books"]] == [None, None]
    assert places(answer) == [("books", "borrower", "UNAUTHENTICATED")]


async def test_what_the_object_decides_is_an_error_for_the_row(client: Client) -> None:
    answer = await client.ask("{ books { borrower } }", token="ada")
    assert answer["data"] == {"books": [{"borrower": "1"}, {"borrower": None}]}
    assert places(answer) == [("books", 1, "borrower", "FORBIDDEN")]


async def test_whoever_holds_the_role_sees_all(client: Client) -> None:
    answer = await client.ask("{ books { borrower } }", token="grace")
    assert answer == {"data": {"books": [{"borrower": "1"}, {"borrower": "2"}]}}


async def test_a_denied_mutation_does_not_run(client: Client, library: ModuleType) -> None:
    mutation = 'mutation { removeBook(title: "Emma") }'
    for token in (None, "ada"):
        refused = await client.ask(mutation, token=token)
        assert refused["data"] is None
        assert [path for path, _ in places(refused)] == ["removeBook"]
    assert "Emma" in library.BOOKS
    assert await client.ask(mutation, token="grace") == {"data": {"removeBook": True}}


async def test_the_permission_classes_from_before_hold(client: Client) -> None:
    """A denied field is non-null here, as such fields often are: the list goes with it."""
    refused = await client.ask("{ books { title shelf } }")
    assert refused["data"] is None
    assert {error["message"] for error in refused["errors"]} == {"Members only."}
    allowed = await client.ask("{ books { shelf } }", token="ada")
    assert allowed == {"data": {"books": [{"shelf": "A1"}, {"shelf": "B2"}]}}


async def test_fields_without_a_rule_are_open_as_before(client: Client) -> None:
    assert await client.ask("{ books { title } }") == {
        "data": {"books": [{"title": "Emma"}, {"title": "Ulysses"}]}
    }


async def test_each_caller_introspects_what_they_could_use(client: Client) -> None:
    async def seen(token: str | None) -> tuple[list[str], bool]:
        answer = await client.ask(
            '{ __type(name: "Book") { fields { name } } __schema { mutationType { name } } }',
            token=token,
        )
        fields = [each["name"] for each in answer["data"]["__type"]["fields"]]
        return fields, answer["data"]["__schema"]["mutationType"] is not None

    assert await seen("grace") == (["title", "shelf", "borrower"], True)
    assert await seen("ada") == (["title", "shelf", "borrower"], False)
    assert await seen(None) == (["title", "shelf"], False)


def test_the_permission_classes_from_before_count_as_cover(library: ModuleType) -> None:
    assert library.schema.rules.fields["Book.shelf"].rule == "class(IsMember)"
    assert set(library.schema.rules.uncovered) == {"Book.title", "Query.books"}


def test_its_decisions_can_be_tested_by_the_kit(library: ModuleType) -> None:
    assert_denied(library.schema, "Mutation.removeBook", roles=())
    assert_allowed(library.schema, 'mutation { removeBook(title: "") }', roles="librarian")


def test_its_matrix_is_the_one_of_the_readme(tmp_path: Path) -> None:
    """It has the roles of the application, and none of the accounts that it has not."""
    [(command, printed)] = re.findall(
        r"```console\n\$ (graph-api schema .+)\n((?:.*\n)*?)```", README
    )
    done = Terminal(tmp_path).paste(f"cd {shlex.quote(str(FOLDER))} && {command}")
    assert [line.rstrip() for line in done.stdout.splitlines()] == printed.splitlines(), done.stderr


def test_a_change_that_opens_a_field_is_told(tmp_path: Path, library: ModuleType) -> None:
    sdl: str = library.schema.as_str()
    (tmp_path / "old.graphql").write_text(sdl)
    (tmp_path / "new.graphql").write_text(sdl.replace("role(librarian) | ", "authenticated | "))
    done = Terminal(tmp_path).paste("graph-api schema diff old.graphql new.graphql --json")
    [change] = json.loads(done.stdout)
    assert (done.returncode, change["change"], change["coordinate"]) == (
        1,
        "opens",
        "Book.borrower",
    )


def test_the_lines_of_the_readme_are_those_of_the_example() -> None:
    """But for the types, which its readers need not see."""
    [shown] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    source = (FOLDER / "app.py").read_text(encoding="utf-8")
    source = source.replace("(context: dict[str, Any]) -> Principal:", "(context):")
    source = re.sub(r'    """Say who asks.*\n', "", source)
    assert shown in source
