"""Whatever is sent, the server never answers INTERNAL_SERVER_ERROR.

Each nullable input is given as null and left out; each text holds what databases choke on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    get_named_type,
)

from schema import schema
from tests.api import Client

pytestmark = pytest.mark.anyio

SDL = build_schema(schema.as_str())
TEXTS = ["", "x", "\0", "a\nb", "%", "é" * 3_000, "\U0001f600", "{", "usr_\0"]
TIMES = [
    "",
    "x",
    "2030",
    "2030-01-01",
    "2030-01-01T00:00:00",
    "2030-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2030-01-01T24:00:00Z",
]
NUMBERS = [0, 1, -1, 101, 2**31 - 1, -(2**31), 2**31]
VALUES: dict[str, list[Any]] = {
    "String": TEXTS,
    "ID": [*TEXTS, 0, -1, 2**70],
    "Int": NUMBERS,
    "Boolean": [True, False],
    "DateTime": TIMES,
}


def _values(of_type: Any, good: dict[str, Any]) -> Iterator[Any]:
    """Yield values of an input type, each with one thing that is odd about it."""
    if not isinstance(of_type, GraphQLNonNull):
        yield None
    else:
        of_type = of_type.of_type
    if isinstance(of_type, GraphQLList):
        yield []
        yield from ([value] for value in _values(of_type.of_type, good) if value is not None)
    elif isinstance(of_type, GraphQLInputObjectType):
        yield from _objects(of_type, good)
    else:
        named = get_named_type(of_type)
        yield from VALUES.get(named.name) or list(getattr(named, "values", {}))


def _objects(of_type: GraphQLInputObjectType, good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usual = {name: good[name] for name in of_type.fields if name in good}
    yield usual
    for name, field in of_type.fields.items():
        yield {other: value for other, value in usual.items() if other != name}
        for value in _values(field.type, good):
            yield usual | {name: value}


def _operations(
    kind: str, name: str, field: GraphQLField, good: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield documents for a root field, with odd variables."""
    leaf = hasattr(get_named_type(field.type), "fields")
    declared = ", ".join(f"${arg}: {argument.type}" for arg, argument in field.args.items())
    passed = ", ".join(f"{arg}: ${arg}" for arg in field.args)
    call = f"{name}({passed})" if passed else name
    document = f"{kind} Odd{f'({declared})' if declared else ''} {{ {call}"
    document += " { __typename } }" if leaf else " }"
    usual = {arg: good[arg] for arg in field.args if arg in good}
    yield document, usual
    for arg, argument in field.args.items():
        for value in _values(argument.type, good):
            yield document, usual | {arg: value}


async def _good(client: Client) -> dict[str, Any]:
    """What makes sense, so that one odd thing at a time gets past all else."""
    created = await client.ask(
        'mutation { createArticle(input: {title: "T", body: "B"}) { article { id } } }',
        as_="author",
    )
    return {
        "articleId": created.data["createArticle"]["article"]["id"],
        "password": "a quite different phrase",
        "currentPassword": "wrong",
        "newPassword": "a quite different phrase",
        "userId": client.people["rival"],
        "roleId": client.role_ids["author"],
        "name": "odd",
        "title": "T",
        "body": "B",
        "field": "CREATED_AT",
        "id": client.people["rival"],
        "ids": [client.people["rival"]],
    }


async def _send(client: Client, kind: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Send all of it; return which fields worked at least once, and what failed on the server."""
    root: Any = SDL.query_type if kind == "query" else SDL.mutation_type
    worked, failures = set(), set()
    admin, good = await client.sign_in("admin"), await _good(client)
    for name in sorted(root.fields, key=_when):
        for document, variables in _operations(
            kind, name, root.fields[name], good | {"email": f"{name}@example.org"}
        ):
            answer = await client.ask(document, variables, as_=admin)
            if answer.status >= 500 or "INTERNAL_SERVER_ERROR" in answer.codes:
                failures.add((name, str(variables)[:200]))
            elif not answer.errors:
                worked.add(name)
    return worked, failures


def _when(name: str) -> tuple[bool, ...]:
    """What takes away that which others need comes last."""
    return name == "logout", name.startswith("logout"), name.startswith("delete")


async def test_no_query_fails_on_the_server(client: Client) -> None:
    worked, failures = await _send(client, "query")
    assert failures == set()
    assert SDL.query_type
    assert worked == set(SDL.query_type.fields)


async def test_no_mutation_fails_on_the_server(client: Client) -> None:
    worked, failures = await _send(client, "mutation")
    assert failures == set()
    assert SDL.mutation_type
    needing_secrets = {"login", "refresh", "changePassword", "revokeSession"}
    assert worked == set(SDL.mutation_type.fields) - needing_secrets
