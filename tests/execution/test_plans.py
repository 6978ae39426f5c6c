"""Plans: what an operation is compiled to, for whom they are kept, what graphql-core still runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
import strawberry
from graphql import specified_scalar_types
from hypothesis import given
from hypothesis import strategies as st
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.scalars import JSON

from graph_api import Carrier, HasRole, IsAuthenticated, Principal, Public, Schema, Trial, rule
from graph_api.execution import leaves
from graph_api.execution.engine import MOST_PLANS
from graph_api.execution.explain import explain
from graph_api.execution.fields import PACKED_FROM
from graph_api.execution.plan import Plan
from tests.authorization.callers import Caller, anonymous, caller, principal

pytestmark = [pytest.mark.anyio, pytest.mark.plans]

ADMIN: Any = HasRole("admin")
asked: list[int] = []


@rule
async def owns(who: Principal, rows: Sequence[Any]) -> Sequence[bool]:
    asked.append(len(rows))
    return [row.owner == who.subject for row in rows]


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return f"{next_(source, info, **kwargs)}!"


@strawberry.type(directives=[Carrier()])
class Tag:
    name: str
    rows: strawberry.Private[list[Row]]

    @strawberry.field
    def owners(self) -> list[str]:
        return [row.owner for row in self.rows]


@strawberry.type(directives=[Carrier()])
class Row:
    owner: str
    at: datetime | None = None
    note: str | None = strawberry.field(permission_classes=[owns], default="note")
    salary: int | None = strawberry.field(permission_classes=[ADMIN], default=1)

    @strawberry.field
    async def late(self) -> str:
        await asyncio.sleep(0)
        return f"late {self.owner}"

    @strawberry.field
    def tags(self) -> list[Tag]:
        return [Tag(name=f"{self.owner} {number}", rows=[self]) for number in range(2)]

    @strawberry.field(extensions=[Louder()])
    def loud(self) -> str:
        return self.owner

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        return ".".join(map(str, info.path.as_list()))


ROWS = [
    Row(owner=f"usr_{number}", at=datetime(2026, 1, 1, number, tzinfo=UTC)) for number in range(3)
]


async def later(value: Any) -> Any:
    return value


class BreakingOff:
    """Has a row that must not be null before it fails: which error comes first is told."""

    def __iter__(self) -> Iterator[Row | None]:
        yield from (ROWS[0], None)
        raise LookupError("canary")


@strawberry.interface(directives=[Carrier()])
class Shape:
    area: int


@strawberry.type(directives=[Carrier()])
class Circle(Shape):
    """Has no area, which nulls the list that it is in."""


@strawberry.type(directives=[ADMIN])
class Square(Shape):
    """Is denied, but comes after the circle."""


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def rows(self, first: int = 3, reverse: bool = False) -> list[Row] | None:
        return ROWS[:first][::-1] if reverse else ROWS[:first]

    @strawberry.field(permission_classes=[IsAuthenticated()])
    def me(self, info: strawberry.Info) -> Row | None:
        return Row(owner=info.context.principal.subject)

    @strawberry.field(permission_classes=[Public()])
    def many(self) -> list[Row]:
        return ROWS * PACKED_FROM

    @strawberry.field(permission_classes=[Public()])
    def breaks_off(self) -> list[Row] | None:
        return iter(BreakingOff())  # type: ignore[return-value]

    @strawberry.field(permission_classes=[Public()])
    def shapes(self) -> list[Shape] | None:
        return [Circle(area=None), Square(area=1)]  # type: ignore[arg-type]

    @strawberry.field(permission_classes=[Public()])
    async def forgets_to_wait(self) -> JSON | None:
        return later("as JSON")  # type: ignore[return-value]

    @strawberry.field(permission_classes=[Public()])
    async def forgets_to_wait_for_null(self) -> JSON:
        return later(None)  # type: ignore[return-value]

    @strawberry.field(permission_classes=[Public()])
    def broken(self) -> str | None:
        raise ValueError("canary")


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[Public()])
    async def add(self, info: strawberry.Info, name: str) -> str | None:
        await asyncio.sleep(0)
        info.context.calls.append(name)
        return name


def build(**options: Any) -> Schema:
    return Schema(Query, Mutation, types=[Circle, Square], roles={"admin": []}, **options)


@strawberry.directive(locations=[DirectiveLocation.FIELD])
def upper(value: DirectiveValue[str]) -> str:
    return value.upper()


SCHEMA, CORE = build(), build(compiled=False)


async def both(query: str, who: Caller | None = None, variables: Any = None) -> Any:
    """Return the answer of a plan, which must be graphql-core's, to the order of its keys."""
    answers = []
    for schema in (SCHEMA, CORE):
        result = await schema.execute(query, variables, context_value=who or caller())
        answers.append(msgspec.json.encode([result.data, errors_of(result)]))
    assert answers[0] == answers[1]
    assert SCHEMA.engine.refused.total() == 0
    return msgspec.json.decode(answers[0])


