"""An oracle by enumeration: what executes is what a slow, obvious interpreter allows.

Hypothesis makes the rules of a small schema, some of which reject; a query or mutation with
aliases, fragments, directives, arguments and nested inputs; and a caller. Data, errors and the
resolvers that are called must be the interpreter's.
"""

import asyncio
import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, product
from typing import Annotated, Any

import strawberry
from graphql import is_enum_type
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    IsAuthenticated,
    Public,
    Reject,
    rule,
)
from graph_api.authorization.shape import shape
from graph_api.execution.limits import Limits
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, principal

# --- the rules, each beside what it says of a caller and the number of an object ---


@rule
def odd(_who: Principal, objects: Any) -> list[bool]:
    return [one is not None and one.number % 2 == 1 for one in objects]


@rule
async def even(_who: Principal, objects: Any) -> list[bool]:
    return [one is not None and one.number % 2 == 0 for one in objects]


Says = Callable[[Principal, int], bool]
P: Any = HasPermission("p:read")
Q: Any = HasPermission("q:read")


def may_p(who: Principal, _number: int) -> bool:
    return "p:read" in who.permissions


def may_q(who: Principal, _number: int) -> bool:
    return "q:read" in who.permissions


STATIC: dict[str, tuple[Any, Says]] = {
    "public": (Public(), lambda _who, _n: True),
    "signed in": (IsAuthenticated(), lambda who, _n: who.is_authenticated),
    "p": (P, may_p),
    "p or q": (P | Q, lambda who, n: may_p(who, n) or may_q(who, n)),
    "not p": (~P, lambda who, n: who.is_authenticated and not may_p(who, n)),
}
DYNAMIC: dict[str, tuple[Any, Says]] = {
    "odd": (odd, lambda who, n: who.is_authenticated and n % 2 == 1),
    "p or even": (
        P | even,
        lambda who, n: may_p(who, n) or (who.is_authenticated and n % 2 == 0),
    ),
    "q and odd": (Q & odd, lambda who, n: may_q(who, n) and n % 2 == 1),
}
RULES = STATIC | DYNAMIC
MOSTLY_PUBLIC = ["public"] * len(RULES) + sorted(RULES)

# --- the world: types, their fields, and what stands in them ---

ROOT_FIELDS = {"one": "Left", "lefts": "[Left]", "things": "[Thing]", "either": "[Either]"}
ROOTS = {"query": "Query", "mutation": "Mutation"}
FIELDS: dict[str, dict[str, str]] = {
    "Query": ROOT_FIELDS,
    "Mutation": ROOT_FIELDS,
    "Thing": {"size": "Int", "leaf": "Leaf"},
    "Left": {"size": "Int", "leaf": "Leaf", "leaves": "[Leaf]", "sized": "Int"},
    "Right": {"size": "Int", "leaf": "Leaf", "hue": "Int"},
    "Leaf": {"size": "Int", "must": "Int!", "unit": "Unit"},
}
SCALARS = {"Int", "Unit"}
CONCRETE = {"Thing": ["Left", "Right"], "Either": ["Left", "Right"]}
IMPLEMENTS = {"Left": ["Thing"], "Right": ["Thing"]}
GUARDED = [f"{type_name}.{name}" for type_name in FIELDS for name in FIELDS[type_name]]
TYPES = [name for name in FIELDS if name not in ROOTS.values()]
INPUTS = ["Left.sized(by:)", "Left.sized(within:)", "By.step", "Unit.MILE", "Within.bys"]
SUPERTYPES = {name: ["Thing", "Either"] for name in ("Left", "Right")}
WEIGHTS = {
    "Left": ["sized"] * 3,
    "Leaf": ["must"],
    "Query": ["one", "things"],
    "Mutation": ["things"] * 2,
}
Node = tuple[str, int]


