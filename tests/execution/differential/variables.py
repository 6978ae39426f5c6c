"""Values of variables as a client sends them: given, null, left away, or of a wrong type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.execution.differential.choices import Choices
from tests.execution.differential.schemas import ENUM_VALUES, ENUMS, Input, Sketch

VALUES: dict[str, list[Any]] = {
    "Int": [1, 0, -3, 2147483647],
    "Float": [1.5, 1, -2e3],
    "String": ["s", "", "é\n"],
    "Boolean": [True, False],
    "ID": ["i", 4],
    "DateTime": ["2026-01-02T03:04:05+00:00"],
    "Date": ["2026-01-02"],
    "Decimal": ["1.10"],
    "UUID": ["00000000-0000-0000-0000-000000000001"],
    "JSON": [{"k": [1, None]}, 1],
    "Odd": [3, 1],
}
MISFITS: list[Any] = ["no", 2, 2147483648, 1.5, True, [[]], {}, {"x": 1, "y": "2"}, None]


@dataclass(frozen=True)
class Variable:
    """A variable as an operation declares it."""

    name: str
    of: str
    default: str = ""

    def __str__(self) -> str:
        return f"${self.name}: {self.of}" + (f" = {self.default}" if self.default else "")


def values(schema: Sketch, declared: Sequence[Variable], choices: Choices) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for each in declared:
        may_lack = bool(each.default) or not each.of.endswith("!")
        how = choices.of(["given"] * 8 + ["omitted", "omitted", "null", "null"])
        if may_lack and how == "omitted":
            continue
        is_null = how == "null" and not each.of.endswith("!")
        given[each.name] = None if is_null else sent(schema, choices, each.of, 2)
    if declared and choices.once_in(16):
        given[choices.of(declared).name] = choices.of(MISFITS)
    return given


def sent(schema: Sketch, choices: Choices, of: str, depth: int) -> Any:
    if not of.endswith("!") and choices.once_in(6):
        return None
    of = of.removesuffix("!")
    if of.startswith("["):
        if choices.once_in(4):
            return sent(schema, choices, of[1:-1].rstrip("!") + "!", depth)
        return [sent(schema, choices, of[1:-1], depth) for _ in range(choices.below(3))]
    if of in schema.inputs:
        return sent_object(schema, choices, schema.inputs[of], depth)
    return choices.of(ENUM_VALUES if of in ENUMS else VALUES[of])


def sent_object(schema: Sketch, choices: Choices, of: Input, depth: int) -> Any:
    if of.is_one_of:
        one = choices.of(of.fields[: 2 if depth <= 0 else 3])
        return {one.name: sent(schema, choices, one.of + "!", depth - 1)}
    return {
        each.name: sent(schema, choices, each.of, depth - 1)
        for each in of.fields
        if (each.of.endswith("!") and each.default is None)
        or (depth > 0 and not choices.once_in(3))
    }
