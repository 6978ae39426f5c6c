"""Two engines on one schema, and what may differ between their answers: nothing."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, Self

from graphql import GraphQLError
from msgspec import Struct, json
from msgspec.structs import fields
from strawberry.schema.config import StrawberryConfig

from graph_api.authorization.principal import Principal
from graph_api.execution.limits import Limits
from graph_api.execution.schema import Schema
from tests.execution.differential.parts import Node
from tests.execution.differential.schemas import Field, Sketch, source
from tests.execution.differential.worlds import BROKE_OFF, CALLERS, Setting, World

UNLIMITED = Limits(100_000, 1_000, 10_000, 10_000, 1_000_000)
Path = tuple[str | int, ...]
Loop = asyncio.Runner
ADDRESS = re.compile(r" at 0x\w+")


@dataclass(frozen=True)
class Answer:
    """What an engine answered.

    Attributes:
        data: with the order of its keys.
        errors: message, path, locations, extensions and cause of each.
    """

    data: Any
    errors: list[Any]
    extensions: Any
    calls: list[tuple[str, Any, str]]


@dataclass
class Engines:
    """A schema made twice of the same types: for graphql-core, and for our plan."""

    sketch: Sketch
    reference: Schema
    candidate: Schema
    classes: Mapping[str, Any]

    @classmethod
    def of(cls, sketch: Sketch) -> Self:
        name = f"generated_{sketch.seed}"
        module = sys.modules[name] = ModuleType(name)
        text = source(sketch)
        exec(compile(text, name, "exec"), vars(module))
        classes = vars(module)
        schemas = [
            Schema(
                classes["Query"],
                classes.get("Mutation"),
                uncovered="allow",
                denied_names="conceal" if sketch.denial == "conceal" else "forbid",
                denied_fields="reject" if sketch.denial == "reject" else "filter",
                compiled=compiled,
                permissions=classes["PERMISSIONS"],
                roles={"r": []},
                types=[classes[each] for each in sketch.objects],
                extensions=[classes[each] for each in sketch.extensions],
                config=StrawberryConfig(scalar_map=classes["SCALARS"]),
                limits=UNLIMITED,
            )
            for compiled in (False, True)
        ]
        return cls(sketch, schemas[0], schemas[1], classes)

    @cached_property
    def fields(self) -> dict[str, Field]:
        return self.sketch.all_fields()

    @property
    def is_immediate(self) -> bool:
        """Whether nothing waits in a loop: no resolver, and no rule that looks at objects."""
        return self.sketch.is_sync and not self.sketch.looks_at_objects

    def knowing(self, document: str) -> list[Principal]:
        """Return the callers who may know all names in a document: for others nothing runs."""
        return [each for each in CALLERS if not self._misfits(document, each)]

    def hides(self, caller: Principal) -> bool:
        """Whether a caller may not know some of the names."""
        return self.reference.names.schema(caller) is not self.reference._schema

    def answers(self, document: str, setting: Setting, loop: Loop | None) -> tuple[Answer, Answer]:
        """Let both engines answer; without a loop, synchronously."""
        reference, candidate = (
            self._run(each, document, setting, loop) for each in (self.reference, self.candidate)
        )
        return reference, candidate

    def packed(self, document: str, setting: Setting, loop: Loop) -> tuple[str, str]:
        """Return the data of our answer as JSON: of the one to be encoded, and of the plain one."""
        parsed = self.candidate.documents.parse(document)
        world, other = (World(self.sketch, self.classes, self.fields, setting) for _ in range(2))
        sent: Any = setting.variables
        packed = self.candidate.respond(parsed, variables=sent, context=world)
        plain = self.candidate.execute(document, sent, context_value=other)
        return encoded(loop.run(finished(packed)).data), encoded(loop.run(finished(plain)).data)

    def _misfits(self, document: str, caller: Principal) -> list[GraphQLError]:
        """Validate once for both: it is no part of an engine, and takes longest."""
        misfits = self.reference.validate(self.reference.documents.parse(document), caller)
        known = self.candidate.names.schema(caller)
        self.candidate.documents.parse(document).validated[known] = misfits
        return misfits

    def _run(self, schema: Schema, document: str, setting: Setting, loop: Loop | None) -> Answer:
        world = World(self.sketch, self.classes, self.fields, setting)
        options: Any = {"variable_values": setting.variables, "context_value": world}
        if loop is None:
            result = schema.execute_sync(document, **options)
        else:
            result = loop.run(finished(schema.execute(document, **options)))
        return Answer(
            result.data,
            [described(each) for each in result.errors or ()],
            result.extensions,
            world.calls,
        )


def encoded(data: Any) -> str:
    """Return the JSON of an answer; what has no JSON, such as a set, stands as what is printed."""
    try:
        return ADDRESS.sub("", json.encode(_printed(data), enc_hook=repr).decode())
    except (OverflowError, ValueError) as error:
        return repr(error)


def _printed(data: Any) -> Any:
    """Print the nodes in an answer: msgspec would go from one to the other for ever."""
    match data:
        case Node():
            return repr(data)
        case dict():
            return {key: _printed(each) for key, each in data.items()}
        case list():
            return [_printed(each) for each in data]
        case Struct():
            return {each.encode_name: _printed(getattr(data, each.name)) for each in fields(data)}
    return data


async def finished(answer: Any) -> Any:
    """Wait also for what an engine left running."""
    result = await answer
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*rest, return_exceptions=True)
    return result


def described(error: GraphQLError) -> Any:
    cause = error.original_error
    return (
        ADDRESS.sub("", error.message),
        tuple(error.path or ()),
        [(at.line, at.column) for at in error.locations or ()],
        error.extensions,
        ADDRESS.sub("", f"{type(cause).__name__}: {cause}"),
    )


def differences(expected: Answer, actual: Answer, *, in_order: bool) -> list[str]:
    """Return in which ways an answer is not the expected one.

    Args:
        expected: graphql-core's.
        actual: ours.
        in_order: nothing had to wait, so errors come in the order of the document.
    """
    return [
        name
        for name, is_same in {
            "data": ordered(expected.data) == ordered(actual.data),
            "errors": same_errors(expected, actual, in_order=in_order),
            "extensions": expected.extensions == actual.extensions,
            "calls": same_calls(expected, actual, in_order=in_order),
        }.items()
        if not is_same
    ]


def ordered(value: Any) -> Any:
    """Tell 1 from True and from 1.0, and one order of keys from another; NaN is NaN."""
    match value:
        case dict():
            return [(key, ordered(each)) for key, each in value.items()]
        case list():
            return list(map(ordered, value))
    return type(value), ADDRESS.sub("", repr(value))


def same_errors(expected: Answer, actual: Answer, *, in_order: bool) -> bool:
    if in_order or expected.errors == actual.errors:
        return expected.errors == actual.errors
    theirs, ours = (Counter(map(repr, each.errors)) for each in (expected, actual))
    if theirs == ours:
        return True
    # Of what nulls one place, a field below it or its own list, it is chance which is reported.
    is_explained = explains(expected, actual) and explains(actual, expected)
    by_chance = nulled(expected, expected.errors) | nulled(actual, actual.errors)
    return is_explained and certain(expected, by_chance) == certain(actual, by_chance)


def explains(answer: Answer, other: Answer) -> bool:
    """Whether each place that an error of another answer nulled has an error in this one, too."""
    # The path of a denial may be a place in the document.
    exact = [each for each in other.errors if not is_denial(each)]
    own = {each[1] for each in answer.errors}
    return nulled(other, exact) <= nulled(answer, answer.errors) | own


def certain(answer: Answer, by_chance: set[Path]) -> Counter[str]:
    """Count the errors that no other could stand for."""
    errors = [each for each in answer.errors if each[1] not in by_chance]
    return Counter(map(repr, [each for each in errors if not is_below_null(answer, each)]))


def nulled(answer: Answer, errors: list[Any]) -> set[Path]:
    """Return the parents that errors nulled."""
    return {one for each in errors for one in null_parents(answer.data, each[1])}


def is_below_null(answer: Answer, error: Any) -> bool:
    return bool(null_parents(answer.data, error[1]))


def is_denial(error: Any) -> bool:
    """Whether an error says that a rule denies something."""
    return "coordinate" in (error[3] or {})


def null_parents(data: Any, path: Path, above: Path = ()) -> set[Path]:
    """Return where above a path the data is null; a path without indices is that of all items."""
    if not path:
        return set()
    if data is None:
        return {above}
    key, *rest = path
    if isinstance(data, list) and isinstance(key, str):
        of_items = [null_parents(each, path, (*above, i)) for i, each in enumerate(data)]
        return set().union(*of_items)
    if isinstance(data, dict) and key not in data:
        return set()
    return null_parents(data[key], tuple(rest), (*above, key))


def same_calls(expected: Answer, actual: Answer, *, in_order: bool) -> bool:
    """Below what is nulled anyway an engine may stop or go on."""
    is_abandoned = any(is_below_null(expected, each) for each in expected.errors)
    breaks_off = any(BROKE_OFF in each[0] for each in expected.errors) and not in_order
    return is_abandoned or breaks_off or Counter(expected.calls) == Counter(actual.calls)


def report(
    engines: Engines, document: str, setting: Setting, answers: tuple[Answer, Answer]
) -> str:
    return "\n".join(_report(engines, document, setting, answers))


def _report(
    engines: Engines, document: str, setting: Setting, answers: tuple[Answer, Answer]
) -> Iterator[str]:
    yield f"schema {engines.sketch.seed}:\n{source(engines.sketch)}"
    yield f"document:\n{document}"
    yield f"setting: {setting}"
    for name, answer in zip(("graphql-core", "ours"), answers, strict=True):
        yield f"--- {name}\ndata: {answer.data}"
        yield from (f"error: {each}" for each in answer.errors)
        yield f"extensions: {answer.extensions}\ncalls: {answer.calls}"
