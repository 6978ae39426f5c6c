"""Variables and arguments: what is handed on as it is, is what graphql-core and Strawberry give."""

from __future__ import annotations

import asyncio
import enum
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLError, get_variable_values
from graphql.execution.values import VariableValues
from hypothesis import given, note
from hypothesis import strategies as st
from strawberry.relay import GlobalID

from graph_api import Public, Schema
from graph_api.execution import operations, resolution
from tests.authorization.callers import caller

PUBLIC: Any = [Public()]


@strawberry.enum
class Hue(enum.Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.type
class Query:
    """Fields that say what they were given."""

    @strawberry.field(permission_classes=PUBLIC)
    def plain(self, n: int, s: str, b: bool) -> str:
        return repr((n, s, b))

    @strawberry.field(permission_classes=PUBLIC)
    def id_of(self, one: strawberry.ID) -> str:
        return repr(one)

    @strawberry.field(permission_classes=PUBLIC)
    def nullable(self, n: int | None = strawberry.UNSET, s: str | None = None) -> str:
        return repr((n, s))

    @strawberry.field(permission_classes=PUBLIC)
    def defaulted(self, n: int = 7, hue: Hue | None = Hue.BLUE) -> str:
        return repr((n, hue))

    @strawberry.field(permission_classes=PUBLIC)
    def required(self, n: int, x: float = 0.5) -> str:
        return repr((n, x))

    @strawberry.field(permission_classes=PUBLIC)
    def maybe(self, n: strawberry.Maybe[int | None] = None) -> str:
        return repr(n)

    @strawberry.field(permission_classes=PUBLIC)
    def global_id(self, one: GlobalID) -> str:
        return repr(one)

    @strawberry.field(permission_classes=PUBLIC)
    def listed(self, ns: list[int]) -> str:
        return repr(ns)

    @strawberry.field(permission_classes=PUBLIC)
    def told(
        self,
        info: strawberry.Info,
        own_name: Annotated[int | None, strawberry.argument(name="n")] = None,
    ) -> str:
        return repr((own_name, info.path.as_list(), info.variable_values))

    @strawberry.field(permission_classes=PUBLIC)
    async def later(self, n: int, hue: Hue) -> str:
        return repr((n, hue))


def build(*, compiled: bool) -> Schema:
    return Schema(Query, compiled=compiled)


PLANS, CORE = build(compiled=True), build(compiled=False)
TYPES = {
    "Int": st.integers(-(2**33), 2**33) | st.sampled_from([2**31 - 1, 2**31, -(2**31), -1 - 2**31]),
    "Int!": st.integers(-9, 9),
    "String": st.text(max_size=3),
    "String!": st.text(max_size=3),
    "Boolean": st.booleans(),
    "Boolean!": st.booleans(),
    "ID": st.text(max_size=3) | st.integers(0, 9),
    "ID!": st.text(max_size=3) | st.integers(0, 9),
    "Hue": st.sampled_from(["RED", "BLUE"]),
    "Hue!": st.sampled_from(["RED", "BLUE"]),
    "Float": st.floats() | st.integers(-9, 9),
    "[Int!]!": st.lists(st.integers(-9, 9), max_size=2),
}
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2)
DOCUMENTS = [
    "query ($n: Int!, $s: String!, $b: Boolean!) { plain(n: $n, s: $s, b: $b) }",
    'query ($n: Int!) { plain(n: $n, s: "literal", b: true) again: plain(n: 1, s: "", b: false) }',
    "query ($one: ID!) { idOf(one: $one) globalId(one: $one) }",
    "query ($n: Int, $s: String) { nullable(n: $n, s: $s) a: nullable(n: $n) b: nullable(s: $s) }",
    "query ($n: Int = 3, $s: String = null) { nullable(n: $n, s: $s) told(n: $n) }",
    "query ($n: Int! = 4, $hue: Hue = RED) { defaulted(n: $n, hue: $hue) later(n: $n, hue: RED) }",
    "query ($n: Int = 4, $hue: Hue) { defaulted(n: $n, hue: $hue) a: defaulted(hue: $hue) }",
    "query ($n: Int = 4, $x: Float) { required(n: $n) a: required(n: 1, x: $x) }",
    "query ($n: Int) { maybe(n: $n) a: maybe told(n: $n) }",
    "query ($n: Int!, $ns: [Int!]!) { listed(ns: $ns) a: listed(ns: [$n, 1]) told(n: $n) }",
    "query ($n: Int!, $hue: Hue!) { later(n: $n, hue: $hue) a: later(n: $n, hue: BLUE) }",
]