def stands(name: str, number: int) -> Any:
    """What a field holds: an Int, the type and number of an object, or a list of those."""
    match name:
        case "leaf":
            return "Leaf", number + 1
        case "leaves":
            return [("Leaf", number), ("Leaf", number + 1), ("Leaf", number + 2)]
        case "one":
            return "Left", 3
        case "lefts":
            return [("Left", 1), ("Left", 2), ("Left", 3)]
        case "things" | "either":
            return [("Left", 1), ("Right", 2), ("Left", 2), ("Right", 1)]
    return ["METRE", "MILE"][number % 2] if name == "unit" else number * 10


def build(rules: Mapping[str, str], rejecting: frozenset[str]) -> Schema:
    """The schema, with a rule's name for each coordinate and type, and which of them reject."""

    def guard(name: str) -> list[Any]:
        rules_here = [RULES[rules[name]][0]] if name in rules else []
        return [Reject(each) for each in rules_here] if name in rejecting else rules_here

    def made(value: Any) -> Any:
        if isinstance(value, str):
            return Unit[value]
        if isinstance(value, list):
            return [made(each) for each in value]
        return classes[value[0]](number=value[1]) if isinstance(value, tuple) else value

    def field_of(coordinate: str, of: Any) -> Any:
        type_name, _, name = coordinate.partition(".")

        def resolve(self: Any, info: strawberry.Info) -> Any:
            number = self.number if self else 0
            # An interface's resolver runs for an object of a type.
            holder = type(self).__name__ if self else type_name
            info.context.calls.append(f"{holder}.{name} {number}")
            return made(stands(name, number))

        resolve.__annotations__["return"] = of
        return strawberry.field(resolver=resolve, permission_classes=guard(coordinate))

    @strawberry.enum
    class Unit(enum.Enum):
        METRE = "m"
        MILE = strawberry.enum_value("mi", directives=guard("Unit.MILE"))

    @strawberry.input
    class By:
        unit: Unit | None = None
        step: int | None = strawberry.field(default=None, directives=guard("By.step"))

    @strawberry.input
    class Within:
        bys: list[By | None] | None = strawberry.field(default=None, directives=guard("Within.bys"))

    @strawberry.type(directives=[Carrier(), *guard("Leaf")])
    class Leaf:
        number: strawberry.Private[int]
        size = field_of("Leaf.size", int | None)
        unit = field_of("Leaf.unit", Unit | None)
        must: int = strawberry.field(resolver=lambda root: root.number * 10)

    @strawberry.interface(directives=[Carrier(), *guard("Thing")])
    class Thing:
        number: strawberry.Private[int]
        size = field_of("Thing.size", int | None)
        leaf = field_of("Thing.leaf", Leaf | None)

    @strawberry.type(directives=[Carrier(), *guard("Left")])
    class Left(Thing):
        size = field_of("Left.size", int | None)
        leaf = field_of("Left.leaf", Leaf | None)
        leaves = field_of("Left.leaves", list[Leaf | None] | None)

        @strawberry.field(permission_classes=guard("Left.sized"))
        def sized(
            self,
            info: strawberry.Info,
            by: Annotated[
                By | None, strawberry.argument(directives=guard("Left.sized(by:)"))
            ] = None,
            within: Annotated[
                Within | None, strawberry.argument(directives=guard("Left.sized(within:)"))
            ] = None,
        ) -> int | None:
            info.context.calls.append(f"Left.sized {self.number}")
            return self.number * 10

    @strawberry.type(directives=[Carrier(), *guard("Right")])
    class Right(Thing):
        size = field_of("Right.size", int | None)
        leaf = field_of("Right.leaf", Leaf | None)
        hue = field_of("Right.hue", int | None)

    both: Any = Annotated[Left | Right, strawberry.union("Either")]

    @strawberry.type
    class Query:
        one = field_of("Query.one", Left | None)
        lefts = field_of("Query.lefts", list[Left | None] | None)
        things = field_of("Query.things", list[Thing | None] | None)
        either = field_of("Query.either", list[both | None] | None)

    @strawberry.type
    class Mutation:
        one = field_of("Mutation.one", Left | None)
        lefts = field_of("Mutation.lefts", list[Left | None] | None)
        things = field_of("Mutation.things", list[Thing | None] | None)
        either = field_of("Mutation.either", list[both | None] | None)

    classes: dict[str, Any] = {"Left": Left, "Right": Right, "Leaf": Leaf}
    return Schema(
        Query,
        Mutation,
        limits=Limits(10_000, 100, 1_000, 1_000, 100_000),
        permissions={"p:read": "", "q:read": ""},
    )


