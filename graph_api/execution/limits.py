"""Limits on what a document may ask for, in time linear in the document.

Each fragment is measured once and its measure added wherever it is spread, so that fragments that
spread each other cost as much to judge as they are long. (``strawberry.extensions``'
``QueryDepthLimiter`` and ``MaxAliasesLimiter`` walk each spread anew, in exponential time.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
)

from graph_api.errors import OperationTooExpensive

_MAX_NESTING = 100
"""Selection sets within each other, fragments expanded: what recursion in graphql-core bears."""

_UNCOUNTED = 10**9
"""Counting stops here: 200 fragments that spread each other twice hold 2**200 fields."""


class _LimitSettings(Protocol):
    @property
    def max_tokens(self) -> int: ...
    @property
    def max_depth(self) -> int: ...
    @property
    def max_aliases(self) -> int: ...
    @property
    def max_root_fields(self) -> int: ...
    @property
    def max_fields(self) -> int: ...


@dataclass(frozen=True)
class Limits:
    """The most that one operation may have.

    Attributes:
        max_tokens: lexical tokens and comments of the whole document.
        max_depth: fields within each other; a root field has depth 1.
        max_aliases: aliased fields, fragments expanded.
        max_root_fields: fields of the root type, fragments expanded.
        max_fields: fields in all, fragments expanded.
    """

    max_tokens: int = 2_000
    max_depth: int = 15
    max_aliases: int = 30
    max_root_fields: int = 20
    max_fields: int = 1_000

    @classmethod
    def of(cls, settings: _LimitSettings) -> Limits:
        """Take the limits from the settings of the same names."""
        return cls(
            max_tokens=settings.max_tokens,
            max_depth=settings.max_depth,
            max_aliases=settings.max_aliases,
            max_root_fields=settings.max_root_fields,
            max_fields=settings.max_fields,
        )


@dataclass(frozen=True)
class _Spread:
    """A fragment spread, and how many fields and selection sets stand around it."""

    name: str
    depth: int
    nesting: int


@dataclass
class _Measure:
    """What a selection set holds; without its spreads, until each of these was added."""

    depth: int = 0
    nesting: int = 1
    aliases: int = 0
    root_fields: int = 0
    fields: int = 0
    spreads: list[_Spread] = field(default_factory=list)

    def add(self, spread: _Spread, fragment: _Measure) -> None:
        """Count a fragment where it is spread."""
        self.depth = max(self.depth, spread.depth + fragment.depth)
        self.nesting = max(self.nesting, spread.nesting + fragment.nesting)
        self.aliases = min(self.aliases + fragment.aliases, _UNCOUNTED)
        self.fields = min(self.fields + fragment.fields, _UNCOUNTED)
        if spread.depth == 0:
            self.root_fields = min(self.root_fields + fragment.root_fields, _UNCOUNTED)


def check(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document of which an operation exceeds a limit.

    Fragments that spread themselves, and spreads of fragments that are not there, count as empty:
    validation refuses them.

    Raises:
        OperationTooExpensive: naming the limit, its value and what was found.
    """
    fragments = _measure_fragments(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            measure = _measure(definition)
            _expand(measure, fragments)
            _compare(measure, limits)


def _compare(measure: _Measure, limits: Limits) -> None:
    for found, limit, what, name in (
        (measure.root_fields, limits.max_root_fields, "root fields", "max_root_fields"),
        (measure.depth, limits.max_depth, "levels of fields", "max_depth"),
        (measure.nesting, _MAX_NESTING, "selection sets within each other", "nesting"),
        (measure.aliases, limits.max_aliases, "aliases", "max_aliases"),
        (measure.fields, limits.max_fields, "fields", "max_fields"),
    ):
        if found > limit:
            number = f"{found:,}" if found < _UNCOUNTED else f"{_UNCOUNTED:,} or more"
            raise OperationTooExpensive(
                f"The operation has {number} {what}; the limit ({name}) is {limit:,}. "
                "Ask for less, or split it into several operations.",
                reason=name,
            )


def _measure_fragments(document: DocumentNode) -> Mapping[str, _Measure]:
    """Measure each fragment, innermost first; those in a cycle, or above one, are left out."""
    own = {
        definition.name.value: _measure(definition)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    whole: dict[str, _Measure] = {}
    for name in _innermost_first(own):
        if measure := own.get(name):
            _expand(measure, whole)
            whole[name] = measure
    return whole


def _innermost_first(fragments: Mapping[str, _Measure]) -> Iterator[str]:
    order = TopologicalSorter(
        {name: {spread.name for spread in own.spreads} for name, own in fragments.items()}
    )
    with suppress(CycleError):  # what does not hang on the cycle is still handed out
        order.prepare()
    while ready := order.get_ready():
        yield from ready
        order.done(*ready)


def _expand(measure: _Measure, fragments: Mapping[str, _Measure]) -> None:
    for spread in measure.spreads:
        if fragment := fragments.get(spread.name):
            measure.add(spread, fragment)


def _measure(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Measure:
    """Measure one definition by itself, without recursion."""
    measure = _Measure()
    open_sets = [(definition.selection_set, 0, 1)]
    while open_sets:
        selection_set, depth, nesting = open_sets.pop()
        measure.nesting = max(measure.nesting, nesting)
        for node in selection_set.selections:
            match node:
                case FieldNode():
                    measure.fields += 1
                    measure.aliases += node.alias is not None
                    measure.root_fields += depth == 0
                    measure.depth = max(measure.depth, depth + 1)
                    if node.selection_set:
                        open_sets.append((node.selection_set, depth + 1, nesting + 1))
                case InlineFragmentNode():
                    open_sets.append((node.selection_set, depth, nesting + 1))
                case FragmentSpreadNode():
                    measure.spreads.append(_Spread(node.name.value, depth, nesting))
    return measure
