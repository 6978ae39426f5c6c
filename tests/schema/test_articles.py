"""Articles: anyone reads what is published, authors their own drafts, editors everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from graph_api.accounts import users
from graph_api.accounts.authority import OPERATOR
from graph_api.authorization.terms import Call, ObjectTerm, Verdict
from graph_api.origin import NOWHERE
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD
from tests.api import Client

pytestmark = pytest.mark.anyio

CREATE = """
mutation($input: CreateArticleInput!) {
  createArticle(input: $input) { article { id title body status notes author { id } } }
}
"""
UPDATE = """
mutation($input: UpdateArticleInput!) {
  updateArticle(input: $input) { article { title body notes } }
}
"""
PUBLISH = """
mutation($input: PublishArticleInput!) {
  publishArticle(input: $input) { article { status publishedAt } }
}
"""
WITHDRAW = """
mutation($input: WithdrawArticleInput!) { withdrawArticle(input: $input) { article { status } } }
"""
DELETE = """
mutation($input: DeleteArticleInput!) { deleteArticle(input: $input) { deletedArticleId } }
"""
ALL = "{ articles(includeDrafts: true) { totalCount nodes { title } } }"
ONE = "query($id: ID!) { article(id: $id) { title status notes } }"
MISSING = "art_01m88tc5ymeg2bvej8gzdx0h5t"


async def _do(client: Client, document: str, as_: Any, **values: Any) -> Answer:
    return await client.ask(document, {"input": values}, as_=as_)


async def _write(client: Client, person: str, title: str, **more: Any) -> str:
    answer = await _do(client, CREATE, person, title=title, body="Text.", **more)
    article_id: str = answer.data["createArticle"]["article"]["id"]
    return article_id


async def _titles(client: Client, document: str, as_: str | None, **variables: Any) -> list[str]:
    answer = await client.ask(document, variables, as_=as_)
    page = answer.data["articles"]
    titles = [node["title"] for node in page["nodes"]]
    assert page["totalCount"] == len(titles)
    return titles


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    """Articles of the author, by title: each status once; and a draft of the rival."""
    written = {each: await _write(client, "author", each) for each in ("draft", "out", "back")}
    written["rival's"] = await _write(client, "rival", "rival's")
    await _do(client, PUBLISH, "editor", articleId=written["out"])
    await _do(client, PUBLISH, "editor", articleId=written["back"])
    await _do(client, WITHDRAW, "editor", articleId=written["back"])
    return written


async def test_what_is_published_is_for_everybody(client: Client, ids: dict[str, str]) -> None:
    list_ = "{ articles { totalCount nodes { title } } }"
    for person in (None, "user", "author", "rival", "editor", "admin"):
        assert await _titles(client, list_, person) == ["out"]
        answer = await client.ask(ONE, {"id": ids["out"]}, as_=person)
        assert answer.body["data"]["article"]["title"] == "out"


async def test_who_sees_which_article(client: Client, ids: dict[str, str]) -> None:
    seen = {
        None: {"out"},
        "user": {"out"},
        "auditor": {"out"},
        "author": {"draft", "out", "back"},
        "rival": {"out", "rival's"},
        "editor": set(ids),
        "admin": set(ids),
    }
    for person, titles in seen.items():
        as_ = person and await client.sign_in(person)
        found = set()
        for title, article_id in ids.items():
            variables = {"id": article_id}
            answer = await client.ask("query($id: ID!) { article(id: $id) { title } }", variables,
                                      as_=as_)  # fmt: skip
            by_node = await client.ask("query($id: ID!) { node(id: $id) { id } }", variables,
                                       as_=as_)  # fmt: skip
            assert (answer.data["article"] is None) == (by_node.data["node"] is None)
            found |= {title} if answer.data["article"] else set()
        assert found == titles, person


async def test_an_article_that_is_not_there_is_null(client: Client) -> None:
    for article_id in (MISSING, client.people["author"], "x", "", "\0"):
        answer = await client.ask(ONE, {"id": article_id}, as_="editor")
        assert answer.data == {"article": None}


async def test_drafts_are_listed_by_those_who_may_give_the_argument(
    client: Client, ids: dict[str, str]
) -> None:
    for person in ("editor", "admin"):
        assert await _titles(client, ALL, person) == ["rival's", "back", "out", "draft"]
    for person in ("author", "user"):
        answer = await client.ask(ALL, as_=person)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
        assert answer.errors[0]["extensions"]["coordinate"] == "Query.articles(includeDrafts:)"
    assert (await client.ask(ALL)).status == 401


async def test_the_argument_counts_as_given_whatever_its_value_but_not_by_default(
    client: Client, ids: dict[str, str]
) -> None:
    document = "query($drafts: Boolean!) { articles(includeDrafts: $drafts) { totalCount } }"
    assert (await client.ask(document, {"drafts": False}, as_="author")).status == 403
    document = "query($drafts: Boolean) { articles(includeDrafts: $drafts) { totalCount } }"
    assert (await client.ask(document, {}, as_="author")).data["articles"] == {"totalCount": 1}


async def test_by_status_one_sees_those_that_one_would_see_anyway(
    client: Client, ids: dict[str, str]
) -> None:
    document = "query($s: ArticleStatus) { articles(status: $s) { totalCount nodes { title } } }"
    drafts: dict[str | None, list[str]] = {
        None: [],
        "user": [],
        "author": ["draft"],
        "rival": ["rival's"],
        "editor": ["rival's", "draft"],
    }
    for person, titles in drafts.items():
        assert await _titles(client, document, person, s="DRAFT") == titles
        assert await _titles(client, document, person, s="PUBLISHED") == ["out"]
        assert await _titles(client, document, person, s=None) == ["out"]


async def test_the_value_withdrawn_is_for_editors_as_an_argument(
    client: Client, ids: dict[str, str]
) -> None:
    given = [
        ("{ articles(status: WITHDRAWN) { totalCount nodes { title } } }", {}),
        (
            "query($s: ArticleStatus) { articles(status: $s) { totalCount nodes { title } } }",
            {"s": "WITHDRAWN"},
        ),
        (
            """
            query($s: ArticleStatus = WITHDRAWN) {
              articles(status: $s) { totalCount nodes { title } }
            }
            """,
            {},
        ),
    ]
    for document, variables in given:
        assert await _titles(client, document, "editor", **variables) == ["back"]
        answer = await client.ask(document, variables, as_="author")
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
        assert answer.errors[0]["extensions"]["coordinate"] == "ArticleStatus.WITHDRAWN"


async def test_the_value_withdrawn_as_a_result_is_null_with_an_error_for_others(
    client: Client, ids: dict[str, str]
) -> None:
    document = "query($id: ID!) { article(id: $id) { title status } }"
    author = await client.ask(document, {"id": ids["back"]}, as_="author")
    assert author.body["data"]["article"] == {"title": "back", "status": None}
    [error] = author.errors
    assert error["path"] == ["article", "status"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["coordinate"] == "ArticleStatus.WITHDRAWN"
    editor = await client.ask(document, {"id": ids["back"]}, as_="editor")
    assert editor.data["article"]["status"] == "WITHDRAWN"


async def test_an_author_begins_a_draft_of_their_own(client: Client) -> None:
    answer = await _do(client, CREATE, "author", title=" T ", body="B", notes="N")
    article = answer.data["createArticle"]["article"]
    assert article.pop("id").startswith("art_")
    assert article == {
        "title": "T",
        "body": "B",
        "status": "DRAFT",
        "notes": "N",
        "author": {"id": client.people["author"]},
    }


async def test_writing_needs_the_permission(client: Client) -> None:
    for person in ("user", "support", "auditor"):
        answer = await _do(client, CREATE, person, title="T", body="B")
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert (await _do(client, CREATE, None, title="T", body="B")).status == 401


async def test_an_editor_writes_in_anothers_name_and_an_author_may_not(client: Client) -> None:
    given = {"title": "T", "body": "B", "authorId": client.people["author"]}
    answer = await _do(client, CREATE, "editor", **given)
    author = answer.data["createArticle"]["article"]["author"]
    assert author == {"id": client.people["author"]}
    for value in (client.people["author"], None):
        refused = await _do(client, CREATE, "author", **(given | {"authorId": value}))
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        coordinate = refused.errors[0]["extensions"]["coordinate"]
        assert coordinate == "CreateArticleInput.authorId"


async def test_what_is_wrong_about_an_article_is_named(client: Client) -> None:
    good = {"title": "T", "body": "B"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"title": " "}, "input.title"),
        ({"title": "x" * 201}, "input.title"),
        ({"title": "\0"}, "input.title"),
        ({"body": ""}, "input.body"),
        ({"notes": "a\0"}, "input.notes"),
        ({"notes": "x" * 5_001}, "input.notes"),
        ({"authorId": "usr_01m88tc5ymeg2bvej8gzdx0h5t"}, "input.authorId"),
        ({"authorId": "\0"}, "input.authorId"),
    ]
    for change, path in wrong:
        answer = await _do(client, CREATE, "editor", **(good | change))
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", [path])
    article_id = await _write(client, "author", "T")
    for change in ({"title": None}, {"title": ""}, {"body": None}):
        answer = await _do(client, UPDATE, "author", articleId=article_id, **change)
        assert answer.wrong == [f"input.{next(iter(change))}"]


async def test_notes_are_for_the_author_and_for_editors(client: Client) -> None:
    article_id = await _write(client, "author", "T", notes="N")
    await _do(client, PUBLISH, "editor", articleId=article_id)
    for person in ("author", "editor", "admin"):
        answer = await client.ask(ONE, {"id": article_id}, as_=person)
        assert answer.data["article"]["notes"] == "N"
    rival = await client.ask(ONE, {"id": article_id}, as_="rival")
    assert rival.body["data"]["article"]["notes"] is None
    assert [(error["path"], error["extensions"]["code"]) for error in rival.errors] == [
        (["article", "notes"], "FORBIDDEN")
    ]
    anonymous = await client.ask(ONE, {"id": article_id})
    assert (anonymous.status, anonymous.code) == (200, "UNAUTHENTICATED")


async def test_whose_notes_they_are_is_asked_once_for_a_page_and_told_row_by_row(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        for person in ("author", "rival"):
            article_id = await _write(client, person, f"{person} {number}", notes="N")
            await _do(client, PUBLISH, "editor", articleId=article_id)
    asked: list[tuple[str, int]] = []
    decide = ObjectTerm.decide

    async def counted(term: ObjectTerm, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        asked.append((term.name, len(objects)))
        return await decide(term, call, objects)

    monkeypatch.setattr(ObjectTerm, "decide", counted)
    answer = await client.ask("{ articles { nodes { title notes } } }", as_="author")
    assert asked == [("owns", 6)]
    nodes = answer.body["data"]["articles"]["nodes"]
    assert [node["notes"] for node in nodes] == [None, "N"] * 3
    assert [error["path"] for error in answer.errors] == [
        ["articles", "nodes", row, "notes"] for row in (0, 2, 4)
    ]
    asked.clear()
    assert (await client.ask("{ articles { nodes { notes } } }", as_="editor")).data
    assert asked == []


async def test_an_author_changes_their_own_article_and_an_editor_any(client: Client) -> None:
    article_id = await _write(client, "author", "T", notes="N")
    changed = await _do(client, UPDATE, "author", articleId=article_id, title="U")
    assert changed.data["updateArticle"]["article"] == {"title": "U", "body": "Text.", "notes": "N"}
    changed = await _do(client, UPDATE, "editor", articleId=article_id, body="V", notes=None)
    assert changed.data["updateArticle"]["article"] == {"title": "U", "body": "V", "notes": None}


async def test_a_foreign_or_missing_article_is_forbidden_to_an_author(
    client: Client, ids: dict[str, str]
) -> None:
    for article_id in (ids["draft"], ids["out"], MISSING, "x", "\0"):
        for document in (UPDATE, DELETE):
            answer = await _do(client, document, "rival", articleId=article_id)
            assert (answer.status, answer.code) == (200, "FORBIDDEN")
    assert await _titles(client, ALL, "editor") == ["rival's", "back", "out", "draft"]
    for person in ("user", "support"):
        answer = await _do(client, DELETE, person, articleId=ids["draft"])
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_who_is_no_author_any_more_changes_nothing_of_their_own(client: Client) -> None:
    article_id = await _write(client, "author", "T")
    await users.revoke_role(
        client.accounts,
        client.people["author"],
        client.role_ids["author"],
        by=OPERATOR,
        origin=NOWHERE,
    )
    answer = await _do(client, UPDATE, "author", articleId=article_id, title="U")
    assert answer.code == "FORBIDDEN"


async def test_what_is_missing_is_not_found_for_editors(client: Client) -> None:
    for document in (UPDATE, PUBLISH, WITHDRAW, DELETE):
        for article_id in (MISSING, client.people["author"], "x", "\0"):
            answer = await _do(client, document, "editor", articleId=article_id)
            assert answer.code == "NOT_FOUND"


async def test_publishing_is_for_editors_and_keeps_the_first_time(client: Client) -> None:
    article_id = await _write(client, "author", "T")
    for document in (PUBLISH, WITHDRAW):
        refused = await _do(client, document, "author", articleId=article_id)
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
    first = client.clock().isoformat()
    for _ in range(2):
        answer = await _do(client, PUBLISH, "editor", articleId=article_id)
        assert answer.data["publishArticle"]["article"] == {
            "status": "PUBLISHED",
            "publishedAt": first,
        }
        client.clock.go(60)


async def test_own_articles_are_deleted_by_the_author_and_any_by_an_editor(
    client: Client, ids: dict[str, str]
) -> None:
    for person, title in (("author", "draft"), ("editor", "rival's"), ("editor", "out")):
        answer = await _do(client, DELETE, person, articleId=ids[title])
        assert answer.data == {"deleteArticle": {"deletedArticleId": ids[title]}}
    assert await _titles(client, ALL, "editor") == ["back"]


async def test_articles_go_with_their_author(client: Client, ids: dict[str, str]) -> None:
    await users.remove(client.accounts, client.people["author"], by=OPERATOR, origin=NOWHERE)
    assert await _titles(client, ALL, "editor") == ["rival's"]


BY_AUTHOR = """
query($id: ID!) { article(id: $id) { author { articles { totalCount nodes { title } } } } }
"""


async def test_a_users_articles_are_those_that_the_caller_sees(
    client: Client, ids: dict[str, str]
) -> None:
    seen: dict[str | None, list[str]] = {
        None: ["out"],
        "rival": ["out"],
        "author": ["back", "out", "draft"],
        "editor": ["back", "out", "draft"],
    }
    for person, titles in seen.items():
        answer = await client.ask(BY_AUTHOR, {"id": ids["out"]}, as_=person)
        page = answer.data["article"]["author"]["articles"]
        assert [node["title"] for node in page["nodes"]] == titles
        assert page["totalCount"] == len(titles)


async def test_below_a_sign_in_the_articles_are_those_of_the_one_who_signed_in(
    client: Client, ids: dict[str, str]
) -> None:
    document = """
    mutation($input: LoginInput!) {
      login(input: $input) { user { articles { nodes { title notes } } } }
    }
    """
    given = {"email": "author@example.com", "password": PASSWORD}
    answer = await _do(client, document, None, **given)
    nodes = answer.data["login"]["user"]["articles"]["nodes"]
    assert [node["title"] for node in nodes] == ["back", "out", "draft"]


async def test_below_a_sign_in_a_ruled_value_is_judged_for_the_one_who_signed_in(
    client: Client, ids: dict[str, str]
) -> None:
    await client.grant("author", client.role_ids["editor"])
    document = """
    mutation($input: LoginInput!) {
      login(input: $input) { user { articles { nodes { status } } } }
    }
    """
    given = {"email": "author@example.com", "password": PASSWORD}
    answer = await _do(client, document, None, **given)
    nodes = answer.data["login"]["user"]["articles"]["nodes"]
    assert [node["status"] for node in nodes] == ["WITHDRAWN", "PUBLISHED", "DRAFT"]