# --- operations: made as values, written as text ---

ARGUMENTS: dict[str, list[str]] = {
    "": [],
    "(by: {})": ["Left.sized(by:)"],
    "(by: $none)": [],
    "(by: { unit: METRE })": ["Left.sized(by:)"],
    "(by: { step: 2 })": ["Left.sized(by:)", "By.step"],
    "(by: { unit: MILE })": ["Left.sized(by:)", "Unit.MILE"],
    "(by: $by)": ["Left.sized(by:)", "By.step", "Unit.MILE"],
    "(by: { step: $none2 })": ["Left.sized(by:)"],
    "(within: { bys: [{ step: 3 }] })": ["Left.sized(within:)", "Within.bys", "By.step"],
    "(within: { bys: [{ step: $none2 }, $by] })": [
        "Left.sized(within:)",
        "Within.bys",
        "By.step",
        "Unit.MILE",
    ],
    "(within: $within)": ["Left.sized(within:)", "Within.bys", "Unit.MILE"],
}
CONDITIONS: dict[str, bool] = {
    "": True,
    "@skip(if: $yes)": False,
    "@skip(if: $no)": True,
    "@include(if: false)": False,
    "@include(if: $yes)": True,
}


@dataclass(frozen=True)
class Field:
    name: str
    alias: str | None
    arguments: str
    condition: str
    selection: tuple["Selection", ...]

    @property
    def key(self) -> str:
        return self.alias or self.name

    def __str__(self) -> str:
        below = f" {{ {' '.join(map(str, self.selection))} }}" if self.selection else ""
        alias = f"{self.alias}: " if self.alias else ""
        return f"{alias}{self.name}{self.arguments} {self.condition}{below}"


@dataclass(frozen=True)
class Fragment:
    on: str | None
    condition: str
    selection: tuple["Selection", ...]
    name: str | None = None

    def __str__(self) -> str:
        if self.name:
            return f"...{self.name} {self.condition}"
        on = f"on {self.on} " if self.on else ""
        return f"... {on}{self.condition} {{ {' '.join(map(str, self.selection))} }}"


Selection = Field | Fragment


def selections(type_name: str, depth: int, names: Iterator[int]) -> st.SearchStrategy[Any]:
    """Selections on a type; a key always names one field with one argument text."""

    def fields() -> st.SearchStrategy[Selection]:
        return st.sampled_from([*FIELDS[type_name], *WEIGHTS.get(type_name, [])]).flatmap(of_name)

    def of_name(name: str) -> st.SearchStrategy[Selection]:
        of = FIELDS[type_name][name].strip("[]!")
        arguments = sorted(ARGUMENTS) if name == "sized" else [""]

        def make(argument: str, condition: str, is_aliased: bool, below: Any) -> Field:
            number = sorted(ARGUMENTS).index(argument)
            alias = f"{name}_{type_name}_{number}" if is_aliased or argument else None
            return Field(name, alias, argument, condition, tuple(below))

        below = selections(of, depth - 1, names) if of not in SCALARS else st.just(())
        return st.builds(
            make,
            st.sampled_from(arguments),
            st.sampled_from(sorted(CONDITIONS)),
            st.booleans(),
            below,
        )

    def fragments() -> st.SearchStrategy[Selection]:
        narrower = CONCRETE.get(type_name, [])
        others = ["Thing", "Either"] if narrower or type_name in IMPLEMENTS else []
        wider = [None, type_name, *narrower, *others]
        return st.sampled_from(wider).flatmap(of_condition)

    def of_condition(on: str | None) -> st.SearchStrategy[Selection]:
        inner = selections(on or type_name, depth - 1, names)

        def make(condition: str, is_named: bool, selection: Any) -> Fragment:
            name = f"F{next(names)}" if is_named else None
            return Fragment(on or (type_name if name else None), condition, tuple(selection), name)

        return st.builds(make, st.sampled_from(sorted(CONDITIONS)), st.booleans(), inner)

    options: list[st.SearchStrategy[Selection]] = [st.just(Field("__typename", None, "", "", ()))]
    if depth > 0:
        options = [fragments(), *([fields()] * 3 if type_name in FIELDS else [])]
    return st.lists(st.one_of(options), min_size=1, max_size=3 if depth > 2 else 2)


