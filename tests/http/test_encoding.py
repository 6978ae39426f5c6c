"""What is sent is JSON as ``json`` would write it, by an encoder that knows fewer classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLError
from msgspec import Raw
from strawberry.types import ExecutionResult

from graph_api.http.negotiation import JSON
from graph_api.http.response import answer


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
