"""Under ``conceal``, for any rules, any caller and every name: hidden is as if it never was.

What a caller is shown by introspection is the oracle (an anonymous caller is shown less, and told
to sign in for what any user is shown). Each name that the whole schema has and the caller is not
shown must be answered as one that there is not, wherever it may stand; each name that they are
shown, as with ``forbid``.
"""

import asyncio
import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_introspection_type,
)
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import Carrier, Public
from graph_api.execution.limits import Limits
from graph_api.execution.schema import Schema
from tests.authorization.worlds import PERMISSIONS, ROLES, WORLDS, rules, static_rules

CALLERS = list(dict.fromkeys(world.principal for world in WORLDS))
FIELDS = [
    *("Query.thing", "Query.either", "Query.left", "Query.leaf", "Query.unit", "Mutation.change"),
    *("Thing.size", "Left.size", "Left.leaf", "Left.right", "Right.size", "Right.hue"),
    *("Leaf.number", "Leaf.measure"),
]
TYPES = ["Thing", "Left", "Right", "Leaf"]
INPUTS = [
    *("Query.leaf(by:)", "Query.leaf(unit:)", "Leaf.number(flag:)"),
    *("By.step", "By.unit", "By.inner"),
]
VALUES = ["Inner.depth", "Unit.METRE", "Unit.MILE"]
INTROSPECTION = get_introspection_query()


@dataclass
class Asking:
    """A context object: who asks, and what resolvers are to return.

    Attributes:
        principal: who asks.
        concrete: the type of the object that stands for each interface and union.
        unit: the name of the enum value that stands in each result.
    """

    principal: Principal
    concrete: Mapping[str, str] = field(default_factory=dict)
    unit: str = "METRE"


class Anything:
    """An object of which the rule ``owns`` is true, see ``worlds``."""

    def __contains__(self, name: str) -> bool:
        return name == "owns"


def build(ruled: Mapping[str, Any], **options: Any) -> Schema:
    """A schema with these rules, by coordinate and type."""

    def on(coordinate: str) -> list[Any]:
        return [ruled[coordinate]] if coordinate in ruled else []

    def made(name: str) -> Any:
        return {"Left": Left, "Right": Right, "Leaf": Leaf}[name]()

    def resolved(coordinate: str, of: Any, declared: str = "Int") -> Any:
        def resolve(info: strawberry.Info) -> Any:
            if declared == "Int":
                return 1
            if declared == "Unit":
                return Unit[info.context.unit]
            return made(info.context.concrete.get(declared, declared))

        resolve.__annotations__["return"] = of | None
        return strawberry.field(
            resolver=resolve, permission_classes=on(coordinate) or [cast("Any", Public())]
        )

    @strawberry.enum
    class Unit(enum.Enum):
        METRE = strawberry.enum_value("m", directives=on("Unit.METRE"))
        MILE = strawberry.enum_value("mi", directives=on("Unit.MILE"))

    @strawberry.input
    class Inner:
        depth: int | None = strawberry.field(default=None, directives=on("Inner.depth"))

    @strawberry.input
    class By:
        step: int | None = strawberry.field(default=None, directives=on("By.step"))
        unit: Unit = strawberry.field(default=Unit.MILE, directives=on("By.unit"))
        inner: Inner | None = strawberry.field(default=None, directives=on("By.inner"))

    def argument(coordinate: str) -> Any:
        return strawberry.argument(directives=on(coordinate))

    @strawberry.type(directives=on("Leaf"))
    class Leaf(Anything):
        measure = resolved("Leaf.measure", Unit, "Unit")

        @strawberry.field(permission_classes=on("Leaf.number") or [cast("Any", Public())])
        def number(
            self, flag: Annotated[bool | None, argument("Leaf.number(flag:)")] = None
        ) -> int | None:
            return 1

    @strawberry.interface(directives=on("Thing") or [cast("Any", Carrier())])
    class Thing(Anything):
        size = resolved("Thing.size", int)

    @strawberry.type(directives=on("Right"))
    class Right(Thing):
        size = resolved("Right.size", int)
        hue = resolved("Right.hue", int)

    @strawberry.type(directives=on("Left"))
    class Left(Thing):
        size = resolved("Left.size", int)
        leaf = resolved("Left.leaf", Leaf, "Leaf")
        right = resolved("Left.right", Right, "Right")

    both: Any = Annotated[Left | Right, strawberry.union("Either")]

    @strawberry.type
    class Query:
        thing = resolved("Query.thing", Thing, "Thing")
        either = resolved("Query.either", both, "Either")
        left = resolved("Query.left", Left, "Left")
        unit = resolved("Query.unit", Unit, "Unit")

        @strawberry.field(permission_classes=on("Query.leaf") or [cast("Any", Public())])
        def leaf(
            self,
            by: Annotated[By | None, argument("Query.leaf(by:)")] = None,
            unit: Annotated[Unit, argument("Query.leaf(unit:)")] = Unit.MILE,
        ) -> Leaf | None:
            return Leaf()

    @strawberry.type
    class Mutation:
        change = resolved("Mutation.change", Leaf, "Leaf")

    return Schema(
        Query,
        Mutation,
        roles=dict.fromkeys(ROLES, ()),
        permissions=dict.fromkeys(PERMISSIONS, ""),
        limits=Limits(10_000, 100, 1_000, 1_000, 100_000),
        **options,
    )


