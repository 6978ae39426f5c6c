"""What stands behind the fields of a schema: good values, and faults in some places.

A value hangs on the field, the object and a salt, not on who asks first: both engines see the same.
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from graphql import GraphQLError

from graph_api.authorization.principal import ANONYMOUS, READS_SCHEMA, Principal
from graph_api.errors import NotFound
from tests.execution.differential.choices import Choices
from tests.execution.differential.operations import Operation
from tests.execution.differential.schemas import ENUM_VALUES, ENUMS, Field, Sketch, named
from tests.execution.differential.variables import values

CALLERS = [
    ANONYMOUS,
    *(
        Principal("usr_1", "ses_1", frozenset(roles), frozenset(permissions))
        for roles, permissions in (
            ([], ["p:read", "q:read"]),
            ([], ["p:read"]),
            (["r"], ["q:read"]),
            ([], []),
            (["r"], [READS_SCHEMA]),
        )
    ),
]
BROKE_OFF = "the list broke off"
Behaviour = Callable[["World", str, Any], Any]


class Plain:
    """An object of no type of the schema."""

    n = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Broken(Plain):
    """A list that ends in an error."""

    def __init__(self, good: Any) -> None:
        self.good = good

    def __iter__(self) -> Iterator[Any]:
        yield from self.good if isinstance(self.good, list) else [self.good]
        raise RuntimeError(BROKE_OFF)


def raising(error: Callable[[], Exception]) -> Behaviour:
    def behave(_world: World, _of: str, _good: Any) -> Any:
        raise error()

    return behave


def instead(value: Callable[[], Any]) -> Behaviour:
    return lambda _world, _of, _good: value()


def among(value: Callable[[], Any]) -> Behaviour:
    """Return a list with a wrong one in it."""

    def behave(_world: World, _of: str, good: Any) -> Any:
        return [*good[:1], value(), *good[1:]] if isinstance(good, list) else value()

    return behave


def of_each(change: Callable[[Any], Any]) -> Behaviour:
    return lambda _world, _of, good: change(good)


async def _later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def _fail_later() -> Any:
    await asyncio.sleep(0)
    raise LookupError("failed later")


async def _each_later(values: Any) -> Any:
    for each in values:
        await asyncio.sleep(0)
        yield each


def _other_object(world: World, of: str, _good: Any) -> Any:
    others = [one for one in world.sketch.objects if one != named(of)]
    return world.make(others[-1], 1)


FAULTS: dict[str, Behaviour] = {
    "None": instead(lambda: None),
    "raises": raising(lambda: ValueError("no")),
    "raises an error with extensions": raising(
        lambda: GraphQLError("no", extensions={"code": "OWN", "n": 1})
    ),
    "raises one of ours": raising(lambda: NotFound("not there")),
    "raises without a message": raising(KeyError),
    "is an exception": instead(lambda: ValueError("given")),
    "has an exception in it": among(lambda: ValueError("in the list")),
    "has None in it": among(lambda: None),
    "has a string in it": among(lambda: "x"),
    "has an object in it": among(Plain),
    "has a list in it": among(lambda: [1]),
    "has an error in it": among(lambda: GraphQLError("in the list", extensions={"code": "OWN"})),
    "breaks off": lambda _world, _of, good: Broken(good),
    "a string": instead(lambda: "x"),
    "an empty string": instead(lambda: ""),
    "a number in a string": instead(lambda: "12"),
    "bytes": instead(lambda: b"x"),
    "an integer": instead(lambda: 5),
    "a large integer": instead(lambda: 2**31),
    "a larger integer": instead(lambda: 2**70),
    "a fraction": instead(lambda: 1.5),
    "a whole float": instead(lambda: 3.0),
    "not a number": instead(lambda: float("nan")),
    "infinity": instead(lambda: float("inf")),
    "a boolean": instead(lambda: True),
    "an empty list": instead(list),
    "a list": instead(lambda: [1, "x", None]),
    "a mapping": instead(lambda: {"n": 1, "a": 2}),
    "a set": instead(lambda: {1}),
    "an object": instead(Plain),
    "a type": instead(lambda: Plain),
    "another object": _other_object,
    "a tuple": of_each(lambda good: tuple(good) if isinstance(good, list) else good),
    "an iterator": of_each(lambda good: iter(good) if isinstance(good, list) else good),
    "a view": of_each(lambda good: dict.fromkeys(map(str, good)) if type(good) is list else good),
}
ASYNC_FAULTS: dict[str, Behaviour] = {
    "comes later": of_each(_later),
    "fails later": instead(_fail_later),
    "None later": instead(lambda: _later(None)),
    "some come later": of_each(
        lambda good: [_later(good[0]), *good[1:]] if isinstance(good, list) and good else good
    ),
    "all come later": of_each(
        lambda good: [_later(one) for one in good] if isinstance(good, list) else good
    ),
    "one fails later": among(_fail_later),
    "an asynchronous iterator": of_each(
        lambda good: _each_later(good) if isinstance(good, list) else good
    ),
    "a string later": instead(lambda: _later("x")),
}


@dataclass(frozen=True)
class Fault:
    """How a field misbehaves, and for which objects."""

    field: str
    kind: str
    every: int

    def strikes(self, name: str, n: int) -> bool:
        return name == self.field and n % self.every == 0


@dataclass(frozen=True)
class Setting:
    """Who sends which variables, and what answers them."""

    caller: Principal
    variables: dict[str, Any]
    salt: int
    faults: tuple[Fault, ...]


def setting(
    schema: Sketch, of: Operation, knowing: Sequence[Principal], choices: Choices
) -> Setting:
    """Make up who asks, mostly one of those who may know the names in the operation, and what."""
    kinds = list(FAULTS) if schema.is_sync else [*FAULTS, *ASYNC_FAULTS]
    caller = choices.of(CALLERS if choices.once_in(8) or not knowing else knowing)
    salt = choices.below(16)
    count = choices.of([0, 1, 1, 2, 3]) if of.fields else 0
    faults = tuple(
        Fault(choices.of(of.fields), choices.of(kinds), 1 + choices.below(3)) for _ in range(count)
    )
    return Setting(caller, values(schema, of.variables, choices), salt, faults)


@dataclass
class World:
    """The context of one operation.

    Attributes:
        calls: the resolvers that were called: field, object and arguments.
    """

    sketch: Sketch
    classes: Mapping[str, Any]
    fields: Mapping[str, Field]
    setting: Setting
    calls: list[tuple[str, Any, str]] = field(default_factory=list)

    @property
    def principal(self) -> Principal:
        return self.setting.caller

    def resolve(self, name: str, node: Any, /, **arguments: Any) -> Any:
        n = getattr(node, "n", 0)
        self.calls.append((name, n, repr(arguments)))
        return self.read(name, n)

    async def resolve_later(self, name: str, node: Any, /, **arguments: Any) -> Any:
        n = getattr(node, "n", 0)
        for _ in range(self._number(name, n, "wait") % 3):
            await asyncio.sleep(0)
        return self.resolve(name, node, **arguments)

    def resolve_either(self, name: str, node: Any, /, **arguments: Any) -> Any:
        is_later = self._number(name, getattr(node, "n", 0), "either") % 2
        resolve = self.resolve_later if is_later else self.resolve
        return resolve(name, node, **arguments)

    def read(self, name: str, n: int) -> Any:
        of = self.fields[name].of
        good = self._good(of, (name, n))
        for each in self.setting.faults:
            # What a scalar hands on may have to be waited for. graphql-core doesn't look whether it
            # is null then, and answers null where the schema forbids it; a plan fails.
            is_forgotten = of == "JSON!" and each.kind == "None later"
            if each.strikes(name, n) and not is_forgotten:
                kinds = FAULTS | ASYNC_FAULTS
                return kinds[each.kind](self, of, good)
        return good

    def make(self, name: str, n: int) -> Any:
        cls = self.classes[name]
        made = cls.__new__(cls)
        vars(made).update(n=n, world=self)
        return made

    def _number(self, *of: Any) -> int:
        return crc32(repr((self.setting.salt, of)).encode()) >> 3

    def _good(self, of: str, place: tuple[Any, ...]) -> Any:
        number = self._number(*place)
        if not of.endswith("!") and self.setting.salt and number % 8 == 0:
            return None
        of = of.removesuffix("!")
        if of.startswith("["):
            return [self._good(of[1:-1], (*place, index)) for index in range(number % 4)]
        if of in GOOD:
            return GOOD[of](number)
        if of in ENUMS:
            return self.classes[of][ENUM_VALUES[number % 3]]
        possible = self.sketch.possible(of) or self.sketch.objects
        return self.make(possible[number % len(possible)], number % 5)


GOOD: dict[str, Callable[[int], Any]] = {
    "Int": lambda n: n % 1000 - 500,
    "Float": lambda n: [n % 100 / 8, n % 100, -0.0, 1e300][n % 4],
    "String": lambda n: ["é", "", "word", '"quoted" \n </script>'][n % 4] + str(n % 10),
    "Boolean": lambda n: n % 2 == 0,
    "ID": lambda n: [f"id_{n % 10}", n % 10][n % 2],
    "DateTime": lambda n: datetime.datetime(
        2026, 1, 1 + n % 20, tzinfo=[datetime.UTC, None][n % 2], microsecond=n % 3
    ),
    "Date": lambda n: datetime.date(2026, 1, 1 + n % 20),
    "Decimal": lambda n: decimal.Decimal(n % 1000) / 100,
    "UUID": lambda n: uuid.UUID(int=n),
    "JSON": lambda n: [{"k": [n % 3, None], "": True}, [], "text", n % 7][n % 4],
    "Odd": lambda n: n % 50 * 2 + 1,
}
