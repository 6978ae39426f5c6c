"""Subscriptions: who may not listen never starts, and who may no longer is not told any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
import strawberry

from graph_api import (
    Carrier,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Principal,
    Public,
    Schema,
    rule,
)
from graph_api.authorization.rules import Reject
from graph_api.execution.result import NotExecuted
from tests.authorization.callers import principal

pytestmark = pytest.mark.anyio

ADMIN: Any = HasRole("admin")
USER, EDITOR, NOBODY = principal(), principal(roles=("admin",)), Principal()


@dataclass
class Listener:
    """A connection that stays open while roles come and go."""

    principal: Principal
    then: list[Principal] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


@rule
async def owns(who: Principal, rows: Sequence[Any]) -> Sequence[bool]:
    return [row.owner == who.subject for row in rows]


@strawberry.type(directives=[Carrier()])
class Row:
    owner: str
    note: str | None = strawberry.field(permission_classes=[owns], default="note")
    salary: int | None = strawberry.field(permission_classes=[ADMIN], default=1)
    strict: int | None = strawberry.field(permission_classes=[Reject(ADMIN)], default=1)


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def hello(self) -> str:
        return "hello"


Loud = Annotated[bool, strawberry.argument(directives=[ADMIN])]


@strawberry.type
class Subscription:
    @strawberry.subscription(permission_classes=[IsAuthenticated()])
    async def rows(self, info: strawberry.Info, loud: Loud = False) -> AsyncIterator[Row | None]:
        info.context.calls.append("subscribed")
        for owner in ("usr_1", "usr_2", "usr_1"):
            yield Row(owner=owner)
            if info.context.then:
                info.context.principal = info.context.then.pop(0)

    @strawberry.subscription(permission_classes=[ADMIN])
    async def secrets(self, info: strawberry.Info) -> AsyncIterator[int | None]:
        info.context.calls.append("subscribed")
        for number in range(3):
            yield number
            if info.context.then:
                info.context.principal = info.context.then.pop(0)

    @strawberry.subscription(permission_classes=[IsSelf(arg="userId")])
    async def mine(self, info: strawberry.Info, user_id: str) -> AsyncIterator[str | None]:
        info.context.calls.append("subscribed")
        yield user_id


SCHEMA = Schema(
    Query, subscription=Subscription, roles={"admin": []}, permissions={"a:b": ""}, types=[Row]
)


async def listen(
    document: str, listener: Listener, variables: Any = None, schema: Schema = SCHEMA
) -> list[Any]:
    return [each async for each in await schema.stream(document, variables, listener)]


def codes(result: Any) -> list[Any]:
    return [(each.extensions["code"], each.extensions.get("coordinate")) for each in result.errors]


class TestBeforeItStarts:
    @pytest.mark.parametrize(
        ("who", "code"), [(NOBODY, "UNAUTHENTICATED"), (USER, "FORBIDDEN")], ids=["nobody", "user"]
    )
    async def test_who_may_not_listen_subscribes_to_nothing(
        self, who: Principal, code: str
    ) -> None:
        listener = Listener(who)
        [result] = await listen("subscription { secrets }", listener)
        assert isinstance(result, NotExecuted)
        assert (result.phase, codes(result)) == ("authorization", [(code, "Subscription.secrets")])
        assert listener.calls == []

    async def test_what_is_given_and_denied_denies_the_field(self) -> None:
        for document, variables in (
            ("subscription { rows(loud: true) { owner } }", None),
            ("subscription ($l: Boolean!) { rows(loud: $l) { owner } }", {"l": True}),
        ):
            listener = Listener(USER)
            [result] = await listen(document, listener, variables)
            assert codes(result) == [("FORBIDDEN", "Subscription.rows(loud:)")]
            assert listener.calls == []

    async def test_a_rule_that_rejects_starts_nothing(self) -> None:
        listener = Listener(USER)
        [result] = await listen("subscription { rows { owner strict } }", listener)
        assert codes(result) == [("FORBIDDEN", "Row.strict")]
        assert listener.calls == []

    async def test_a_rule_over_arguments_is_asked_first(self) -> None:
        document = "subscription ($id: String!) { mine(userId: $id) }"
        for given, calls in (("usr_2", []), ("usr_1", ["subscribed"])):
            listener = Listener(USER)
            [result] = await listen(document, listener, {"id": given})
            assert (listener.calls, bool(result.errors)) == (calls, not calls)

    async def test_variables_that_do_not_fit_name_nothing(self) -> None:
        document = "subscription ($l: Boolean!) { rows(loud: $l) { owner } }"
        listener = Listener(USER)
        [result] = await listen(document, listener, {"l": "yes"})
        assert isinstance(result, NotExecuted)
        assert listener.calls == []


class TestEachEvent:
    async def test_is_answered_under_the_rules(self) -> None:
        answers = await listen("subscription { rows { owner note salary } }", Listener(USER))
        assert [each.data["rows"] for each in answers] == [
            {"owner": "usr_1", "note": "note", "salary": None},
            {"owner": "usr_2", "note": None, "salary": None},
            {"owner": "usr_1", "note": "note", "salary": None},
        ]
        assert codes(answers[0]) == [("FORBIDDEN", "Row.salary")]
        assert sorted(codes(answers[1])) == [("FORBIDDEN", "Row.note"), ("FORBIDDEN", "Row.salary")]

    async def test_a_role_that_is_lost_is_lost_at_the_next_one(self) -> None:
        """OWASP ASVS 5, 8.3.2: changes of authorization are applied at once."""
        listener = Listener(EDITOR, then=[USER])
        answers = await listen("subscription { rows { salary } }", listener)
        assert [each.data["rows"]["salary"] for each in answers] == [1, None, None]

    async def test_the_stream_ends_when_its_root_field_is_denied(self) -> None:
        listener = Listener(EDITOR, then=[EDITOR, USER])
        answers = await listen("subscription { secrets }", listener)
        assert [each.data for each in answers] == [{"secrets": 0}, {"secrets": 1}, None]
        assert codes(answers[-1]) == [("FORBIDDEN", "Subscription.secrets")]

    async def test_who_was_signed_out_is_told_to_sign_in(self) -> None:
        answers = await listen("subscription { secrets }", Listener(EDITOR, then=[NOBODY]))
        assert codes(answers[-1]) == [("UNAUTHENTICATED", "Subscription.secrets")]

    async def test_a_role_that_is_gained_is_held_at_the_next_one(self) -> None:
        answers = await listen("subscription { rows { salary } }", Listener(USER, then=[EDITOR]))
        assert [each.data["rows"]["salary"] for each in answers] == [None, 1, 1]


async def test_two_listeners_know_nothing_of_each_other() -> None:
    document = "subscription { rows { note salary } }"
    streams: list[Any] = [
        await SCHEMA.stream(document, None, Listener(who)) for who in (USER, EDITOR)
    ]
    answers = [[await anext(each) for each in streams] for _ in range(3)]
    assert [[each.data["rows"]["salary"] for each in pair] for pair in answers] == [[None, 1]] * 3
    for each in streams:
        await each.aclose()


async def test_nothing_of_a_listener_stays_behind() -> None:
    """Whoever runs a query in the same task is judged for themselves."""
    stream = await SCHEMA.stream("subscription { secrets }", None, Listener(EDITOR))
    await anext(stream)
    result = await SCHEMA.execute("{ hello }", context_value=Listener(NOBODY))
    bare = await anext(await SCHEMA.stream("subscription { secrets }", None, Listener(NOBODY)))
    assert (result.data, codes(bare)[0][0]) == ({"hello": "hello"}, "UNAUTHENTICATED")


async def test_names_are_concealed_here_too() -> None:
    schema = Schema(Query, subscription=Subscription, roles={"admin": []}, denied_names="conceal")
    [result] = await listen("subscription { secrets }", Listener(USER), schema=schema)
    [unknown] = await listen("subscription { nothing }", Listener(USER), schema=schema)
    assert str(result.errors).replace("secrets", "nothing") == str(unknown.errors)
    assert codes(result) == [("GRAPHQL_VALIDATION_FAILED", None)]