# --- names, and the places where a document may say one ---


@dataclass(frozen=True)
class Place:
    """A document with ``NAME`` where a name stands, and what it needs beside it."""

    document: str
    variables: Any = None
    concrete: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> tuple[str, Any]:
        variables = json.loads(json.dumps(self.variables).replace("NAME", name))
        return self.document.replace("NAME", name), variables


@dataclass
class Shown:
    """What a caller is shown, and the ways through it."""

    schema: GraphQLSchema

    def __post_init__(self) -> None:
        self.concrete = {
            name: members[0].name
            for name, each in self.schema.type_map.items()
            if is_abstract_type(each) and (members := self.schema.get_possible_types(each))
        }
        unit = self.schema.type_map.get("Unit")
        self.unit = self.value(unit) if unit else "METRE"
        self.roads = dict(self._roads())

    def _roads(self) -> Iterator[tuple[str, Place]]:
        """Yield the shortest way to each type with fields; ``NAME`` is what is asked there."""
        query, mutation = self.schema.query_type, self.schema.mutation_type
        waiting: list[tuple[Any, Place]] = [(query, Place("{ NAME }"))]
        waiting += [(mutation, Place("mutation { NAME }"))] if mutation else []
        seen: set[str] = set()
        while waiting:
            of_type, road = waiting.pop(0)
            if of_type.name in seen:
                continue
            seen.add(of_type.name)
            yield of_type.name, road
            for name, each in getattr(of_type, "fields", {}).items():
                if is_composite_type(behind := get_named_type(each.type)):
                    waiting.append((behind, within(road, f"{name} {{ NAME }}")))
            for wide in getattr(of_type, "interfaces", ()):
                waiting.append((wide, within(road, f"... on {wide.name} {{ NAME }}")))
            if is_abstract_type(of_type):
                for narrow in self.schema.get_possible_types(of_type):
                    concrete = {**road.concrete, of_type.name: narrow.name}
                    text = f"... on {narrow.name} {{ NAME }}"
                    waiting.append((narrow, within(road, text, concrete=concrete)))

    def coordinates(self) -> set[str]:
        """All that is named, types too."""
        return {coordinate for coordinate, _, _ in named(self.schema)}

    def behind(self, abstract: str) -> set[str]:
        """The types of objects that may stand for an interface or union."""
        of_type = cast("Any", self.schema.type_map[abstract])
        return {each.name for each in self.schema.get_possible_types(of_type)}

    def whole(self, element: Any) -> str:
        """What stands after the name of a field for the document to be valid."""
        return " { __typename }" if is_composite_type(get_named_type(element.type)) else ""

    def value(self, of_type: Any) -> str:
        """A value for an argument, of which nothing is hidden."""
        of_type = get_named_type(of_type)
        of_type = self.schema.type_map.get(of_type.name, of_type)
        if is_enum_type(of_type):
            return str(next(iter(of_type.values)))
        return "{}" if is_input_object_type(of_type) else TRUE_OR_ONE[of_type.name]

    def places(self, parent: Any, element: Any) -> Iterator[Place]:
        """Yield where a name may stand that is below a type, or a field; or a type's own."""
        match parent:
            case None:
                yield Place("query ($v: NAME) { __typename }")
                yield Place("{ ...F } fragment F on NAME { __typename }")
                yield Place('{ __type(name: "NAME") { name kind } }')
                for name in self.roads.keys() & {"Thing", "Either"}:
                    # That an object of a type may stand somewhere can be hidden too.
                    if element.name not in self.schema.type_map or element.name in self.behind(
                        name
                    ):
                        yield within(self.roads[name], "... on NAME { __typename }")
            case GraphQLObjectType() | GraphQLInterfaceType():
                road = self.roads[parent.name]
                yield within(road, f"NAME{self.whole(element)}")
                yield within(
                    road, f"... {{ a: NAME{self.whole(element)} b: NAME @skip(if: true) }}"
                )
            case (GraphQLObjectType() as of_type, name):
                road, value = self.roads[of_type.name], self.value(element.type)
                more = self.whole(of_type.fields[name])
                yield within(road, f"{name}(NAME: {value}){more}")
            case GraphQLInputObjectType():
                yield from self.given(parent.name, "{NAME: 1}", {"NAME": 1})
            case GraphQLEnumType():
                yield from self.given(parent.name, "NAME", "NAME")

    def given(self, type_name: str, literal: str, value: Any) -> Iterator[Place]:
        """Yield where a value of an input or enum may be given: as a literal and in a variable."""
        for of_type in list(self.schema.type_map.values()):
            for name, each in getattr(of_type, "fields", {}).items():
                if isinstance(of_type, GraphQLInputObjectType):
                    if get_named_type(each.type).name == type_name:
                        inner = f"{{{name}: {literal}}}", {name: value}
                        yield from self.given(of_type.name, *inner)
                    continue
                for arg, argument in getattr(each, "args", {}).items():
                    if get_named_type(argument.type).name == type_name and (
                        of_type.name in self.roads
                    ):
                        road, more = self.roads[of_type.name], self.whole(each)
                        yield within(road, f"{name}({arg}: {literal}){more}")
                        document = within(road, f"{name}({arg}: $v){more}").document
                        declared = f"query ($v: {argument.type}) "
                        yield Place(declared + document, {"v": value}, road.concrete)


