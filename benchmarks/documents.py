"""What the worst documents of 10 kB cost that anybody may send: parsed, limited and validated."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from statistics import median

from benchmarks.report import Report, Sheet, Step
from graph_api.errors import GraphApiError
from graph_api.execution.documents import Documents
from graph_api.execution.limits import Limits
from schema import schema

MOST_BYTES = 10_000


def report(rounds: int, step: Step) -> Report:
    """Measure each document."""
    costs = dict(measure(rounds, step))
    ranked = sorted(costs.items(), key=lambda each: -sum(each[1]))
    rows = [
        (name, f"{parse:.1f}", f"{validate:.1f}", f"{parse + validate:.1f}")
        for name, (parse, validate) in ranked
    ]
    name, worst = ranked[0]
    usual = median(sum(cost) for cost in costs.values())
    return Report(
        "documents",
        f"Processor time the first time that a document comes; the best of {rounds} rounds.",
        [Sheet("The worst documents of 10 kB, in ms", ("Kind", "Parse", "Validate", "Sum"), rows)],
        {"worst": name, "worst_ms": round(sum(worst), 1), "median_ms": round(usual, 1)},
    )


def measure(rounds: int, step: Step) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield the milliseconds to parse, limit and to validate each document."""
    gc.collect()
    gc.freeze()
    for name, text in worst_documents().items():
        costs = []
        for _ in range(rounds):
            costs.append(_cost(text))
            step(name, rounds)
        yield name, min(costs, key=sum)
    gc.unfreeze()


@cache
def worst_documents() -> Mapping[str, str]:
    """Return the largest document of each kind that is within the limits on bytes and tokens."""
    return {name: _largest(grow) for name, grow in KINDS.items()}


def _cost(text: str) -> tuple[float, float]:
    known = Documents(Limits())
    start = time.thread_time()
    try:
        document = known.parse(text)
    except GraphApiError:
        return (time.thread_time() - start) * 1e3, 0
    parsed = time.thread_time()
    schema.validate(document)
    return (parsed - start) * 1e3, (time.thread_time() - parsed) * 1e3


def _largest(grow: Callable[[int], str]) -> str:
    """Return the largest text of a kind that is not refused at once."""
    fits, too_large = 1, MOST_BYTES
    while too_large - fits > 1:
        size = (fits + too_large) // 2
        if _is_read(grow(size)):
            fits = size
        else:
            too_large = size
    return grow(fits)


def _is_read(text: str) -> bool:
    if len(text) > MOST_BYTES:
        return False
    try:
        Documents(Limits()).parse(text)
    except GraphApiError:
        return False
    return True


def _many(count: int, text: Callable[[int], str]) -> str:
    return " ".join(map(text, range(count)))


def _nested(levels: int, repeats: int) -> str:
    inner = "id"
    for _ in range(levels):
        inner = f"roles{{{inner}}}" * repeats
    return inner


def _spread_twice(count: int) -> str:
    fragments = _many(count, lambda n: f"fragment f{n} on User{{...f{n + 1} ...f{n + 1}}}")
    return f"{{me{{...f0}}}}{fragments} fragment f{count} on User{{id}}"


def _operations_over_a_chain(count: int) -> str:
    operations = _many(count, lambda n: f"query q{n}($v:ID){{...f0}}")
    chain = _many(
        min(count, 90), lambda n: f"fragment f{n} on Query{{node(id:$v){{id}} ...f{n + 1}}}"
    )
    return f"{operations} {chain} fragment f{min(count, 90)} on Query{{me{{id}}}}"


KINDS: Mapping[str, Callable[[int], str]] = {
    "{a} repeated": lambda n: "{a}" * n,
    "query q{a} repeated": lambda n: "query q{a}" * n,
    "many operations": lambda n: _many(n, lambda i: f"query q{i}{{me{{id}}}}"),
    "one field repeated": lambda n: "{me{" + "id " * n + "}}",
    "one field with differing arguments": lambda n: (
        "{me{" + _many(n, lambda i: f"id(a:{i})") + "}}"
    ),
    "a field in a field, 20 times each": lambda n: "{me{" + _nested(2, min(n, 20)) + "}}",
    "fields in fields, twice each": lambda n: "{me{" + _nested(min(n, 9), 2) + "}}",
    "20 times me, with many fields": lambda n: "{" + ("me{" + "id " * n + "}") * 20 + "}",
    "unknown fields": lambda n: "{me{" + _many(n, lambda i: f"x{i}") + "}}",
    "inline fragments": lambda n: "{me{" + "...{id}" * n + "}}",
    "fragments side by side": lambda n: (
        "{me{"
        + _many(n, lambda i: f"...f{i}")
        + "}}"
        + _many(n, lambda i: f"fragment f{i} on User{{id id id id}}")
    ),
    "fragments that conflict": lambda n: (
        "{me{"
        + _many(n, lambda i: f"...f{i}")
        + "}}"
        + _many(n, lambda i: f"fragment f{i} on User{{a:{'id' if i % 2 else 'email'}}}")
    ),
    "fragments that spread the next twice": _spread_twice,
    "one fragment spread often": lambda n: "{me{" + "...f " * n + "}}fragment f on User{id}",
    "unused fragments": lambda n: "{me{id}}" + _many(n, lambda i: f"fragment f{i} on User{{id}}"),
    "operations over a chain of fragments": _operations_over_a_chain,
    "variables": lambda n: "query(" + _many(n, lambda i: f"$v{i}:ID") + "){me{id}}",
    "variables in a list": lambda n: (
        "query("
        + _many(n, lambda i: f"$v{i}:ID!")
        + "){nodes(ids:["
        + _many(n, lambda i: f"$v{i}")
        + "]){id}}"
    ),
    "arguments": lambda n: "{user(" + _many(n, lambda i: f"a{i}:1") + "){id}}",
    "fields of an input": lambda n: (
        "{users(filter:{" + _many(n, lambda i: f"a{i}:1") + "}){edges{node{id}}}}"
    ),
    "a list": lambda n: "{nodes(ids:[" + "1 " * n + "]){id}}",
    "directives": lambda n: "{me " + "@skip(if:true)" * n + "{id}}",
    "type definitions": lambda n: "{me{id}}" + _many(n, lambda i: f"type A{i}{{a:B}}"),
    "comments": lambda n: "{me{id}}" + "#\n" * n,
}