@pytest.fixture(autouse=True)
def fresh() -> None:
    asked.clear()
    SCHEMA.engine.refused.clear()


class TestAPlan:
    @pytest.mark.parametrize(
        "query",
        [
            "{ rows { owner at __typename } }",
            "{ rows { a: owner b: owner ...F } } fragment F on Row { tags { name owners } late }",
            "{ rows(first: 2, reverse: true) { loud path late } r: rows(first: 0) { owner } }",
            "{ rows { salary note owner } }",
            "{ me { owner note path } }",
            "{ rows { salary owner } broken }",
            "{ breaksOff { owner } }",
            "{ shapes { area } }",
            "{ forgetsToWait rows { owner } }",
            'mutation { b: add(name: "b") a: add(name: "a") }',
        ],
    )
    async def test_answers_as_graphql_core_does(self, query: str) -> None:
        for who in (caller(), caller(roles=("admin",)), anonymous()):
            await both(query, who)

    async def test_decides_skip_in_each_run(self) -> None:
        query = (
            "query ($no: Boolean = true, $n: Int) { rows(first: $n) { owner at @skip(if: $no) } }"
        )
        for variables in ({}, {"no": False}, {"no": True, "n": 1}, {"n": 2}):
            await both(query, None, variables)

    async def test_asks_a_rule_once_for_a_level_whichever_lists_the_rows_are_in(self) -> None:
        await SCHEMA.execute("{ a: rows { note } }", context_value=caller())
        assert asked == [3]

    async def test_runs_the_fields_of_a_mutation_one_after_the_other(self) -> None:
        who = caller()
        await SCHEMA.execute('mutation { b: add(name: "b") a: add(name: "a") }', context_value=who)
        assert who.calls == ["b", "a"]

    async def test_gives_no_null_where_the_schema_forbids_it(self) -> None:
        """graphql-core does here: it looks at what a scalar hands on before it has waited."""
        query = "{ forgetsToWaitForNull }"
        result = await SCHEMA.execute(query, context_value=caller())
        assert result.data is None
        assert [each.path for each in result.errors or ()] == [["forgetsToWaitForNull"]]
        wrong = await CORE.execute(query, context_value=caller())
        assert wrong.data == {"forgetsToWaitForNull": None}

    async def test_says_nothing_of_what_broke(self) -> None:
        result = await SCHEMA.execute("{ broken }", context_value=caller())
        assert "canary" not in str(result.errors)


class TestWhatIsKept:
    async def test_is_one_plan_for_all_whom_no_rule_tells_apart(self) -> None:
        schema, query = build(), "{ rows { owner salary } }"
        for number in range(4):
            await schema.execute(
                query, context_value=caller(f"x:p{number}", subject=f"usr_{number}")
            )
        assert len(schema.documents.parse(query).plans) == 1
        await schema.execute(query, context_value=caller(roles=("admin",)))
        assert len(schema.documents.parse(query).plans) == 2

    async def test_holds_neither_a_caller_nor_a_variable_nor_a_result(self) -> None:
        schema, query = build(), "query ($n: Int) { rows(first: $n) { owner note } me { owner } }"
        who = Caller(principal(subject="usr_canary"))
        await schema.execute(query, {"n": 1234321}, context_value=who)
        [plan] = schema.documents.parse(query).plans.values()
        assert isinstance(plan, Plan)
        assert "canary" not in _all_of(plan)
        assert "1234321" not in _all_of(plan)

    async def test_is_bounded(self) -> None:
        names = [f"b{number}" for number in range(8)]
        given = ", ".join(f"${name}: Boolean = false" for name in names)
        fields = " ".join(f"{name}: rows {{ owner @skip(if: ${name}) }}" for name in names)
        schema, query = build(), f"query ({given}) {{ {fields} }}"
        for number in range(MOST_PLANS + 10):
            bits = {name: bool(number >> place & 1) for place, name in enumerate(names)}
            await schema.execute(query, bits, context_value=caller())
        assert len(schema.documents.parse(query).plans) <= MOST_PLANS


def _all_of(plan: Plan) -> str:
    """Return all that a plan is made of, but for the schema and the document."""
    levels = [plan.root, *(each for one in plan.root.fields for each in one.below.values())]
    return f"{levels} {vars(plan)}"


