"""Schemas made up from a seed: what is in them, and the Strawberry types as Python source.

The source is what a person would write, so a difference between engines can be taken from the
report to a file of its own. A field's name names one field of the whole schema, or the same one on
an interface and its types: so nearly all selections merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from string import ascii_lowercase

from tests.execution.differential.choices import Choices

PYTHON = {
    "Int": "int",
    "Float": "float",
    "String": "str",
    "Boolean": "bool",
    "ID": "strawberry.ID",
    "DateTime": "datetime.datetime",
    "Date": "datetime.date",
    "Decimal": "decimal.Decimal",
    "UUID": "uuid.UUID",
    "JSON": "JSON",
    "Odd": "Odd",
}
SCALARS = ["Int", "String", "Float", "Boolean", "ID", *PYTHON, "Odd"]
ENUMS = ["E1", "E2"]
ENUM_VALUES = ["a", "b", "c"]
STATIC_RULES = ["P", "Q", "SIGNED_IN", "P | Q", "~P", "R"]
OBJECT_RULES = [
    *("odd", "later_odd", "P | odd", "Q & later_odd"),
    *("~vague", "R | given", "P | Stranger"),
]
RULES = [*STATIC_RULES, *OBJECT_RULES]
DENIALS = ["forbid", "conceal", "mixed", "conceal", "reject"]
"""How schemas answer who is denied something; ``mixed`` has rules that say so by themselves."""

DEFAULTS = {
    "Int": "7",
    "Float": "1.5",
    "String": '"d"',
    "Boolean": "True",
    "ID": '"i"',
    "E1": "E1.b",
    "E2": "E2.a",
}


@dataclass(frozen=True)
class Argument:
    """An argument, or a field of an input object.

    Attributes:
        of: its type as GraphQL writes it.
        default: its default as Python writes it.
        rule: the rule of those who may give it.
    """

    name: str
    of: str
    default: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Field:
    """A field of an object.

    Attributes:
        how: an attribute, or a resolver: sync, async, or one that is either.
    """

    name: str
    of: str
    how: str
    arguments: tuple[Argument, ...] = ()
    rule: str | None = None
    extended: bool = False


@dataclass(frozen=True)
class Composite:
    """An object or an interface.

    Attributes:
        fields: its own, and for an interface's type those that it overrides.
    """

    name: str
    fields: tuple[Field, ...]
    implements: tuple[str, ...] = ()
    is_interface: bool = False
    rule: str | None = None


@dataclass(frozen=True)
class Input:
    name: str
    fields: tuple[Argument, ...]
    is_one_of: bool = False


@dataclass
class Sketch:
    """A schema.

    Attributes:
        is_sync: no resolver is async.
        denial: one of ``DENIALS``.
        value_rules: the rules of enum values, by enum and value.
        extensions: Strawberry extensions of the schema.
    """

    seed: int
    is_sync: bool
    denial: str = "forbid"
    composites: dict[str, Composite] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    unions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    value_rules: dict[tuple[str, str], str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()

    @property
    def objects(self) -> list[str]:
        return [each.name for each in self.composites.values() if is_plain(each)]

    @property
    def interfaces(self) -> list[str]:
        return [each.name for each in self.composites.values() if each.is_interface]

    def possible(self, name: str) -> list[str]:
        """Return the objects that a type may stand for."""
        if name in self.unions:
            return list(self.unions[name])
        if self.composites[name].is_interface:
            return [one for one in self.objects if name in self.supertypes(one)]
        return [name]

    def supertypes(self, name: str) -> set[str]:
        direct = self.composites[name].implements
        return {*direct, *(above for one in direct for above in self.supertypes(one))}

    def fields(self, name: str) -> dict[str, Field]:
        """Return the fields of a type, inherited ones too."""
        if name in self.unions:
            return {}
        of = self.composites[name]
        inherited = [each for one in of.implements for each in self.fields(one).values()]
        return {each.name: each for each in (*inherited, *of.fields)}

    @property
    def looks_at_objects(self) -> bool:
        """Whether a rule of a type or a field does."""
        of_types = [each.rule for each in self.composites.values()]
        of_fields = [each.rule for of in self.composites.values() for each in of.fields]
        texts = [rule for rule in (*of_types, *of_fields) if rule]
        return any(each in text for each in OBJECT_RULES for text in texts)

    def all_fields(self) -> dict[str, Field]:
        return {each.name: each for of in self.composites.values() for each in of.fields}


def is_plain(composite: Composite) -> bool:
    return not composite.is_interface and composite.name not in {"Query", "Mutation"}


def named(of: str) -> str:
    return of.strip("[]!")


def python(of: str) -> str:
    """Write a GraphQL type in Python: ``[Int!]`` is ``list[int] | None``."""
    return bare(of[:-1]) if of.endswith("!") else f"{bare(of)} | None"


def bare(of: str) -> str:
    return f"list[{python(of[1:-1])}]" if of.startswith("[") else PYTHON.get(of, of)


def wrapped(choices: Choices, of: str) -> str:
    """Make a type nullable or not, or a list of it, or a list of lists."""
    text = of + choices.of(["", "!"])
    for _ in range(choices.of([0, 0, 0, 1, 1, 2])):
        text = f"[{text}]{choices.of(['', '!'])}"
    return text


def sketch(seed: int) -> Sketch:
    choices = Choices(Random(seed).randbytes(8_000))
    has_rules = seed % 4 > 1
    denial = choices.of(DENIALS) if has_rules else "forbid"
    return _Maker(Sketch(seed, seed % 2 == 0, denial), choices, has_rules).made()


@dataclass
class _Maker:
    to: Sketch
    choices: Choices
    has_rules: bool

    def made(self) -> Sketch:
        choices, to = self.choices, self.to
        interfaces = ["I1", "I2"][: choices.of([1, 2])]
        objects = [f"T{number}" for number in range(1, choices.of([3, 4, 5]) + 1)]
        to.unions["U1"] = tuple(objects[: choices.of([2, 3])])
        self._inputs()
        self.outputs = [*objects, *objects, *interfaces, "U1"]
        for name in interfaces:
            above = ("I1",) if name == "I2" and choices.once_in(2) else ()
            to.composites[name] = Composite(
                name, self._fields(name, 2), above, is_interface=True, rule=self._rule(8)
            )
        for name in objects:
            self._object(name, interfaces)
        fields = self._fields("Query", 5, is_root=True)
        either = Field("either", wrapped(choices, "U1"), "sync")
        to.composites["Query"] = Composite("Query", (*fields, either))
        if choices.once_in(2):
            fields = self._fields("Mutation", 3, is_root=True)
            to.composites["Mutation"] = Composite("Mutation", fields)
        for place in [(enum, value) for enum in ENUMS for value in ENUM_VALUES]:
            if (rule := self._rule(3)) is not None:
                to.value_rules[place] = rule
        to.extensions = choices.of([("Timed",), *[()] * 4])
        if choices.once_in(20):  # graphql-core runs these both times
            to.extensions = ("Renamed",)
        return to

    def _object(self, name: str, interfaces: list[str]) -> None:
        choices = self.choices
        above = tuple(choices.of([[], interfaces[:1], interfaces[-1:]]))
        inherited = [each for one in above for each in self.to.fields(one).values()]
        overridden = [self._again(each) for each in inherited if choices.once_in(2)]
        fields = (*overridden, *self._fields(name, 4))
        self.to.composites[name] = Composite(name, fields, above, rule=self._rule(5, RULES))

    def _again(self, of: Field) -> Field:
        how = "sync" if of.arguments else self._how()
        return Field(of.name, of.of, how, of.arguments, self._rule(6))

    def _inputs(self) -> None:
        self.inputs = [*PYTHON, *ENUMS]
        for name in ("In1", "In2"):
            made = [self._argument(f"{name.lower()}{letter}") for letter in ascii_lowercase[:3]]
            self.to.inputs[name] = Input(name, tuple(made))
            self.inputs += [name, name]
        fields = (Argument("x", "Int"), Argument("y", "String"), Argument("z", "In1"))
        self.to.inputs["One"] = Input("One", fields, is_one_of=True)
        self.inputs += ["One", "One"]

    def _argument(self, name: str) -> Argument:
        of = wrapped(self.choices, self.choices.of(self.inputs))
        return Argument(name, of, self._default(of), self._rule(8))

    def _default(self, of: str) -> str | None:
        options: list[str | None] = [None]
        base = DEFAULTS.get(named(of))
        if not of.endswith("!"):
            options = ["None", "None", "strawberry.UNSET", "strawberry.UNSET", "None", None]
        if base is not None and of.count("[") == 0:
            options += [base, base]
        return self.choices.of(options)

    def _rule(self, rarity: int, among: Sequence[str] = STATIC_RULES) -> str | None:
        is_ruled = self.choices.once_in(rarity)
        rule = self.choices.of(among)
        if self.to.is_sync:
            rule = rule.replace("later_odd", "odd")
        if self.to.denial == "mixed":
            rule = self.choices.of([rule, rule, f"Conceal({rule})", f"Reject({rule})"])
        return rule if self.has_rules and is_ruled else None

    def _how(self) -> str:
        options = ["attribute", "attribute", "sync", "sync"]
        return self.choices.of(options if self.to.is_sync else [*options, "async", "either"])

    def _fields(self, prefix: str, count: int, *, is_root: bool = False) -> tuple[Field, ...]:
        names = [f"{prefix.lower()}{letter}" for letter in ascii_lowercase[:count]]
        fields = [self._field(name, is_root=is_root) for name in names]
        if is_root:  # at least one way down
            first = fields[0]
            of = wrapped(self.choices, self.choices.of(self.outputs))
            fields[0] = Field(first.name, of, first.how, first.arguments)
            fields = [self._often_nullable(each) for each in fields]
        return tuple(fields)

    def _often_nullable(self, of: Field) -> Field:
        """A root field that must not be null nulls all other fields."""
        return of if self.choices.once_in(4) else replace(of, of=of.of.removesuffix("!"))

    def _field(self, name: str, *, is_root: bool) -> Field:
        choices = self.choices
        leaves = [*SCALARS, *ENUMS, *ENUMS]
        of = choices.of(choices.of([leaves, leaves, self.outputs]))
        how = self._how()
        if is_root and how == "attribute":
            how = "sync"
        many = 0 if how == "attribute" else choices.of([0, 0, 1, 2])
        arguments = tuple(self._argument(f"{name}{letter}") for letter in "xy"[:many])
        extended = how in {"sync", "async"} and choices.once_in(8)
        rule = self._rule(4, STATIC_RULES if is_root else RULES)
        return Field(name, wrapped(choices, of), how, arguments, rule, extended)


# --- written as Python ---


def source(of: Sketch) -> str:
    return "\n".join(_lines(of))


def _lines(of: Sketch) -> Iterator[str]:
    yield "from __future__ import annotations"
    yield "from tests.execution.differential.parts import *"
    for name in ENUMS:
        yield from _enum(of, name)
    for one in of.inputs.values():
        yield from _input(one)
    for composite in of.composites.values():
        yield from _composite(composite)
    for name, members in of.unions.items():
        yield f'{name} = Annotated[Union[{", ".join(members)}], strawberry.union("{name}")]'


def _enum(of: Sketch, name: str) -> Iterator[str]:
    yield f"@strawberry.enum\nclass {name}(enum.Enum):"
    for number, value in enumerate(ENUM_VALUES):
        rule = of.value_rules.get((name, value))
        ruled = f"strawberry.enum_value({number}, directives=[{rule}])" if rule else f"{number}"
        yield f"    {value} = {ruled}"


def _input(of: Input) -> Iterator[str]:
    yield f"@strawberry.input{'(one_of=True)' if of.is_one_of else ''}\nclass {of.name}:"
    for each in of.fields:
        default = "strawberry.UNSET" if of.is_one_of else each.default
        options = [f"default={default}"] if default else []
        options += [f"directives=[{each.rule}]"] if each.rule else []
        # Strawberry wants Optional for the fields of @oneOf.
        yield f"    {each.name}: {python(each.of)} = strawberry.field({', '.join(options)})"


def _composite(of: Composite) -> Iterator[str]:
    kind = "interface" if of.is_interface else "type"
    rule = f"(directives=[{of.rule}])" if of.rule else ""
    bases = ", ".join(of.implements) or "Node"
    yield f"@strawberry.{kind}{rule}\nclass {of.name}({bases}):"
    yield "    __repr__ = Node.__repr__"
    for each in of.fields:
        yield from _field(each)


def _field(of: Field) -> Iterator[str]:
    options = [f"permission_classes=[{of.rule}]"] if of.rule else []
    options += ["extensions=[Extended()]"] if of.extended else []
    made = f"strawberry.field({', '.join(options)})"
    if of.how == "attribute":
        yield f"    {of.name}: {python(of.of)} = {made}"
        return
    head = "async def" if of.how == "async" else "def"
    call = {"sync": "resolve", "async": "resolve_later", "either": "resolve_either"}[of.how]
    names = "".join(f", {each.name}={each.name}" for each in of.arguments)
    keywords = ["*", *map(_parameter, of.arguments)] if of.arguments else []
    signature = ", ".join(["self", "info: strawberry.Info", *keywords])
    yield f"    @{made}\n    {head} {of.name}({signature}) -> {python(of.of)}:"
    wait = "await " if of.how == "async" else ""
    yield f'        return {wait}info.context.{call}("{of.name}", self{names})'


def _parameter(of: Argument) -> str:
    kind = python(of.of)
    if of.rule:
        kind = f"Annotated[{kind}, strawberry.argument(directives=[{of.rule}])]"
    return f"{of.name}: {kind}" + (f" = {of.default}" if of.default else "")
