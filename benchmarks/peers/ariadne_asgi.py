"""Ariadne's own ASGI application, with documents parsed and validated once."""

import logging
from functools import lru_cache
from typing import Any, cast

from ariadne import ObjectType, QueryType, make_executable_schema
from ariadne.asgi import GraphQL
from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

from benchmarks.peers.world import PEOPLE, READER, Callers

TYPES = """
  type Query {
    me: Person
    people(first: Int!): [Person!]
  }
  type Person {
    id: ID
    name: String
    city: String
    email: String
    phone: String
    roles: [String!]
  }
"""
# A traceback for each refusal would be most of what a denied operation costs.
logging.getLogger("ariadne").disabled = True
_callers = Callers()
_query, _person = QueryType(), ObjectType("Person")


@_query.field("me")
def _me(_: Any, info: Any) -> Any:
    if info.context["caller"].subject is None:
        raise GraphQLError("Sign in.")
    return PEOPLE[0]


@_query.field("people")
def _people(_: Any, info: Any, first: int) -> Any:
    return PEOPLE[:first]


@_person.field("email")
@_person.field("phone")
def _guarded(person: dict[str, Any], info: Any) -> Any:
    if READER not in info.context["caller"].roles:
        raise GraphQLError("You may not use this field.")
    return person[info.field_name]


def _context(request: Any, _: Any) -> dict[str, Any]:
    return {"caller": _callers.of(request.headers.get("authorization"))}


@lru_cache(maxsize=128)
def _parse(text: str) -> DocumentNode:
    return parse(text)


@lru_cache(maxsize=128)
def _validated(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    return validate(schema, document)


def _validate(schema: GraphQLSchema, document_ast: DocumentNode, *_: Any, **__: Any) -> Any:
    return _validated(schema, document_ast)


app = GraphQL(
    make_executable_schema(TYPES, _query, _person),
    context_value=_context,
    query_parser=lambda _, data: _parse(data["query"]),
    query_validator=cast("Any", _validate),
    explorer=None,
)
