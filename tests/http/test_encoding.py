"""What is sent is JSON as ``json`` would write it, by an encoder that knows fewer classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError
from litestar import Litestar
from msgspec import Raw
from strawberry import scalars
from strawberry.types import ExecutionResult

from graph_api import Schema
from graph_api.http.graphql import graphql_route
from graph_api.http.negotiation import JSON
from graph_api.http.response import answer
from graph_api.settings import Settings
from tests.http.serving import ISSUER, client, make_context


class Text(str):
    """Such as a text that templates mark as safe."""

    __slots__ = ()


class Number(int):
    pass


class Share(float):
    pass


@dataclass
class Account:
    _password_hash: str = "canary"


@strawberry.type
class Query:
    @strawberry.field
    def account(self) -> scalars.JSON | None:
        return Account()  # type: ignore[return-value]


@pytest.mark.anyio
async def test_an_object_that_a_scalar_gives_is_not_shown() -> None:
    settings = Settings(_env_file=None, issuer=ISSUER)
    schema = Schema(Query, uncovered="allow")
    app = Litestar([graphql_route(schema, make_context, settings)], openapi_config=None)
    async with client(app) as api:
        response = await api.post("/graphql", json={"query": "{ account }"})
    assert response.json()["data"] == {"account": None}
    assert response.json()["errors"][0]["path"] == ["account"]
    assert "canary" not in response.text


@pytest.mark.parametrize(
    "value",
    [
        Text("x"),
        [Number(3), Share(1.5)],
        {Text("key"): Text("value")},
        "\ud800",
        {"a": ["\udfff", Text("\ud800"), Number(1)]},
    ],
)
def test_a_value_is_written_as_json_writes_it(value: Any) -> None:
    body = answer(ExecutionResult({"field": value}, None), JSON).body
    assert json.loads(body) == json.loads(json.dumps({"data": {"field": value}}))


def test_what_a_database_has_written_stands_beside_a_text_that_utf_8_can_not_hold() -> None:
    body = answer(ExecutionResult({"rows": Raw(b'[{"a":1}]'), "b": "\ud800"}, None), JSON).body
    assert json.loads(body) == {"data": {"rows": [{"a": 1}], "b": "\ud800"}}


def test_an_object_in_the_extensions_of_an_error_or_of_the_answer_is_not_shown() -> None:
    error = GraphQLError("no", extensions={"code": "CONFLICT", "of": [Account()]})
    for result in (
        ExecutionResult({"a": None}, [error]),
        ExecutionResult({"a": None}, None, {"of": Account()}),
    ):
        with pytest.raises(TypeError, match="Object of type Account is not JSON serializable"):
            answer(result, JSON)
