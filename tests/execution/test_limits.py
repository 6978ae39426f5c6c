"""Limits: each one holds, through fragments too, and judging a document takes linear time."""

from __future__ import annotations

import time
from dataclasses import fields

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from graph_api.errors import OperationTooExpensive
from graph_api.execution.limits import Limits, check
from graph_api.settings import Settings

LIMITS = Limits(max_tokens=1_000, max_depth=3, max_aliases=2, max_root_fields=3, max_fields=6)


@pytest.mark.parametrize(
    "document",
    [
        "{ a { b { c } } }",
        "{ a ...F } fragment F on Query { b { ...G } } fragment G on B { c { d } }",
        "{ x: a y: a }",
        "{ a b ... { c } }",
        "{ a { b c d } e { f } }",
        "query One { a b c } query Two { a b c }",
    ],
)
def test_an_operation_at_its_limits_passes(document: str) -> None:
    check(parse(document), LIMITS)


@pytest.mark.parametrize(
    ("document", "reason", "sentence"),
    [
        ("{ a { b { c { d } } } }", "max_depth", "4 levels of fields; the limit (max_depth) is 3"),
        ("{ a { ...F } } fragment F on A { b { ...G } } fragment G on B { c { d } }",
         "max_depth", "4 levels"),
        ("{ a { ... { ... on A { b { c { d } } } } } }", "max_depth", "4 levels"),
        ("{ x: a y: a z: a }", "max_aliases", "3 aliases; the limit (max_aliases) is 2"),
        ("{ a { ...F } b { ...F } } fragment F on A { x: c y: d }", "max_aliases", "4 aliases"),
        ("{ a b c d }", "max_root_fields", "4 root fields; the limit (max_root_fields) is 3"),
        ("{ ...F ...F } fragment F on Query { a ... { b } }", "max_root_fields", "4 root fields"),
        ("{ a { b c d e f g } }", "max_fields", "7 fields; the limit (max_fields) is 6"),
        ("{ a { ...F } b { ...F } } fragment F on A { c d e }", "max_fields", "8 fields"),
        ("query Small { a } query Large { a b c d }", "max_root_fields", "4 root fields"),
        ("mutation { a b c d }", "max_root_fields", "4 root fields"),
    ],
)  # fmt: skip
def test_the_refusal_names_the_limit_its_value_and_what_was_found(
    document: str, reason: str, sentence: str
) -> None:
    with pytest.raises(OperationTooExpensive) as refused:
        check(parse(document), LIMITS)
    assert refused.value.reason == reason
    assert sentence in refused.value.message


@pytest.mark.parametrize("pairs", [20, 90])
def test_strawberry_query_depth_limiter_doubling_fragments_take_no_time(pairs: int) -> None:
    """Twenty pairs, 748 bytes, hold a core for 5 s under Strawberry's depth and alias limiters."""
    doubled = "".join(f"fragment F{n} on Q{{...F{n + 1} ...F{n + 1}}}" for n in range(pairs))
    document = parse(f"{{...F0}}{doubled}fragment F{pairs} on Q{{a}}")
    start = time.perf_counter()
    with pytest.raises(OperationTooExpensive, match="root fields; the limit"):
        check(document, Limits())
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "document",
    [
        "{ ...F } fragment F on Q { ...F }",
        "{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }",
        "{ ...F } fragment F on Q { ...Missing }",
    ],
)
def test_cycles_and_missing_fragments_are_left_to_validation(document: str) -> None:
    check(parse(document), Limits())


def test_fragments_beside_a_cycle_are_still_counted() -> None:
    document = "{ ...Loop ...F } fragment Loop on Q { ...Loop } fragment F on Q { a b c d }"
    with pytest.raises(OperationTooExpensive, match="4 root fields"):
        check(parse(document), LIMITS)


@pytest.mark.parametrize(
    "document",
    [
        "{ a {" + "... {" * 120 + "b" + "}" * 122,
        "{ ...F0 }"
        + "".join(f"fragment F{n} on Q {{ ...F{n + 1} }}" for n in range(120))
        + "fragment F120 on Q { a }",
    ],
    ids=["inline fragments", "a chain of fragments"],
)
def test_nesting_that_no_field_shows_is_limited_as_well(document: str) -> None:
    with pytest.raises(OperationTooExpensive, match="selection sets within each other"):
        check(parse(document), Limits())


def test_a_chain_of_fragments_as_long_as_the_tokens_allow_needs_no_recursion() -> None:
    chain = "".join(f"fragment F{n} on Q{{...F{n + 1}}}" for n in range(5_000))
    with pytest.raises(OperationTooExpensive):
        check(parse(f"{{...F0}}{chain}fragment F5000 on Q{{a}}"), Limits())


def test_the_introspection_of_graphiql_and_code_generators_passes_by_default() -> None:
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )
    check(parse(query, max_tokens=Limits().max_tokens), Limits())


def test_the_defaults_are_those_of_the_settings() -> None:
    defaults = {limit.name: Settings.model_fields[limit.name].default for limit in fields(Limits)}
    assert Limits() == Limits(**defaults)
    assert Limits.of(Settings(max_depth=7)) == Limits(max_depth=7)


@given(st.lists(st.sampled_from(["field", "inline", "spread"]), max_size=30))
def test_expanding_by_hand_measures_the_same(wrappers: list[str]) -> None:
    """A field wrapped in other fields, inline fragments and fragments: depth counts fields only."""
    body, fragments = "leaf", ""
    for number, wrapper in enumerate(wrappers):
        if wrapper == "spread":
            fragments += f" fragment F{number} on T {{ {body} }}"
        body = {"field": f"f {{ {body} }}", "inline": f"... {{ {body} }}"}.get(
            wrapper, f"...F{number}"
        )
    document = parse(f"{{ {body} }}{fragments}")
    depth = 1 + wrappers.count("field")
    check(document, Limits(max_depth=depth))
    if depth > 1:
        with pytest.raises(OperationTooExpensive, match=f"has {depth} levels"):
            check(document, Limits(max_depth=depth - 1))
