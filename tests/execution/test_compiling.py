"""What it costs that a document comes for the first time: its plan, and that it was refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema
from graphql.execution.values import get_argument_values

from graph_api import Schema
from graph_api.execution import arguments, resolution
from graph_api.execution.documents import Document
from graph_api.execution.fields import Selection
from graph_api.execution.limits import Limits
from graph_api.execution.plan import Plan

UNLIMITED = Limits(100_000, 1_000, 10**10, 10**10, 10**10)


@strawberry.type
class Person:
    name: str | None
    age: int | None
    friend: Person | None
    friends: list[Person] | None


@strawberry.type
class Query:
    @strawberry.field
    def person(self, first: int = 1) -> Person | None:
        return None


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(Query, uncovered="allow", limits=UNLIMITED)


def spread_twice(count: int) -> str:
    """Fragments that each spread the next twice: expanded, two to the power of the count."""
    fragments = (
        f"fragment f{n} on Person {{ name ...f{n + 1} ...f{n + 1} }}" for n in range(count)
    )
    return f"{{ person {{ ...f0 }} }} {' '.join(fragments)} fragment f{count} on Person {{ age }}"


def nested_twice(count: int) -> str:
    """Fields that are asked for twice with the same fragment, in each level."""
    fragments = (
        f"fragment f{n} on Person {{ friend {{ ...f{n + 1} }} friend {{ ...f{n + 1} }} }}"
        for n in range(count)
    )
    return f"{{ person {{ ...f0 }} }} {' '.join(fragments)} fragment f{count} on Person {{ age }}"


DOCUMENTS: list[Callable[[int], str]] = [
    spread_twice,
    nested_twice,
    lambda count: f"{{ person {{ {'name ' * count} }} }}",
    lambda count: f"{{ person {{ {'... { name } ' * count} }} }}",
    lambda count: f"{{ person {{ {'friend { name } ' * count} }} }}",
    lambda count: f"{{ {' '.join(f'a{n}: person {{ name }}' for n in range(count))} }}",
    lambda count: f"{{ person {{ {'friend { ' * count} name {'} ' * count} }} }}",
    lambda count: f"{{ person {{ {'...f ' * count} }} }} fragment f on Person {{ name age }}",
]
KINDS = pytest.mark.parametrize("document", DOCUMENTS)


def lay_out(schema: Schema, document: Document) -> None:
    """Make the plan with all levels, as a run does that comes to all."""
    compiled = schema.engine.compile(document.operation(None), frozenset())
    assert isinstance(compiled, Plan)
    waiting: list[Selection] = [compiled.root]
    while waiting:
        for each in waiting.pop().fields:
            value = each.value.item or each.value
            if value.named is not None:
                waiting.append(compiled.below(each, value.named))


def visits(schema: Schema, text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many selections are looked at to make a plan."""
    seen: list[Any] = []
    is_included = Plan._is_included

    def counting(self: Plan, selection: Any) -> bool:
        seen.append(selection)
        return is_included(self, selection)

    with monkeypatch.context() as patched:
        patched.setattr(Plan, "_is_included", counting)
        lay_out(schema, schema.documents.parse(text))
    return len(seen)


@KINDS
def test_a_plan_is_made_in_time_linear_in_the_document(
    schema: Schema, document: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (visits(schema, document(count), monkeypatch) for count in (20, 40))
    assert few < many <= 2 * few + 2


@KINDS
def test_it_costs_less_than_to_validate_the_document(
    schema: Schema, document: Callable[[int], str]
) -> None:
    """Of several times the least: nothing else on the machine makes that less."""
    validating, compiling = [], []
    for attempt in range(7):
        parsed = schema.documents.parse(document(40) + " " * attempt)
        start = time.thread_time()
        assert schema.validate(parsed) == []
        validated = time.thread_time()
        lay_out(schema, parsed)
        validating.append(validated - start)
        compiling.append(time.thread_time() - validated)
    assert min(compiling) < min(validating)


@pytest.mark.plans
@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ person(first: 2) { name } }", None),
        ("{ person { name } }", None),
        ("query ($n: Int!) { person(first: $n) { name } }", {"n": 2}),
    ],
)
def test_arguments_that_are_plain_are_coerced_only_while_compiling(
    text: str, variables: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema(Query, uncovered="allow")
    coerced: list[dict[str, Any]] = []

    def recording(definition: Any, node: Any, *more: Any) -> Any:
        coerced.append(get_argument_values(definition, node, *more))
        return coerced[-1]

    for module in (arguments, resolution):
        monkeypatch.setattr(module, "get_argument_values", recording)
    assert schema.execute_sync(text, variables).errors is None
    assert coerced
    coerced.clear()
    for _ in range(2):
        assert schema.execute_sync(text, variables).errors is None
    assert not coerced


@pytest.mark.parametrize(
    "text", ["{ nothing }", "{ person }", "query ($a: Int) { person { age } }"]
)
def test_what_does_not_fit_the_schema_is_validated_once(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema(Query, uncovered="allow")
    validated: list[Document] = []
    validate = Schema._validate

    def recording(self: Schema, by: GraphQLSchema, document: Document, **options: Any) -> Any:
        validated.append(document)
        return validate(self, by, document, **options)

    monkeypatch.setattr(Schema, "_validate", recording)
    messages = {str(schema.execute_sync(text).errors) for _ in range(3)}
    assert (len(validated), len(messages)) == (1, 1)