TRUE_OR_ONE = {"Boolean": "true", "Int": "1"}


def within(road: Place, text: str, **changes: Any) -> Place:
    concrete = changes.get("concrete", road.concrete)
    return Place(road.document.replace("NAME", text), road.variables, concrete)


def named(schema: GraphQLSchema) -> Iterator[tuple[str, Any, Any]]:
    """Yield all that has a name: its coordinate, what it stands in, and itself."""
    for of_type in schema.type_map.values():
        if is_introspection_type(of_type) or of_type.name in BUILT_IN:
            continue
        yield of_type.name, None, of_type
        for name, each in getattr(of_type, "fields", {}).items():
            yield f"{of_type.name}.{name}", of_type, each
            for arg, argument in getattr(each, "args", {}).items():
                yield f"{of_type.name}.{name}({arg}:)", (of_type, name), argument
        for name, value in getattr(of_type, "values", {}).items():
            yield f"{of_type.name}.{name}", of_type, value


BUILT_IN = {"Int", "String", "Boolean", "Float", "ID"}


# --- asking ---


async def ask(schema: Schema, document: str, variables: Any, asking: Asking) -> str:
    """Return the whole answer, and whether it ran, as text."""
    result = await schema.execute(document, variables, context_value=asking, root_value=Anything())
    errors = [each.formatted for each in result.errors or ()]
    return json.dumps([type(result).__name__, getattr(result, "phase", None), result.data, errors])


@dataclass(frozen=True)
class Engines:
    """A schema under ``conceal``, whose operations run by plans and on graphql-core.

    Attributes:
        plans: the one.
        core: the other.
    """

    plans: Schema
    core: Schema

    async def ask(self, *asked: Any) -> str:
        """Return the answer that both give."""
        answer = await ask(self.plans, *asked)
        assert answer == await ask(self.core, *asked)
        return answer


async def shown(schema: Schema, principal: Principal) -> Shown:
    result = await schema.execute(INTROSPECTION, context_value=Asking(principal))
    assert not result.errors
    return Shown(build_client_schema(cast("Any", result.data)))


def unknown(name: str) -> str:
    """A name of the same length that there is not."""
    return ("Z" if name[0].isupper() else "z") * len(name)


