"""Objects of interfaces and unions: told by their classes where Strawberry would tell no other.

Each is compared with graphql-core, which asks about every object.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import pytest
import strawberry

from graph_api.authorization.rules import Carrier, Public
from graph_api.execution.resolvers import types_by_class
from graph_api.execution.schema import Schema
from tests.authorization.callers import caller

pytestmark = [pytest.mark.anyio, pytest.mark.plans]

T = TypeVar("T")
CARRIER: Any = Carrier()
asked: list[str] = []
"""What the application was asked for the type of."""


@strawberry.interface(directives=[CARRIER])
class Animal:
    name: str


@strawberry.type(directives=[CARRIER])
class Cat(Animal):
    lives: int = 9


@strawberry.type(directives=[CARRIER])
class Dog(Animal):
    barks: bool = True


class Puppy(Dog):
    """Of no type of its own: Strawberry takes it for a dog."""


class Stray:
    """Of no type at all, unless somebody casts it."""

    name, lives = "stray", 1


@strawberry.type(directives=[CARRIER])
class Chameleon(Animal):
    """Says itself which objects are of its type."""

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        asked.append(value.name)
        return bool(value.name == "green")


@strawberry.type(directives=[CARRIER])
class Box(Generic[T]):
    content: T


@strawberry.interface(directives=[CARRIER])
class Named:
    name: str

    @classmethod
    def resolve_type(cls, value: Any, _info: Any, _type: Any) -> str:
        asked.append(value.name)
        return "Other" if value.name == "other" else "One"


@strawberry.type(directives=[CARRIER])
class One(Named):
    pass


@strawberry.type(directives=[CARRIER])
class Other(Named):
    pass


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]
Boxes = Annotated[Box[int] | Box[str] | Cat, strawberry.union("Boxes")]
ANIMALS: list[Any] = [Cat(name="a"), Dog(name="b"), Cat(name="c"), Dog(name="d")]


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def animals(self) -> list[Animal | None] | None:
        return ANIMALS

    @strawberry.field(permission_classes=[Public()])
    def pets(self) -> list[Pet | None] | None:
        return [*ANIMALS, None, *ANIMALS]

    @strawberry.field(permission_classes=[Public()])
    def subclasses(self) -> list[Animal | None] | None:
        return [Cat(name="a"), Puppy(name="b"), Dog(name="c")]

    @strawberry.field(permission_classes=[Public()])
    def cast(self) -> list[Pet | None] | None:
        stray: Any = Stray()
        return [Cat(name="a"), strawberry.cast(Cat, stray), Dog(name="b")]

    @strawberry.field(permission_classes=[Public()])
    def cast_to_another(self) -> list[Animal | None] | None:
        disguised: Any = Dog(name="b")
        return [Dog(name="a"), strawberry.cast(Cat, disguised), Dog(name="c")]

    @strawberry.field(permission_classes=[Public()])
    def strangers(self) -> list[Pet | None] | None:
        stray: Any = Stray()
        return [Cat(name="a"), stray, Dog(name="b"), stray]

    @strawberry.field(permission_classes=[Public()])
    def boxes(self) -> list[Boxes | None] | None:
        several: Any = [Box(content=1), Box(content="x"), Cat(name="a"), Box(content=2)]
        return list(several)

    @strawberry.field(permission_classes=[Public()])
    def chameleons(self) -> list[Animal | None] | None:
        return [Chameleon(name="green"), Cat(name="a"), Chameleon(name="blue")]

    @strawberry.field(permission_classes=[Public()])
    def named(self) -> list[Named | None] | None:
        return [One(name="one"), One(name="other"), Other(name="other")]


KNOWN = [Cat, Dog, Chameleon, One, Other]
PLANNED = Schema(Query, types=KNOWN)
ON_GRAPHQL_CORE = Schema(Query, types=KNOWN, compiled=False)
ANIMAL = "{ __typename name ... on Cat { lives } ... on Dog { barks } }"
PET = "{ __typename ... on Cat { name lives } ... on Dog { name barks } }"


@pytest.mark.parametrize(
    "query",
    [
        f"animals {ANIMAL}",
        f"pets {PET}",
        f"subclasses {ANIMAL}",
        f"cast {PET}",
        f"castToAnother {ANIMAL}",
        f"strangers {PET}",
        "boxes { __typename ... on IntBox { content } ... on StrBox { content } }",
        f"chameleons {ANIMAL}",
        "named { __typename name }",
    ],
)
async def test_objects_are_of_the_types_that_graphql_core_finds(query: str) -> None:
    found, expected = [
        await schema.execute(f"{{ {query} }}", context_value=caller())
        for schema in (PLANNED, ON_GRAPHQL_CORE)
    ]
    assert found.data == expected.data
    assert [each.path for each in found.errors or ()] == [
        each.path for each in expected.errors or ()
    ]
    assert not PLANNED.engine.refused


@pytest.mark.parametrize(("name", "told"), [("Animal", "Cat Chameleon Dog"), ("Pet", "Cat Dog")])
def test_strawberry_s_own_functions_are_recognized(name: str, told: str) -> None:
    """By private names: under others all answers are the same, and take ten times as long."""
    schema = PLANNED.rules.schema
    found = types_by_class(schema, schema.type_map[name])
    assert sorted(each.__name__ for each in found) == told.split()


def test_those_of_the_application_are_not() -> None:
    schema = PLANNED.rules.schema
    assert types_by_class(schema, schema.type_map["Named"]) == {}


async def test_the_application_is_asked_about_each_object_where_it_wants_to_be() -> None:
    asked.clear()
    await PLANNED.execute("{ named { name } chameleons { name } }", context_value=caller())
    assert asked.count("one") == 1
    assert asked.count("other") == 2
    assert {"green", "blue"} <= set(asked)
