"""Small schemas with rules, types in circles, an interface and a union; and who reaches what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from graph_api.authorization.rules import Rule
from tests.authorization.worlds import World, static_rules

OBJECTS = ("Query", "A", "B")
TARGETS = ("Int", "A", "B", "I", "U")
SOME = (frozenset[str](), frozenset("A"), frozenset("B"), frozenset("AB"))
FIELDS = ("x", "xy", "xyz", "z")
Guard = Rule | None


@dataclass(frozen=True)
class Sketch:
    """A schema: the interface ``I`` has the field ``i``, and each object but ``Query`` too.

    Attributes:
        fields: what each field of an object leads to, and its own rule.
        of_types: the rules of objects and of the interface.
        of_interface: the rule of ``I.i``.
        implementing: which objects implement the interface.
        members: which objects are in the union ``U``.
    """

    fields: Mapping[tuple[str, str], tuple[str, Guard]]
    of_types: Mapping[str, Guard]
    of_interface: Guard
    implementing: frozenset[str]
    members: frozenset[str]

    def sdl(self) -> str:
        return "\n".join(
            (
                "directive @guard(rule: String!) on FIELD_DEFINITION | OBJECT | INTERFACE",
                f"union U = {' | '.join(sorted(self.members))}",
                f"interface I{guard(self.of_types['I'])} {{ i: Int{guard(self.of_interface)} }}",
                *map(self._object, OBJECTS),
            )
        )

    def _object(self, name: str) -> str:
        fields = [
            f"  {field}: {target}{guard(rule)}"
            for (of, field), (target, rule) in self.fields.items()
            if of == name
        ]
        implements = " implements I" if name in self.implementing else ""
        return "\n".join((f"type {name}{implements}{guard(self.of_types[name])} {{", *fields, "}"))

    def reached(self, world: World) -> set[str]:
        """Walk from the root, as the caller of this world: the coordinates that are come to."""
        found: set[str] = set()
        waiting, seen = ["Query"], {"Query"}
        while waiting:
            name = waiting.pop()
            for (of, field), (target, _) in self.fields.items():
                if of == name and self.allows(world, of, field):
                    found.add(f"{of}.{field}")
                    onward = self.behind(target) - seen
                    seen |= onward
                    waiting += onward
        return found

    def allows(self, world: World, of: str, field: str) -> bool:
        return all(rule.static(world.principal.grants) for rule in self._rules(of, field) if rule)

    def _rules(self, of: str, field: str) -> Iterator[Guard]:
        yield self.fields[of, field][1]
        yield self.of_types[of]
        if of in self.implementing and field == "i":
            yield self.of_types["I"]
            yield self.of_interface

    def behind(self, target: str) -> set[str]:
        abstract = {"I": self.implementing, "U": self.members, "Int": frozenset[str]()}
        return set(abstract.get(target, {target}))


def guard(rule: Guard) -> str:
    return f' @guard(rule: "{rule.rule}")' if rule else ""


@st.composite
def sketches(draw: Any) -> Sketch:
    guards = st.none() | static_rules
    fields = {
        (of, name): (draw(st.sampled_from(TARGETS)), draw(guards))
        for of in OBJECTS
        for name in draw(st.sampled_from(FIELDS))
    } | {(of, "i"): ("Int", draw(guards)) for of in ("A", "B")}
    of_types = {name: draw(guards) for name in (*OBJECTS, "I")}
    implementing, members = (draw(st.sampled_from(SOME)) for _ in "IU")
    return Sketch(fields, of_types, draw(guards), implementing, members or SOME[1])


@st.composite
def changes(draw: Any) -> tuple[Sketch, Sketch]:
    """A schema, and the same with some of its parts as in another one."""
    old, other = draw(sketches()), draw(sketches())
    fields = {
        place: draw(st.sampled_from([each for each in (mine, theirs) if each]))
        for place in old.fields.keys() | other.fields.keys()
        for mine, theirs in [(old.fields.get(place), other.fields.get(place))]
        if mine or draw(st.booleans())
    }
    parts = (
        draw(st.sampled_from([getattr(old, name), getattr(other, name)]))
        for name in ("of_types", "of_interface", "implementing", "members")
    )
    return old, Sketch(fields, *parts)