def named(selection: Any) -> Iterator[Fragment]:
    for each in selection:
        if isinstance(each, Fragment) and each.name:
            yield each
        yield from named(each.selection)


# --- the interpreter: row by row, nothing known beforehand, nothing remembered ---


class Bubble(Exception):
    """A non-null field is null."""


@dataclass
class Interpreter:
    rules: Mapping[str, str]
    rejecting: frozenset[str]
    who: Principal
    errors: set[tuple[tuple[str | int, ...], str]] = field(default_factory=set)
    reported: set[tuple[tuple[str, ...], int]] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    is_rejected: bool = False
    has_bubbled: bool = False

    def holders(self, type_name: str, name: str) -> Iterator[str]:
        for holder in (type_name, *IMPLEMENTS.get(type_name, [])):
            if name in FIELDS[holder]:
                yield from (each for each in (f"{holder}.{name}", holder) if each in self.rules)

    def verdicts(self, coordinates: list[str], number: int) -> bool:
        return all(RULES[self.rules[each]][1](self.who, number) for each in coordinates)

    def is_denied_statically(self, type_name: str, name: str) -> bool:
        """Whether one of the rules lets no object at all pass, of whatever type stands there."""
        if type_name in CONCRETE:
            return all(self.is_denied_statically(each, name) for each in CONCRETE[type_name])
        holders = list(self.holders(type_name, name))
        return any(not any(self.verdicts([one], number) for number in (0, 1)) for one in holders)

    def does_reject(self, type_name: str, name: str) -> bool:
        if type_name in CONCRETE:
            return any(self.does_reject(each, name) for each in CONCRETE[type_name])
        return not self.rejecting.isdisjoint(self.holders(type_name, name))

    def denied_input(self, each: Field) -> str | None:
        given = ARGUMENTS[each.arguments] if each.name == "sized" else []
        return next(
            (one for one in given if one in self.rules and not self.verdicts([one], 0)), None
        )

    def collect(self, declared: str, selection: Any) -> Iterator[tuple[str, Field]]:
        """Fields with the type that they are read from, in the document's own terms."""
        for each in selection:
            if not CONDITIONS[each.condition]:
                continue
            if isinstance(each, Field):
                yield declared, each
            else:
                # A fragment on a wider type reads the narrower one.
                on = each.on or declared
                is_wider = on in SUPERTYPES.get(declared, [])
                yield from self.collect(declared if is_wider else on, each.selection)

    def foresee(self, declared: str, selection: Any, path: tuple[str, ...]) -> None:
        """Report what is denied whatever the objects are, position by position."""
        for type_name, each in self.collect(declared, selection):
            here = (*path, each.key)
            if each.name == "__typename":
                continue
            denied = self.denied_input(each)
            rejects = denied in self.rejecting
            if self.is_denied_statically(type_name, each.name):
                denied = f"{type_name}.{each.name}"
                rejects = self.does_reject(type_name, each.name)
            self.is_rejected |= rejects
            if denied:
                self.errors.add((here, denied))
                self.reported.add((here, id(each)))
            elif each.selection:
                of = FIELDS[type_name][each.name].strip("[]!")
                self.foresee(of, each.selection, here)

    def reached(self, type_name: str, selection: Any) -> Iterator[Field]:
        """The fields that are read from an object of a type (GraphQL section 6.3.2)."""
        for each in selection:
            if not CONDITIONS[each.condition]:
                continue
            if isinstance(each, Field):
                yield each
            elif each.on in (None, type_name, *SUPERTYPES.get(type_name, [])):
                yield from self.reached(type_name, each.selection)

    def run(self, node: Node, selection: Any, path: tuple[Any, ...]) -> Any:
        type_name, number = node
        groups: dict[str, list[Field]] = {}
        for each in self.reached(type_name, selection):
            groups.setdefault(each.key, []).append(each)
        return {
            key: self.field(type_name, number, group, (*path, key)) for key, group in groups.items()
        }

    def field(self, type_name: str, number: int, group: list[Field], path: tuple[Any, ...]) -> Any:
        first = group[0]
        if first.name == "__typename":
            return type_name
        is_non_null = FIELDS[type_name][first.name].endswith("!")
        position = tuple(key for key in path if isinstance(key, str))
        allowed = self.verdicts(list(self.holders(type_name, first.name)), number)
        coordinate = f"{type_name}.{first.name}"
        places = {(position, id(each)) for each in group}
        if self.is_denied_statically(type_name, first.name):
            # Behind an interface it comes to light only now, once for each position.
            if not places & self.reported:
                self.errors.add((position, coordinate))
            self.reported |= places
        elif self.denied_input(first):
            allowed = False
        elif not allowed:
            self.errors.add((path, coordinate))
        if not allowed:
            if is_non_null:
                self.has_bubbled = True
                raise Bubble
            return None
        if first.name != "must":
            self.calls.append(f"{coordinate} {number}")
        below = [each for one in group for each in one.selection]
        value = stands(first.name, number)
        if value == "MILE" and "Unit.MILE" in self.rules and not self.verdicts(["Unit.MILE"], 0):
            self.errors.add((path, "Unit.MILE"))
            return None
        return self.complete(value, below, path)

    def complete(self, value: Any, selection: Any, path: tuple[Any, ...]) -> Any:
        if isinstance(value, list):
            return [self.complete(each, selection, (*path, i)) for i, each in enumerate(value)]
        if not isinstance(value, tuple):
            return value
        try:
            return self.run(value, selection, path)
        except Bubble:
            return None


