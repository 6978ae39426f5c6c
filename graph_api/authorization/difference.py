"""What a change of a schema opens, and closes, and for whom: exact, over all sets of grants.

Each element (field, argument, input field, enum value) is compared with itself by what using it
takes. What is not there is closed. An element that leads to another object or input type than
before counts as a new one, so what is reached through it can't open unseen: a change that opens no
element opens no road.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLScalarType,
    get_named_type,
)

from graph_api.authorization.analysis import (
    ALWAYS,
    NEVER,
    Analysis,
    Function,
    GrantSet,
)
from graph_api.authorization.roads import Requirements, objects_of
from graph_api.authorization.rulebook import RuleBook


@dataclass(frozen=True)
class Element:
    """An element of a schema.

    Attributes:
        takes: what using it takes.
        rule: its rule, as printed; None if it has none.
        leads_to: names of the types of the objects behind it, or of the input type that it takes.
        of: the coordinate of the field, of an argument.
    """

    takes: Function
    rule: str | None
    leads_to: frozenset[str] = frozenset()
    of: str | None = None


Elements = Mapping[str, Element]


@dataclass(frozen=True)
class Change:
    """What a change means for one element.

    Attributes:
        coordinate: the element.
        opens: whether it is opened, else closed.
        sets: the smallest sets of grants for which it is.
        old: what was there: its rule, ``none``, or None if it was not there.
        new: what is there now.
        onward: types to which it leads now, if it is opened, or led before, if it is closed.
    """

    coordinate: str
    opens: bool
    sets: frozenset[GrantSet]
    old: str | None
    new: str | None
    onward: tuple[str, ...] = ()


def difference(old: RuleBook, new: RuleBook) -> list[Change]:
    """Return what is opened and what is closed, by coordinate; nothing if no access changes."""
    analysis = Analysis()
    before = dict(_elements(Requirements(old, analysis), new))
    after = dict(_elements(Requirements(new, analysis), old))
    return [
        change
        for coordinate in sorted(before.keys() | after.keys())
        for opens in (True, False)
        if (change := _change(analysis, coordinate, before, after, opens=opens))
    ]


def _change(
    analysis: Analysis, coordinate: str, before: Elements, after: Elements, *, opens: bool
) -> Change | None:
    """Return what there is now and was not before; what is closed is what opens the other way."""
    narrow, wide = (before, after) if opens else (after, before)
    element = wide.get(coordinate)
    if element is None:
        return None
    known = narrow.get(coordinate)
    onward = element.leads_to - known.leads_to if known else frozenset()
    gained = analysis.without(element.takes, known.takes if known and not onward else NEVER)
    if element.of is not None:  # whoever gains the field is told there
        gained = analysis.all((gained, narrow[element.of].takes if element.of in narrow else NEVER))
    if gained is NEVER:
        return None
    return Change(
        coordinate,
        opens,
        analysis.minimal(gained),
        _rule(before.get(coordinate)),
        _rule(after.get(coordinate)),
        tuple(sorted(onward)),
    )


def _rule(element: Element | None) -> str | None:
    return (element.rule or "none") if element else None


def _elements(of: Requirements, other: RuleBook) -> Iterator[tuple[str, Element]]:
    """Yield the elements of a schema that are to be compared with another.

    Nobody gives a part of an input or enum type but through an element that takes it, which is a
    new one if the other schema has no such type.
    """
    yield from _roots(of.book)
    yield from _of_fields(of)
    for name, named in of.book.schema.type_map.items():
        if name in other.schema.type_map:
            yield from _of_inputs(of, named)


def _roots(book: RuleBook) -> Iterator[tuple[str, Element]]:
    schema = book.schema
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    for kind, root in zip(("query", "mutation", "subscription"), roots, strict=True):
        if root is not None:
            yield f"schema.{kind}", Element(ALWAYS, None, frozenset({root.name}))


def _of_fields(of: Requirements) -> Iterator[tuple[str, Element]]:
    for coordinate, each in of.book.graphql_fields():
        takes = of.field(coordinate)
        rule = of.book.fields.get(coordinate)
        behind = objects_of(of.book, get_named_type(each.type).name)
        leads_to = frozenset(one.name for one in behind)
        yield coordinate, Element(takes, rule.rule if rule else None, leads_to)
        for name, argument in each.args.items():
            whole = f"{coordinate}({name}:)"
            given = of.analysis.all((takes, of.given(whole, argument)))
            yield whole, Element(given, _printed(of, whole), _taken(argument), coordinate)


def _of_inputs(of: Requirements, named: Any) -> Iterator[tuple[str, Element]]:
    if isinstance(named, GraphQLInputObjectType):
        for name, each in named.fields.items():
            whole = f"{named.name}.{name}"
            yield whole, Element(of.given(whole, each), _printed(of, whole), _taken(each))
    elif isinstance(named, GraphQLEnumType):
        for name in named.values:
            whole = f"{named.name}.{name}"
            yield whole, Element(of.rule(whole), _printed(of, whole))


def _printed(of: Requirements, coordinate: str) -> str | None:
    rule = of.book.inputs.get(coordinate)
    return rule.rule if rule else None


def _taken(element: Any) -> frozenset[str]:
    named = get_named_type(element.type)
    return frozenset() if isinstance(named, GraphQLScalarType) else frozenset({named.name})
