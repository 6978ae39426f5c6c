"""Who may use what, as committed: whoever changes a rule changes ``permissions.md`` with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph_api import Schema
from graph_api.app import roles_of
from graph_api.authorization.access import Verdict
from graph_api.authorization.matrix import columns, matrix
from graph_api.errors import ConfigurationError
from schema import schema
from schema.mutation import Mutation
from schema.query import Query
from schema.types.article import UserArticles


def test_the_matrix_is_the_committed_one(check_matrix: Callable[[Schema, str], None]) -> None:
    check_matrix(schema, "permissions.md")


def test_admin_may_use_everything_and_each_role_at_least_what_anonymous_callers_may() -> None:
    callers = columns(roles_of(schema), schema.permissions)
    for row in matrix(schema.rules, callers):
        assert row.verdicts["admin"] is not Verdict.DENIED, row.coordinate
        if row.verdicts["anonymous"] is Verdict.ALLOWED:
            assert set(row.verdicts.values()) == {Verdict.ALLOWED}, row.coordinate


def _definitions() -> Iterator[StrawberryObjectDefinition]:
    """Yield the objects and interfaces of the schema."""
    for each in schema.schema_converter.type_map.values():
        if isinstance(each.definition, StrawberryObjectDefinition) and not each.definition.is_input:
            yield each.definition


def _build() -> Schema:
    return Schema(
        Query,
        Mutation,
        extend=[UserArticles],
        permissions=schema.permissions,
        roles=schema.roles,
    )


def _take_rules(monkeypatch: pytest.MonkeyPatch, element: Any) -> None:
    monkeypatch.setattr(element, "directives", [])
    if isinstance(element, StrawberryField):
        monkeypatch.setattr(element, "permission_classes", [])
        monkeypatch.setattr(element, "extensions", [])


def test_without_any_rule_the_start_names_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    added: Any = UserArticles
    for definition in (*_definitions(), added.__strawberry_definition__):
        _take_rules(monkeypatch, definition)
        for field in definition.fields:
            _take_rules(monkeypatch, field)
    with pytest.raises(ConfigurationError) as refused:
        _build()
    named = {line[4:] for line in str(refused.value).splitlines() if line.startswith("  - ")}
    assert named == set(schema.rules.fields)


def _field(type_name: str, python_name: str) -> StrawberryField:
    [definition] = [each for each in _definitions() if each.name == type_name]
    [field] = [each for each in definition.fields if each.python_name == python_name]
    return field


@pytest.mark.parametrize(
    ("type_name", "python_name", "coordinate"),
    [
        ("Query", "users", "Query.users"),
        ("Query", "articles", "Query.articles"),
        ("Mutation", "delete_user", "Mutation.deleteUser"),
        ("Mutation", "publish_article", "Mutation.publishArticle"),
        ("User", "email", "User.email"),
        ("User", "sessions", "User.sessions"),
    ],
)
def test_a_field_that_lost_its_rule_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, type_name: str, python_name: str, coordinate: str
) -> None:
    _take_rules(monkeypatch, _field(type_name, python_name))
    with pytest.raises(ConfigurationError, match=f"(?m)^  - {coordinate}$") as refused:
        _build()
    assert str(refused.value).count("  - ") == 1


def test_a_type_that_lost_its_rule_stops_the_start_with_all_its_fields(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [article] = [each for each in _definitions() if each.name == "Article"]
    _take_rules(monkeypatch, article)
    with pytest.raises(ConfigurationError) as refused:
        _build()
    named = [line[4:] for line in str(refused.value).splitlines() if line.startswith("  - ")]
    assert named == [
        "Article.title",
        "Article.body",
        "Article.status",
        "Article.createdAt",
        "Article.publishedAt",
        "Article.author",
    ]