callers = st.sampled_from(
    [
        ANONYMOUS,
        principal(),
        principal("p:read"),
        principal("q:read"),
        principal("p:read", "q:read"),
    ]
)
VARIABLES = {
    "yes": "Boolean! = true",
    "no": "Boolean!",
    "by": "By",
    "none": "By",
    "none2": "Int",
    "within": "Within",
}
SENT = {
    "no": False,
    "by": {"step": 1, "unit": "MILE"},
    "within": {"bys": [None, {"unit": "MILE"}]},
}


def written(kind: str, selection: tuple[Selection, ...]) -> str:
    """The document, with the variables that it uses."""
    fragments = {
        each.name: f"fragment {each.name} on {each.on} {{ {' '.join(map(str, each.selection))} }}"
        for each in named(selection)
    }
    text = f"{{ {' '.join(map(str, selection))} }} {' '.join(fragments.values())}"
    used = set(re.findall(r"\$(\w+)", text))
    declared = ", ".join(f"${name}: {of}" for name, of in VARIABLES.items() if name in used)
    return f"{kind} ({declared}) {text}" if declared else f"{kind} {text}"


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A schema is built for each example: to shrink one takes minutes, and the note says enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    fields=st.fixed_dictionaries({each: st.sampled_from(MOSTLY_PUBLIC) for each in GUARDED}),
    types=st.dictionaries(st.sampled_from(TYPES), st.sampled_from(sorted(RULES)), max_size=2),
    inputs=st.dictionaries(
        st.sampled_from(INPUTS), st.sampled_from(sorted(STATIC)), min_size=1, max_size=2
    ),
    rejecting=st.sets(st.sampled_from([*GUARDED, *TYPES, *INPUTS]), max_size=2),
    data=st.data(),
)
def test_what_executes_is_what_the_interpreter_allows(
    fields: dict[str, str],
    types: dict[str, str],
    inputs: dict[str, str],
    rejecting: set[str],
    data: st.DataObject,
) -> None:
    fields.pop("Leaf.must")  # non-null: it has its type's rule
    for root, name in product(ROOTS.values(), ROOT_FIELDS):
        # A root field has no object to look at.
        fields[f"{root}.{name}"] = data.draw(st.sampled_from(["public", "public", *sorted(STATIC)]))
    rules = fields | types | inputs
    moded = frozenset(each for each in rejecting if rules.get(each) != "public")  # it denies nobody
    schema = build(rules, moded)
    compare_with_what_is_seen(schema, Interpreter(rules, moded, data.draw(callers)))
    for kind in ("query", "query", "mutation"):
        selection = tuple(data.draw(selections(ROOTS[kind], 4, count())))
        document = written(kind, selection * data.draw(st.integers(1, 2)))
        oracle = Interpreter(rules, moded, data.draw(callers))
        compare(schema, oracle, ROOTS[kind], selection, document)


