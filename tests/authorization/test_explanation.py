"""An explanation says of each field what the decision over the operation says."""

from __future__ import annotations

from itertools import product

import pytest
from graphql import parse
from graphql.utilities import get_operation_ast

from graph_api.authorization.decision import Operation, decide
from graph_api.authorization.explanation import Outcome, explain
from graph_api.authorization.matrix import columns
from schema import schema

CALLERS = columns(schema.roles, schema.permissions)
QUERIES = [
    "{ me { email roles { name } } users { nodes { id email sessions { totalCount } } } }",
    "{ articles(includeDrafts: true, status: WITHDRAWN) { nodes { notes } } roles { id } }",
    "{ a: articles(status: PUBLISHED) { nodes { notes author { articles { totalCount } } } } }",
    '{ node(id: "x") { ... on AuditEvent { action } ... on User { email } ... on Node { id } } }',
    'mutation { createArticle(input: {title: "t", body: "b", authorId: "u"}) { article { id } } }',
    'mutation { login(input: {email: "e", password: "p"}) { user { email roles { id } } } }',
]


def operation(text: str) -> Operation:
    node = get_operation_ast(parse(text))
    assert node is not None
    return Operation(node, {}, {})


@pytest.mark.parametrize(("query", "caller"), list(product(QUERIES, CALLERS)))
def test_what_is_denied_is_what_the_decision_denies(query: str, caller: str) -> None:
    grants = CALLERS[caller]
    fields = list(explain(schema.rules, operation(query), grants))
    decision = decide(schema.rules, operation(query), grants)
    assert [(each.path, each.coordinate) for each in fields if each.outcome is Outcome.DENIED] == [
        (each.path, each.coordinate) for each in decision.denials
    ]


@pytest.mark.parametrize(("query", "caller"), list(product(QUERIES, CALLERS)))
def test_nothing_is_missing_from_what_is_allowed_and_something_from_the_rest(
    query: str, caller: str
) -> None:
    for each in explain(schema.rules, operation(query), CALLERS[caller]):
        asks = each.outcome in {Outcome.DENIED, Outcome.DEPENDS_ON_OBJECT}
        assert bool(each.missing) is asks, each
        assert [] not in each.missing


def test_what_stands_below_a_denied_field_is_not_reached() -> None:
    query = "{ users { nodes { id } } }"
    outcomes = [each.outcome for each in explain(schema.rules, operation(query), frozenset())]
    assert outcomes == [Outcome.DENIED, Outcome.NOT_REACHED, Outcome.NOT_REACHED]