class TestGraphqlCoreRuns:
    async def test_what_no_plan_is_made_for_and_the_reason_is_counted(self) -> None:
        await SCHEMA.execute("{ __schema { types { name } } }", context_value=caller())
        await SCHEMA.execute('{ __type(name: "Row") { name } }', context_value=caller())
        assert SCHEMA.engine.refused == {"introspection": 2}

    async def test_what_leads_to_a_trial(self) -> None:
        @strawberry.type
        class Tried:
            @strawberry.field(permission_classes=[Public(), Trial(ADMIN)])
            def a(self) -> int | None:
                return 1

            @strawberry.field(permission_classes=[Public()])
            def b(self) -> int | None:
                return 1

        schema = Schema(Tried, roles={"admin": []})
        for query in ("{ a }", "{ b }", "{ a b }"):
            await schema.execute(query, context_value=caller())
        assert schema.engine.refused == {"trial": 2}

    async def test_operations_that_an_extension_watches(self) -> None:
        seen: list[str] = []

        class Watching(SchemaExtension):
            def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
                seen.append(info.field_name)
                return _next(root, info, *args, **kwargs)

        schema = build(extensions=[Watching])
        result = await schema.execute("{ rows(first: 1) { owner } }", context_value=caller())
        assert (result.data, seen) == ({"rows": [{"owner": "usr_0"}]}, ["rows", "owner"])
        assert schema.engine.refused == {"extensions": 1}

    async def test_operations_of_a_schema_that_has_directives_of_its_own(self) -> None:
        schema = build(directives=[upper])
        query = "{ me { owner @upper } }"
        executed = await schema.execute(query, context_value=caller())
        responded = await schema.respond(schema.documents.parse(query), context=caller())
        assert executed.data == responded.data == {"me": {"owner": "USR_1"}}
        assert schema.engine.refused == {"extensions": 2}
        assert explain(schema, query, principal()).refused == "extensions"

    async def test_all_of_it_without_plans(self) -> None:
        await CORE.execute("{ rows { owner } }", context_value=caller())
        assert len(CORE.documents.parse("{ rows { owner } }").plans) == 0


def errors_of(result: Any) -> list[Any]:
    """Return the errors as they are sent, but for the number that the log knows them by."""
    formatted = [each.formatted for each in result.errors or ()]
    return [each | {"extensions": {**each["extensions"], "errorId": None}} for each in formatted]


class TestResponding:
    """``Schema.respond``: for one who only encodes the result."""

    async def respond(self, query: str, who: Caller, variables: Any = None) -> Any:
        document = SCHEMA.documents.parse(query)
        return await SCHEMA.respond(document, variables=variables, context=who)

    @pytest.mark.parametrize(
        "query",
        [
            "{ rows { owner at late tags { name owners } } }",
            "{ rows { salary note owner } broken }",
            "{ nothing }",
            "{ me { owner } }",
            "query ($n: Int!) { rows(first: $n) { owner } }",
            "{ __schema { queryType { name } } }",
            'mutation { add(name: "a") }',
        ],
    )
    async def test_is_encoded_as_the_result_of_execute_is(self, query: str) -> None:
        for who in (caller(), anonymous()):
            for _ in range(2):
                plain = await SCHEMA.execute(query, context_value=who)
                packed = await self.respond(query, who)
                assert type(packed) is type(plain)
                assert msgspec.json.encode(packed.data) == msgspec.json.encode(plain.data)
                assert errors_of(packed) == errors_of(plain)

    async def test_many_rows_are_encoded_alike(self) -> None:
        schema, query = build(), "{ many { _: owner at s: salary } }"
        plain = await schema.execute(query, context_value=caller())
        packed = await schema.respond(schema.documents.parse(query), context=caller())
        assert packed.data
        assert plain.data
        assert isinstance(packed.data["many"][0], msgspec.Struct)
        assert msgspec.json.encode(packed.data) == msgspec.json.encode(plain.data)


INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), None]))


@given(st.lists(st.none() | INSTANTS | st.datetimes(timezones=st.just(UTC))))
def test_instants_are_printed_as_isoformat_does(column: list[Any]) -> None:
    leaf: Any = SCHEMA.rules.schema.type_map["DateTime"]
    printed = leaves.bulk_of(leaf, is_non_null=False)(column)
    expected = [each and each.isoformat() for each in column]
    assert printed is None or printed == expected
    if column and all(each is not None and each.tzinfo is UTC for each in column):
        assert printed == expected


@given(
    st.sampled_from(["String", "ID", "Int", "Float", "Boolean"]),
    st.lists(
        st.none() | st.text() | st.integers() | st.floats() | st.booleans(),
        max_size=5,
    ),
    st.booleans(),
)
def test_a_column_is_passed_on_only_where_each_value_would_be(
    name: str, column: list[Any], is_non_null: bool
) -> None:
    leaf: Any = specified_scalar_types[name]
    completed = leaves.bulk_of(leaf, is_non_null=is_non_null)(column)
    if completed is not None:
        assert not (is_non_null and None in column)
        for before, after in zip(column, completed, strict=True):
            assert after is None if before is None else leaf.coerce_output_value(before) == after
            assert before is None or type(leaf.coerce_output_value(before)) is type(after)
