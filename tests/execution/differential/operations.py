"""Operations made up for a schema: the document's text, and the variables that are sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.execution.differential.choices import Choices
from tests.execution.differential.schemas import (
    ENUM_VALUES,
    ENUMS,
    PYTHON,
    Argument,
    Field,
    Input,
    Sketch,
    named,
)
from tests.execution.differential.variables import Variable

LITERALS: dict[str, list[str]] = {
    "Int": ["1", "0", "-3", "2147483647"],
    "Float": ["1.5", "1", "-2e3"],
    "String": ['"s"', '""', '"é\\n"', '"""block"""'],
    "Boolean": ["true", "false"],
    "ID": ['"i"', "4"],
    "DateTime": ['"2026-01-02T03:04:05+00:00"'],
    "Date": ['"2026-01-02"'],
    "Decimal": ['"1.10"'],
    "UUID": ['"00000000-0000-0000-0000-000000000001"'],
    "JSON": ["{ k: [1, null] }", "1"],
    "Odd": ["3", "1"],
}


@dataclass(frozen=True)
class Operation:
    """An operation.

    Attributes:
        fields: the names of the fields that it selects.
    """

    document: str
    variables: list[Variable]
    fields: list[str]


def operation(schema: Sketch, choices: Choices) -> Operation:
    return _Writer(schema, choices).written()


@dataclass
class _Writer:
    schema: Sketch
    choices: Choices
    declared: list[Variable] = field(default_factory=list)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    fields: dict[str, None] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    is_constant: bool = False

    def written(self) -> Operation:
        is_mutation = "Mutation" in self.schema.composites and self.choices.once_in(3)
        root = "Mutation" if is_mutation else "Query"
        kind = "mutation" if is_mutation else "query"
        selection = self._selection(root, 4)
        variables = f" ({', '.join(map(str, self.declared))})" if self.declared else ""
        texts = [f"fragment {name} on {on} {text}" for name, (on, text) in self.fragments.items()]
        document = "\n".join([f"{kind} Op{variables} {selection}", *texts])
        return Operation(document, self.declared, list(self.fields))

    def _selection(self, of: str, depth: int) -> str:
        number = 1 + self.choices.below(3 if depth > 2 else 2)
        return f"{{ {' '.join(self._one(of, depth) for _ in range(number))} }}"

    def _one(self, of: str, depth: int) -> str:
        there = self.schema.fields(of)
        what = self.choices.of(["field", "field", "field", "field", "name", "inline", "spread"])
        if what == "name" or (what == "field" and not there):
            return f"__typename{self._condition()}"
        if what == "field":
            fields = [each for each in there.values() if depth > 1 or not self._is_composite(each)]
            again = [each for each in fields if each.name in self.fields]
            return (
                self._field(self.choices.of([*fields, *again]), depth) if fields else "__typename"
            )
        if depth <= 1:
            return "__typename"
        return self._inline(of, depth) if what == "inline" else self._spread(of, depth)

    def _is_composite(self, of: Field) -> bool:
        return named(of.of) not in {*PYTHON, *ENUMS}

    def _field(self, of: Field, depth: int) -> str:
        self.fields[of.name] = None
        arguments = self._arguments(of)
        condition = self._condition()
        key = self._key(of, arguments)
        below = f" {self._selection(named(of.of), depth - 1)}" if self._is_composite(of) else ""
        return f"{key}{of.name}{arguments}{condition}{below}"

    def _key(self, of: Field, arguments: str) -> str:
        """Return an alias that no other arguments of the field have, or none."""
        if not arguments:
            return self.choices.of(["", "", f"other_{of.name}: "])
        number = len([one for one in self.keys if one[0] == of.name])
        return self.keys.setdefault((of.name, arguments), f"{of.name}_{number}: ")

    def _condition(self) -> str:
        match self.choices.below(12):
            case 9:
                return f" @skip(if: {self._boolean()})"
            case 10:
                return f" @include(if: {self._boolean()})"
            case 11:
                return f" @include(if: {self._boolean()}) @skip(if: {self._boolean()})"
        return ""

    def _boolean(self) -> str:
        what = self.choices.of(["true", "false", "variable", "default"])
        if what in {"true", "false"}:
            return what
        return self._declare(
            "Boolean!", self.choices.of(["true", "false"]) if what == "default" else ""
        )

    def _declare(self, of: str, default: str = "") -> str:
        variable = Variable(f"v{len(self.declared)}", of, default)
        self.declared.append(variable)
        return f"${variable.name}"

    def _inline(self, of: str, depth: int) -> str:
        on = self.choices.of(["", *self._overlapping(of)])
        below = self._selection(on or of, depth - 1)
        return f"...{f' on {on}' if on else ''}{self._condition()} {below}"

    def _overlapping(self, of: str) -> list[str]:
        """Return the types that have an object in common with a type."""
        if of in {"Query", "Mutation"}:
            return [of]
        possible = set(self.schema.possible(of))
        names = [*self.schema.objects, *self.schema.interfaces, *self.schema.unions]
        return [name for name in names if possible & set(self.schema.possible(name))]

    def _spread(self, of: str, depth: int) -> str:
        fitting = [name for name, (on, _) in self.fragments.items() if on == of]
        if not fitting or self.choices.once_in(2):
            on = self.choices.of([of, *self._overlapping(of)])
            below = self._selection(on, depth - 1)
            fitting = [f"F{len(self.fragments)}"]
            self.fragments[fitting[0]] = on, below
        return f"...{self.choices.of(fitting)}{self._condition()}"

    # --- what is given ---

    def _arguments(self, of: Field) -> str:
        given = [text for each in of.arguments if (text := self._argument(each)) is not None]
        return f"({', '.join(given)})" if given else ""

    def _argument(self, of: Argument) -> str | None:
        """Give an argument or an input's field, or leave it away where that is allowed."""
        may_lack = not of.of.endswith("!") or of.default is not None
        if may_lack and self.choices.once_in(3):
            return None
        return f"{of.name}: {self._value(of, 2)}"

    def _value(self, of: Argument, depth: int) -> str:
        if not self.is_constant and self.choices.of([False, True]):
            return self._variable(of)
        return self._literal(of.of, depth)

    def _variable(self, of: Argument) -> str:
        kind = self.choices.of(["plain", "strict", "default"])
        text = f"{of.of.removesuffix('!')}!" if kind == "strict" else of.of
        return self._declare(text, self._constant(text) if kind == "default" else "")

    def _constant(self, of: str) -> str:
        self.is_constant = True
        text = self._literal(of, 2)
        self.is_constant = False
        return text

    def _literal(self, of: str, depth: int) -> str:
        if not of.endswith("!") and self.choices.once_in(6):
            return "null"
        of = of.removesuffix("!")
        if of.startswith("["):
            inner = of[1:-1]
            if self.choices.once_in(4):
                return self._literal(inner.rstrip("!") + "!", depth)  # one stands for a list of it
            return (
                f"[{', '.join(self._literal(inner, depth) for _ in range(self.choices.below(3)))}]"
            )
        if of in self.schema.inputs:
            return self._object(self.schema.inputs[of], depth)
        return self.choices.of(ENUM_VALUES if of in ENUMS else LITERALS[of])

    def _object(self, of: Input, depth: int) -> str:
        if of.is_one_of:
            one = self.choices.of(of.fields[: 2 if depth <= 0 else 3])
            strict = Argument(one.name, one.of + "!")
            if not self.is_constant and self.choices.once_in(3):
                return f"{{ {one.name}: {self._declare(strict.of)} }}"
            return f"{{ {one.name}: {self._literal(strict.of, depth - 1)} }}"
        given = [text for each in of.fields if (text := self._input_field(each, depth))]
        return f"{{ {', '.join(given)} }}"

    def _input_field(self, of: Argument, depth: int) -> str | None:
        may_lack = not of.of.endswith("!") or of.default is not None
        if may_lack and (depth <= 0 or self.choices.once_in(3)):
            return None
        return f"{of.name}: {self._value(of, depth - 1) if depth > 0 else self._literal(of.of, 0)}"