def last_name(coordinate: str) -> str:
    return coordinate.removesuffix(":)").rpartition("(")[2].rpartition(".")[2]


async def check(concealing: Engines, forbidding: Schema, principal: Principal) -> None:
    user = principal if principal.is_authenticated else Principal("usr_1", "ses_1")
    sees = await shown(concealing.plans, user)
    known = sees.coordinates()
    for coordinate, parent, element in named(forbidding.rules.schema):
        holder = coordinate.removesuffix(f"({last_name(coordinate)}:)")
        holder = holder.rpartition(".")[0] if holder == coordinate else holder
        if holder and holder not in known:
            continue  # the name of what holds it is hidden, and asked for by itself
        name = last_name(coordinate)
        is_root = element in (concealing.plans.rules.schema.query_type, sees.schema.query_type)
        for place in sees.places(as_shown(sees, parent), element):
            asking = Asking(principal, {**sees.concrete, **place.concrete}, sees.unit)
            answer = await concealing.ask(*place.named(name), asking)
            assert "INTERNAL_SERVER_ERROR" not in answer
            if coordinate in known or is_root:
                note(f"shown: {place.named(name)} for {sorted(principal.grants)}")
                assert answer == await ask(forbidding, *place.named(name), asking)
            else:
                note(f"hidden: {place.named(name)} for {sorted(principal.grants)}")
                other = await concealing.ask(*place.named(unknown(name)), asking)
                assert answer.replace(name, "NAME") == other.replace(unknown(name), "NAME")


def as_shown(sees: Shown, parent: Any) -> Any:
    """What a name stands in, as the caller sees it."""
    if parent is None:
        return None
    of_type, *field_name = parent if isinstance(parent, tuple) else (parent,)
    seen = sees.schema.type_map[of_type.name]
    return (seen, *field_name) if field_name else seen


async def check_results(concealing: Engines, principal: Principal) -> None:
    """What stands for an interface, a union or an enum, and is hidden, is null without a word."""
    user = principal if principal.is_authenticated else Principal("usr_1", "ses_1")
    sees = await shown(concealing.plans, user)
    known = sees.coordinates()
    for abstract in sees.roads.keys() & {"Thing", "Either"}:
        for concrete in {"Left", "Right"} - sees.behind(abstract):
            place = within(sees.roads[abstract], "__typename")
            asking = Asking(principal, {abstract: concrete})
            answer = await concealing.ask(place.document, None, asking)
            assert concrete not in answer
            assert_null_or_told_to_sign_in(answer, principal)
    for unit in ("METRE", "MILE"):
        if "Query.unit" in known and f"Unit.{unit}" not in known:
            answer = await concealing.ask("{ unit }", None, Asking(principal, unit=unit))
            assert unit not in answer
            assert_null_or_told_to_sign_in(answer, principal)


def assert_null_or_told_to_sign_in(answer: str, principal: Principal) -> None:
    _, _, _, errors = json.loads(answer)
    codes = {each["extensions"]["code"] for each in errors}
    # The way to it may hang on who asks, which is said as ever.
    assert codes <= ({"FORBIDDEN"} if principal.is_authenticated else {"UNAUTHENTICATED"})


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
)
@given(
    fields=st.dictionaries(st.sampled_from([*FIELDS, *TYPES]), rules, max_size=6),
    inputs=st.dictionaries(st.sampled_from([*INPUTS, *VALUES]), static_rules, max_size=4),
    principal=st.sampled_from(CALLERS),
)
def test_a_name_is_hidden_or_answered_as_ever(
    fields: dict[str, Any], inputs: dict[str, Any], principal: Principal
) -> None:
    ruled = fields | inputs
    note(str({name: each.rule for name, each in ruled.items()}))
    plans, core = (build(ruled, denied_names="conceal", compiled=each) for each in (True, False))
    concealing, forbidding = Engines(plans, core), build(ruled)
    asyncio.run(check(concealing, forbidding, principal))
    asyncio.run(check_results(concealing, principal))
    assert set(plans.engine.refused) <= {"introspection"}


def test_the_callers_are_all_that_rules_tell_apart() -> None:
    assert ANONYMOUS in CALLERS
    assert len(CALLERS) == 1 + 2 ** (len(ROLES) + len(PERMISSIONS))
