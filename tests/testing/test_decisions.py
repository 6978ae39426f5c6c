"""The assertions of the testing kit: what is decided about a coordinate, or over a document."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from graph_api.errors import NotFound, ValidationFailed
from graph_api.testing import assert_allowed, assert_denied
from schema import schema

Who = dict[str, Any]
ANYONE: Who = {}
SIGNED_IN: Who = {"roles": ()}
SUPPORT: Who = {"roles": "support"}
READER: Who = {"permissions": ["user:read"]}
INCLUDING = """query ($all: Boolean!) {
  articles { nodes { title } }
  users @include(if: $all) { nodes { id } }
}"""


@pytest.mark.parametrize(
    ("coordinate", "allowed", "denied"),
    [
        ("Query.users", [SUPPORT, READER, {"roles": ["user", "auditor"]}], [ANYONE, SIGNED_IN]),
        ("User.email", [READER, {"roles": "admin"}], [ANYONE]),
        ("Query.articles(includeDrafts:)", [{"roles": "editor"}], [SUPPORT, ANYONE]),
        ("ArticleStatus.WITHDRAWN", [{"roles": "editor"}], [{"roles": "author"}]),
        ("Query.me", [ANYONE, SIGNED_IN], []),
    ],
)
def test_a_coordinate_is_allowed_to_some_and_denied_to_others(
    coordinate: str, allowed: list[Who], denied: list[Who]
) -> None:
    for who in allowed:
        assert_allowed(schema, coordinate, **who)
        with pytest.raises(AssertionError, match="Nothing is denied"):
            assert_denied(schema, coordinate, **who)
    for who in denied:
        assert_denied(schema, coordinate, **who)
        with pytest.raises(AssertionError, match="Not allowed"):
            assert_allowed(schema, coordinate, **who)


@pytest.mark.parametrize("check", [assert_allowed, assert_denied])
def test_what_depends_on_the_object_is_neither(check: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match=r"Article\.notes is depends on object"):
        check(schema, "Article.notes", roles="author")


def test_the_failure_says_the_rule_and_what_is_missing() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_allowed(schema, "Query.users", roles="user")
    assert str(failed.value) == (
        "Not allowed:\n"
        "  - Query.users is denied, by the rule permission(user:read); "
        "missing: permission(user:read)"
    )


def test_a_document_is_allowed_if_each_of_its_fields_is() -> None:
    query = "{ me { id } all: users { nodes { name } } }"
    assert_allowed(schema, query, roles="support")
    assert_denied(schema, query, roles="user")
    with pytest.raises(AssertionError, match=re.escape("all (Query.users) is denied")):
        assert_allowed(schema, query, roles="user")


def test_a_document_is_decided_with_its_variables() -> None:
    assert_allowed(schema, INCLUDING, variables={"all": False})
    assert_denied(schema, INCLUDING, variables={"all": True})


def test_a_typing_error_is_no_denial() -> None:
    with pytest.raises(NotFound, match=r"Did you mean User\.email\?"):
        assert_denied(schema, "User.emial")
    with pytest.raises(ValidationFailed):
        assert_denied(schema, "{ usres { id } }")
    with pytest.raises(LookupError, match="no declared role 'edtior'"):
        assert_denied(schema, "User.email", roles="edtior")
    with pytest.raises(LookupError, match="no declared permission 'user:raed'"):
        assert_denied(schema, "User.email", permissions="user:raed")