def compare_with_what_is_seen(schema: Schema, oracle: Interpreter) -> None:
    """One introspects what one could use: it is not denied, and something of its type is left."""
    seen: dict[str, Any] = shape(schema.rules, oracle.who.grants).type_map
    for type_name, names in FIELDS.items():
        for name, of in names.items() if type_name in seen else ():
            is_usable = of.strip("[]!") in seen and not oracle.is_denied_statically(type_name, name)
            assert (name in seen[type_name].fields) is is_usable, f"{type_name}.{name}"
    for coordinate in INPUTS:
        is_usable = coordinate not in oracle.rules or oracle.verdicts([coordinate], 0)
        type_name, name, argument = [*re.findall(r"\w+", coordinate), None][:3]
        if type_name not in seen:
            continue
        if argument is None:
            of_type = seen[type_name]
            members = of_type.values if is_enum_type(of_type) else of_type.fields
            assert (name in members) is is_usable, coordinate
        elif name in seen[type_name].fields:
            is_usable &= argument.title() in seen
            assert (argument in seen[type_name].fields[name].args) is is_usable, coordinate


def compare(schema: Schema, oracle: Interpreter, root: str, selection: Any, document: str) -> None:
    who = oracle.who
    note(f"{document} for {sorted(who.grants)}")
    oracle.foresee(root, selection, ())
    roots = {each.key for _, each in oracle.collect(root, selection)}
    all_denied = {path for path, _ in oracle.errors} == {(key,) for key in roots}
    is_strict = root == "Mutation" or oracle.is_rejected or all_denied
    rejected = bool(oracle.errors) and is_strict
    caller = Caller(who)
    result = asyncio.run(schema.execute(document, SENT, caller))
    codes = {(each.extensions or {})["code"] for each in result.errors or ()}
    assert codes <= ({"FORBIDDEN"} if who.is_authenticated else {"UNAUTHENTICATED"})
    if rejected:
        assert isinstance(result, NotExecuted)
        assert caller.calls == []
    else:
        expected = oracle.run((root, 0), selection, ())
        assert result.data == expected
        if not oracle.has_bubbled:
            assert sorted(caller.calls) == sorted(oracle.calls)
    seen = [
        (tuple(each.path or ()), (each.extensions or {})["coordinate"])
        for each in result.errors or ()
    ]
    assert len(seen) == len(set(seen))
    if not oracle.has_bubbled:
        assert set(seen) == oracle.errors
