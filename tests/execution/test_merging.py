"""Fields of one response name: our verdict is graphql-core's, without comparing pairs."""

from __future__ import annotations

from random import Random

import pytest
from graphql import (
    DocumentNode,
    GraphQLError,
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    parse,
    validate,
)
from hypothesis import event, given, note
from hypothesis import strategies as st

from graph_api.execution import merging
from graph_api.execution.merging import FieldsCanBeMerged

SCHEMA = build_schema("""
interface Node { id: ID name(n: Int, o: In): String node: Node nodes: [Node] both: Both }
type A implements Node {
  id: ID name(n: Int, o: In): String node: Node nodes: [Node] both: Both
  x: Int y: Int! z: A
}
type B implements Node {
  id: ID name(n: Int, o: In): String node: Node nodes: [Node] both: Both
  x: String y: [Int!] z: B e: E
}
enum E { ONE }
input In { a: Int b: Int }
union Both = A | B
type Query { node: Node a: A b: B both: Both query: Query }
""")

NAMES = ["id", "name", "node", "nodes", "both", "x", "y", "z", "e", "a", "b", "query", "missing"]
CALLS = ["name(n: 1)", "name(n: $n)", "name(o: {a: 1, b: 2})", "name(o: {b: 2, a: 1})"]
TYPES = ["A", "B", "Node", "Both", "Query", "Missing"]
FRAGMENTS = ["f", "g", "h", "missing"]

ALIASES = [*[""] * 12, "id: ", "x: ", "z: "]


def selection_set(random: Random, depth: int) -> str:
    return " ".join(selection(random, depth) for _ in range(random.choice([1, 1, 2, 3])))


def selection(random: Random, depth: int) -> str:
    kind = random.randrange(10)
    if kind == 0:
        return f"...{random.choice(FRAGMENTS)}"
    if kind in (1, 2) and depth:
        condition = random.choice(["", *(f"on {name}" for name in TYPES)])
        return f"... {condition} {{ {selection_set(random, depth - 1)} }}"
    below = f" {{ {selection_set(random, depth - 1)} }}" if depth and kind > 4 else ""
    return random.choice(ALIASES) + random.choice(NAMES if random.randrange(8) else CALLS) + below


def document_of(random: Random) -> str:
    operations = [
        f"query q{n} {{ {selection_set(random, 3)} }}" for n in range(random.choice([1, 2]))
    ]
    fragments = [
        f"fragment {name} on {random.choice(TYPES)} {{ {selection_set(random, 2)} }}"
        for name in FRAGMENTS[:3]
    ]
    return "\n".join([*operations, *fragments])


def errors_of(document: DocumentNode, rule: type[OverlappingFieldsCanBeMergedRule]) -> list[str]:
    return [error.message for error in validate(SCHEMA, document, [rule])]


@given(st.randoms(use_true_random=True))
def test_we_say_what_graphql_core_says(random: Random) -> None:
    text = document_of(random)
    note(text)
    document = parse(text)
    expected = errors_of(document, OverlappingFieldsCanBeMergedRule)
    event("conflict" if expected else "no conflict")
    assert errors_of(document, FieldsCanBeMerged) == expected


@pytest.mark.parametrize(
    ("text", "conflicts"),
    [
        ("{ a { id id } }", False),
        ("{ a { id: x id } }", True),
        ("{ a { x } a { x: y } }", True),
        ("{ node { ... on A { z: x } ... on B { z: x } } }", True),  # Int and String
        ("{ node { ... on A { z: id } ... on B { z: id } } }", False),
        ("{ node { ... on A { z: id } ... on B { z: name } } }", True),  # ID and String
        ("{ node { ... on A { z: node { id } } ... on B { z: node { id: name } } } }", True),
        ("{ node { ... on A { node { x: id } } ... on B { node { x: id } } } }", False),
        ("{ node { ... on A { name(n: 1) } ... on B { name(n: 2) } } }", False),
        ("{ node { ... on A { name(n: 1) } name(n: 2) } }", True),
        ("{ a { name(o: {a: 1, b: 2}) name(o: {b: 2, a: 1}) } }", False),
        ("{ a { name(n: 1) name } }", True),
        ("{ a { name(n: 1, n: 2) name(n: 1, n: 2) } }", True),
        ('{ a { name(n: "1") name(n: """1""") } }', True),
        ("{ a { y } b { y } a: b { y } }", True),
        ("{ node { ... on A { y } ... on B { y } } }", True),  # Int! and [Int!]
        ("{ node { z: node { id } z: nodes { id } } }", True),
        ("{ ...f } fragment f on Query { a { ...g } a { id: name } } fragment g on A { id }", True),
        ("{ a { ...f } } fragment f on A { z { ...f id: x } }", False),
        ("{ a { id } } fragment f on A { id: x id }", True),
        ("{ a { id } } fragment f on A { node { id: name ...f } id }", True),
        ("{ a { x @stream x } }", True),
        ("{ __schema { types { name name: kind } } }", True),
        ("{ a { __typename id: __typename id } }", True),
    ],
)
def test_examples_of_the_specification_and_the_corners(text: str, *, conflicts: bool) -> None:
    document = parse(text)
    expected = errors_of(document, OverlappingFieldsCanBeMergedRule)
    assert bool(expected) is conflicts
    assert errors_of(document, FieldsCanBeMerged) == expected


# What it costs


def nested(levels: int, repeats: int) -> str:
    inner = "id"
    for _ in range(levels):
        inner = f"node {{ {inner} }} " * repeats
    return f"{{ a {{ {inner} }} }}"


@pytest.mark.parametrize("text", [nested(2, 20), nested(8, 2), nested(1, 400)])
def test_repeated_fields_are_not_compared_in_pairs(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "MOST_COMPARISONS", 0)
    assert errors_of(parse(text), FieldsCanBeMerged) == []


def test_a_conflict_among_very_many_is_refused_without_a_long_search() -> None:
    text = "{ a { " + " ".join(f"name(n: {number})" for number in range(400)) + " } }"
    (refusal,) = errors_of(parse(text), FieldsCanBeMerged)
    assert refusal == "The document repeats fields so often that they can't be compared."


def test_very_many_selections_are_left_to_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MOST_VISITS", 3)
    assert errors_of(parse("{ a { id id id id } }"), FieldsCanBeMerged) == []
    assert errors_of(parse("{ a { id id id id: x } }"), FieldsCanBeMerged)


def test_the_limit_on_errors_stays() -> None:
    text = "{ a { " + " ".join(f"f{n}: id f{n}: x" for n in range(20)) + " } }"
    errors: list[GraphQLError] = validate(SCHEMA, parse(text), [FieldsCanBeMerged], max_errors=3)
    assert len(errors) == 4
    assert errors[-1].message.startswith("Too many validation errors")
