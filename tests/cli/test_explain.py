"""``graph-api explain``: what is decided about each field of an operation, without running it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.terminal import Terminal
from tests.project.checkout import ROOT

OURS = ("--app-dir", str(ROOT))
QUERY = "{ me { email } users { nodes { id } } articles { nodes { title notes } } }"
SIGN_IN = """mutation In($input: LoginInput!) {
  login(input: $input) { accessToken user { id email articles { totalCount } } }
}"""


def explained(ours: Terminal, caller: str, document: str, *options: str) -> Any:
    return ours.json("explain", "--as", caller, document, *options, *OURS)


def decisions(ours: Terminal, caller: str, document: str, *options: str) -> dict[str, str]:
    fields = explained(ours, caller, document, *options)["fields"]
    return {field["field"]: field["decision"] for field in fields}


def test_each_field_has_its_decision(ours: Terminal) -> None:
    assert decisions(ours, "author", QUERY) == {
        "me": "allowed",
        "me.email": "depends on object",
        "users": "denied",
        "users.nodes": "not reached",
        "users.nodes.id": "not reached",
        "articles": "allowed",
        "articles.nodes": "allowed",
        "articles.nodes.title": "allowed",
        "articles.nodes.notes": "depends on object",
    }


def test_a_denial_names_the_rule_and_what_is_missing(ours: Terminal) -> None:
    [users] = explained(ours, "anonymous", "{ list: users { totalCount } }")["fields"][:1]
    assert users == {
        "field": "list",
        "coordinate": "Query.users",
        "decision": "denied",
        "rule": "permission(user:read)",
        "missing": [["permission(user:read)"]],
    }


def test_several_roles_add_up(ours: Terminal) -> None:
    query = "{ users { totalCount } articles(includeDrafts: true) { totalCount } }"
    assert decisions(ours, "support", query)["articles"] == "denied"
    assert decisions(ours, "support,editor", query)["articles"] == "allowed"
    assert set(decisions(ours, "admin", query).values()) == {"allowed"}


def test_what_is_given_and_denied_is_named(ours: Terminal) -> None:
    query = "query Q($drafts: Boolean!) { articles(includeDrafts: $drafts) { totalCount } }"
    [articles, _] = explained(ours, "user", query, "--variables", '{"drafts": true}')["fields"]
    assert articles["coordinate"] == "Query.articles(includeDrafts:)"
    assert articles["missing"] == [["permission(article:review)"]]


def test_a_skipped_field_is_not_there(ours: Terminal) -> None:
    query = "query Q($all: Boolean!) { me { id } users @include(if: $all) { totalCount } }"
    assert "users" not in decisions(ours, "user", query, "--variables", '{"all": false}')
    assert "users" in decisions(ours, "user", query, "--variables", '{"all": true}')


def test_fragments_on_other_types_are_explained_by_type(ours: Terminal) -> None:
    query = '{ node(id: "x") { id ... on User { email } ... on Article { notes } __typename } }'
    fields = explained(ours, "editor", query)["fields"]
    assert [(field["coordinate"], field["decision"]) for field in fields] == [
        ("Query.node", "allowed"),
        ("Node.id", "depends on object"),  # that of an audit event is not theirs
        ("User.email", "depends on object"),
        ("Article.notes", "allowed"),
    ]


def test_below_a_sign_in_it_depends_on_who_signs_in(ours: Terminal) -> None:
    variables = '{"input": {"email": "ada@example.com", "password": "x"}}'
    assert decisions(ours, "anonymous", SIGN_IN, "--variables", variables) == {
        "login": "allowed",
        "login.accessToken": "allowed",
        "login.user": "allowed",
        "login.user.id": "allowed",
        "login.user.email": "depends on who signs in",
        "login.user.articles": "allowed",
        "login.user.articles.totalCount": "allowed",
    }


@pytest.mark.parametrize(
    ("caller", "document", "is_rejected"),
    [
        ("user", "{ me { id } users { totalCount } }", False),
        ("user", "{ users { totalCount } }", True),
        ("user", 'mutation { deleteUser(input: {userId: "u"}) { deletedUserId } }', True),
        ("admin", 'mutation { deleteUser(input: {userId: "u"}) { deletedUserId } }', False),
    ],
)
def test_it_says_whether_the_operation_would_be_rejected(
    ours: Terminal, caller: str, document: str, is_rejected: bool
) -> None:
    assert explained(ours, caller, document)["rejected"] is is_rejected
    text = ours.do("explain", "--as", caller, document, *OURS)
    assert ("Rejected: nothing would run." in text) is is_rejected


def test_one_denial_rejects_a_query_where_the_server_is_set_so(ours: Terminal) -> None:
    query = "{ me { id } users { totalCount } }"
    assert explained(ours, "user", query)["rejected"] is False
    ours.env["GRAPH_API_DENIED_FIELDS"] = "reject"
    assert explained(ours, "user", query)["rejected"] is True


def test_it_says_what_would_run_it(ours: Terminal) -> None:
    """Below a sign-in another caller is judged, which no plan foresees."""
    login = 'mutation { login(input: {email: "a@b.c", password: "x"}) { expiresIn } }'
    for document, refused, said in (
        ("{ me { id } }", None, "by a plan"),
        (login, "acting", "on graphql-core (acting)"),
        ("{ __schema { types { name } } }", "introspection", "on graphql-core (introspection)"),
    ):
        assert explained(ours, "user", document)["refused"] == refused
        assert said in ours.do("explain", "--as", "user", document, *OURS)


def test_what_the_caller_may_not_know_is_explained_all_the_same(ours: Terminal) -> None:
    query = "{ me { id } users { totalCount } }"
    assert explained(ours, "user", query)["concealed"] is False
    ours.env["GRAPH_API_DENIED_NAMES"] = "conceal"
    told = explained(ours, "user", query)
    assert told["concealed"] is True
    assert {each["field"]: each["decision"] for each in told["fields"]}["users"] == "denied"
    assert "Refused as invalid" in ours.do("explain", "--as", "user", query, *OURS)
    assert explained(ours, "admin", query)["concealed"] is False


def test_people_read_a_table(ours: Terminal) -> None:
    text = ours.do("explain", "--as", "author", QUERY, *OURS)
    [notes] = [line for line in text.splitlines() if line.startswith("articles.nodes.notes ")]
    assert notes.rstrip().endswith("permission(article:review); or owns (depends on the object)")
    assert text.endswith("It would run by a plan, and what is denied would be null.\n")


def test_the_document_may_come_from_stdin(ours: Terminal) -> None:
    text = ours.do("explain", "--as", "user", "-", "--json", *OURS, typed="{ me { id } }")
    assert [field["field"] for field in json.loads(text)["fields"]] == ["me", "me.id"]


def test_a_user_is_judged_by_what_the_database_says(production: Terminal) -> None:
    arguments = ("ada@example.com", "--role", "support", "--password-stdin")
    production.do("users", "create", *arguments, typed=f"{PASSWORD}\n")
    query = "{ users { totalCount } auditEvents { totalCount } }"
    found = production.json("explain", "--as", "ada@example.com", query)
    assert {field["field"]: field["decision"] for field in found["fields"]} == {
        "users": "allowed",
        "users.totalCount": "allowed",
        "auditEvents": "denied",
        "auditEvents.totalCount": "not reached",
    }
    assert "no user" in production.refuse("explain", "--as", "nobody@example.com", query)


@pytest.mark.parametrize(
    ("document", "options", "why"),
    [
        ("{ me {", (), "Syntax Error"),
        ("{ nope }", (), "nope"),
        ("{ me { id } } { me { id } }", (), "anonymous operation"),
        ("query A { me { id } } query B { me { id } }", (), "several operations: A, B"),
        ("query A { me { id } }", ("--operation", "B"), "no operation of that name; it has: A"),
        (SIGN_IN, ("--variables", "{}"), "input"),
        ("{ me { id } }", ("--variables", "{"), "no JSON"),
        ("{ me { id } }", ("--variables", "[]"), "no JSON object"),
    ],
)
def test_what_is_no_valid_operation_ends_with_2(
    ours: Terminal, document: str, options: tuple[str, ...], why: str
) -> None:
    arguments = ("explain", "--as", "user", document, *options, *OURS)
    assert why in ours.refuse(*arguments, code=2)


def test_an_undeclared_role_is_answered_with_those_that_are(ours: Terminal) -> None:
    arguments = ("explain", "--as", "user,editr", "{ me { id } }", *OURS)
    sentence = ours.refuse(*arguments, code=2)
    assert "no declared role 'editr'" in sentence
    assert "auditor, author, editor" in sentence


def test_nothing_runs_and_no_database_is_needed(ours: Terminal) -> None:
    ours.env["GRAPH_API_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    assert decisions(ours, "admin", "{ users { totalCount } }")["users"] == "allowed"
