"""How a field is reached: the roads to it from the root fields, and what they take together.

A step takes the rule of its field, and the rules of whatever must be given to that field. A road is
worth telling if it lets somebody in whom no shorter one does, so types in circles end the search,
and the roads that are told let in all that there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_required_argument,
    is_required_input_field,
)

from graph_api.authorization.analysis import ALWAYS, NEVER, Analysis, Function, GrantSet
from graph_api.authorization.rulebook import RuleBook
from graph_api.errors import NotFound

WHO_SIGNS_IN = "of the one who has just signed in"


@dataclass(frozen=True)
class Requirements:
    """What using the elements of a schema takes.

    Attributes:
        book: the rules of the schema.
        analysis: where what it takes can be compared.
    """

    book: RuleBook
    analysis: Analysis

    def field(self, coordinate: str, *, at: str = "", whose: str = "") -> Function:
        """Return what a field takes: its rule, and those of what must be given to it."""
        rule = self.book.fields.get(coordinate)
        own = self.analysis.of(rule.term, at=at, whose=whose) if rule else ALWAYS
        arguments = self.book.field(coordinate).args
        return self.analysis.all(
            [
                own,
                *(
                    self.given(f"{coordinate}({name}:)", each, whose=whose)
                    for name, each in arguments.items()
                    if is_required_argument(each)
                ),
            ]
        )

    def given(
        self,
        coordinate: str,
        element: GraphQLArgument | GraphQLInputField,
        *,
        whose: str = "",
        inside: frozenset[str] = frozenset(),
    ) -> Function:
        """Return what giving an argument or input field takes, with the least value it can have."""
        of_type = element.type.of_type if isinstance(element.type, GraphQLNonNull) else element.type
        return self.analysis.all(
            (self.rule(coordinate, whose=whose), self._value(of_type, whose, inside))
        )

    def rule(self, coordinate: str, *, whose: str = "") -> Function:
        """Return what the rule of an argument, input field or enum value takes."""
        rule = self.book.inputs.get(coordinate)
        return self.analysis.of(rule.term, whose=whose) if rule else ALWAYS

    def _value(self, of_type: Any, whose: str, inside: frozenset[str]) -> Function:
        """Return what any value of a type takes; none is without end, and a list may be empty."""
        if isinstance(of_type, GraphQLEnumType):
            return self.analysis.any(
                self.rule(f"{of_type.name}.{name}", whose=whose) for name in of_type.values
            )
        if not isinstance(of_type, GraphQLInputObjectType):
            return ALWAYS
        if of_type.name in inside:
            return NEVER
        fields = (
            self.given(f"{of_type.name}.{name}", each, whose=whose, inside=inside | {of_type.name})
            for name, each in of_type.fields.items()
            if of_type.is_one_of or is_required_input_field(each)
        )
        return self.analysis.any(fields) if of_type.is_one_of else self.analysis.all(fields)


@dataclass(frozen=True)
class Road:
    """A way from a root field to an object, or to a field of it.

    Attributes:
        steps: the coordinates of the fields, from the root on.
        takes: what all of them take together.
        whose: who is judged at its end, if it is not the caller.
    """

    steps: tuple[str, ...] = ()
    takes: Function = ALWAYS
    whose: str = ""


@dataclass(frozen=True)
class Reach:
    """What opens an element, and how one comes to it.

    Attributes:
        sets: the smallest sets of grants for which one of the roads is open.
        roads: the roads, shortest first, each with its own smallest sets.
    """

    sets: frozenset[GrantSet]
    roads: list[tuple[tuple[str, ...], frozenset[GrantSet]]]


@dataclass
class Roads:
    """The roads of one schema."""

    book: RuleBook
    analysis: Analysis = field(default_factory=Analysis)

    def reach(self, coordinate: str) -> Reach:
        """Return what opens a field (``User.email``) or an argument (``Query.users(first:)``).

        Raises:
            NotFound: the schema has no such field or argument.
        """
        self._require(coordinate)
        roads = list(self._worth_telling(self._to(coordinate)))
        whole = self.analysis.any(road.takes for road in roads)
        minimal = self.analysis.minimal
        return Reach(minimal(whole), [(road.steps, minimal(road.takes)) for road in roads])

    def _require(self, coordinate: str) -> None:
        known = [
            element
            for field, each in self.book.graphql_fields()
            for element in (field, *(f"{field}({arg}:)" for arg in each.args))
        ]
        if coordinate not in known:
            near = get_close_matches(coordinate, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise NotFound(f"The schema has no field or argument {coordinate}.{hint}")

    def _to(self, coordinate: str) -> Iterator[Road]:
        """Yield the roads to an element; to one of an interface, through each type that has it."""
        element, _, argument = coordinate.removesuffix(":)").partition("(")
        type_name, _, name = element.partition(".")
        for of_type in objects_of(self.book, type_name):
            found = f"{of_type.name}.{name}"
            for road in self._arriving.get(of_type.name, ()):
                takes = [self._step(road, found).takes]
                if argument:
                    given = of_type.fields[name].args[argument]
                    takes.append(self._requirements.given(f"{found}({argument}:)", given))
                yield Road((*road.steps, found), self.analysis.all(takes), road.whose)

    @cached_property
    def _requirements(self) -> Requirements:
        return Requirements(self.book, self.analysis)

    @cached_property
    def _arriving(self) -> dict[str, list[Road]]:
        """The roads to objects, by the name of their type, shortest first."""
        schema = self.book.schema
        roots = filter(None, (schema.query_type, schema.mutation_type, schema.subscription_type))
        arriving = {root.name: [Road()] for root in roots}
        open_for: dict[tuple[str, str], Function] = {(name, ""): ALWAYS for name in arriving}
        queue = deque((name, Road()) for name in arriving)
        while queue:
            type_name, road = queue.popleft()
            for onward, step in self._onward(type_name, road):
                known = open_for.get((onward, step.whose), NEVER)
                if self.analysis.without(step.takes, known) is not NEVER:
                    open_for[onward, step.whose] = self.analysis.any((known, step.takes))
                    arriving.setdefault(onward, []).append(step)
                    queue.append((onward, step))
        return arriving

    def _onward(self, type_name: str, road: Road) -> Iterator[tuple[str, Road]]:
        of_type: Any = self.book.schema.type_map[type_name]
        for name, each in of_type.fields.items():
            if objects := objects_of(self.book, get_named_type(each.type).name):
                step = self._step(road, f"{type_name}.{name}")
                yield from ((onward.name, step) for onward in objects)

    def _step(self, road: Road, coordinate: str) -> Road:
        at = ", ".join(filter(None, (f"of {coordinate}", road.whose)))
        takes = self._requirements.field(coordinate, at=at, whose=road.whose)
        whose = WHO_SIGNS_IN if coordinate in self.book.acting else road.whose
        return Road((*road.steps, coordinate), self.analysis.all((road.takes, takes)), whose)

    def _worth_telling(self, roads: Iterator[Road]) -> Iterator[Road]:
        known: Function = NEVER
        for road in sorted(roads, key=lambda road: len(road.steps)):
            if self.analysis.without(road.takes, known) is not NEVER:
                known = self.analysis.any((known, road.takes))
                yield road


def objects_of(book: RuleBook, type_name: str) -> Sequence[GraphQLObjectType]:
    """Return the types of the objects that stand behind an output type; none for a leaf."""
    named = book.schema.type_map[type_name]
    if is_abstract_type(named):
        return book.schema.get_possible_types(named)
    return [named] if isinstance(named, GraphQLObjectType) else []