def variables(document: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return values of a document's variables: sent or not, most of their types."""
    declared = document.partition("(")[2].partition(")")[0].split(", ")
    values = {}
    for each in declared:
        name, of = each.removeprefix("$").split(": ")
        fits = TYPES[of.partition(" = ")[0]]
        values[name] = st.one_of(fits, fits, fits, st.none(), ANYTHING)
    return st.fixed_dictionaries({}, optional=values)


def shown(found: VariableValues | list[GraphQLError]) -> str:
    """Print variables with their classes, as ``1`` is ``True`` to Python; or what is wrong."""
    if isinstance(found, list):
        return repr([each.formatted for each in found])
    sources = {name: (str(each.signature.type), each.value) for name, each in found.sources.items()}
    return repr((sources, found.coerced))


ASKED = st.sampled_from(DOCUMENTS).flatmap(lambda one: st.tuples(st.just(one), variables(one)))


def answer(schema: Schema, document: str, sent: dict[str, Any]) -> Any:
    result = asyncio.run(schema.execute(document, sent, context_value=caller()))
    errors = [error.formatted | {"extensions": None} for error in result.errors or []]
    return result.data, errors, [*(result.data or ())]


@given(ASKED)
def test_plans_give_a_function_what_graphql_core_does(asked: tuple[str, dict[str, Any]]) -> None:
    by_plan, by_core = (answer(schema, *asked) for schema in (PLANS, CORE))
    note(f"{by_plan}\n{by_core}")
    assert by_plan == by_core


@given(ASKED)
def test_variables_are_coerced_as_graphql_core_coerces_them(
    asked: tuple[str, dict[str, Any]],
) -> None:
    document, sent = asked
    operation = PLANS.documents.parse(document).operation(None, sent)
    known: Any = PLANS.rules.schema
    declared = operation.node.variable_definitions or ()
    expected = get_variable_values(known, declared, sent, operations.MOST_MISFITS)
    found = operations.coerced(known, operation, hide_suggestions=False)
    assert shown(found) == shown(expected)


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (DOCUMENTS[0], {"n": 1, "s": "a", "b": True}),
        (DOCUMENTS[1], {"n": 1}),
        (DOCUMENTS[3], {}),
        (DOCUMENTS[3], {"n": None, "s": "a"}),
    ],
)
def test_plain_ones_go_past_graphql_core(
    document: str, sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answer(CORE, document, sent)

    def never(*_: Any) -> Any:
        raise GraphQLError("coerced")

    monkeypatch.setattr(operations, "get_variable_values", never)
    monkeypatch.setattr(resolution, "get_argument_values", never)
    assert answer(PLANS, document, sent) == expected


def test_what_a_function_does_to_its_arguments_is_its_own_affair() -> None:
    """A constant is given to every run, so it is nothing that can be changed."""

    @strawberry.type
    class Changing:
        @strawberry.field(permission_classes=PUBLIC)
        def grown(self, n: int, ns: list[int] = [1]) -> list[int]:  # noqa: B006 -- a GraphQL default
            ns.append(n)
            return ns

    schema = Schema(Changing)
    for _ in range(2):
        assert answer(schema, "query ($n: Int!) { grown(n: $n) }", {"n": 2})[0] == {"grown": [1, 2]}
