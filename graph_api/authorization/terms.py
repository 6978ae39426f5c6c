"""The algebra that rules are made of.

A term is judged twice. ``static`` knows only the caller's grants and answers true, false or unknown
(Kleene's three values). ``decide`` then settles the unknown for many objects in one call. A leaf
that raises, or answers with anything but a ``bool``, has failed: the whole rule denies, under
``Not`` too, since the opposite of a failure is no permission.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from msgspec import Struct, ValidationError, convert
from typing_extensions import override

from graph_api.authorization.principal import AUTHENTICATED, Grants, Principal

_log = logging.getLogger(__name__)

Verdict = bool | None
"""Of ``static``: None is unknown. Of ``decide``: None is a leaf that failed."""


@dataclass(frozen=True)
class Call:
    """What a rule may see beside the object: the caller, the field's arguments, Strawberry's info.

    Arguments stand as a resolver gets them: by Python name, inputs as instances.
    """

    principal: Principal
    arguments: Mapping[str, Any] = field(default_factory=dict)
    info: Any = None


Judge = Callable[[Call, Sequence[Any]], Sequence[Any] | Awaitable[Sequence[Any]]]


class Term(ABC):
    """A Boolean expression over grants, the object and the arguments."""

    is_async: bool = False

    @abstractmethod
    def static(self, grants: Grants) -> Verdict:
        """Judge by the grants alone; None where the object or the arguments must be known."""

    @abstractmethod
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        """Judge each object, all in one call; None for a failure."""

    def leaves(self) -> Iterator[Term]:
        """Yield the terms that this one is made of."""
        yield self


class _StaticTerm(Term):
    """A leaf that the grants alone decide."""

    @override
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        return [self.static(call.principal.grants)] * len(objects)


@dataclass(frozen=True)
class Everyone(_StaticTerm):
    """True for all, signed in or not. ``name`` says why: ``public`` or ``carrier``."""

    name: str = "public"

    @override
    def static(self, grants: Grants) -> Verdict:
        return True

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Granted(_StaticTerm):
    """True for those who hold the grant, such as ``permission(user:read)``."""

    grant: str

    @override
    def static(self, grants: Grants) -> Verdict:
        return self.grant in grants

    def __str__(self) -> str:
        return self.grant


class _Verdicts(Struct, array_like=True):
    given: list[bool]


@dataclass(frozen=True)
class ObjectTerm(Term):
    """True for the objects that a function over a batch says.

    Attributes:
        name: how the rule is printed.
        judge: gets the call and the objects; returns as many ``bool``, or an awaitable of them.
        is_stranger: a Strawberry permission that is not ours. It is asked about anonymous callers
            too; of our own rules those are statically false, since nobody anonymous owns a thing.
        is_async: ``judge`` answers with an awaitable.
        reads: the attributes that ``judge`` looks at; None if any of them.
        sees_field: ``judge`` looks at the field's arguments or at Strawberry's info, too.
    """

    name: str
    judge: Judge = field(repr=False)
    is_stranger: bool = False
    is_async: bool = False
    reads: frozenset[str] | None = field(default=None, compare=False)
    sees_field: bool = field(default=True, compare=False)

    @override
    def static(self, grants: Grants) -> Verdict:
        return None if self.is_stranger or AUTHENTICATED in grants else False

    @override
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        if self.static(call.principal.grants) is False:
            return [False] * len(objects)
        try:
            answer: Any = self.judge(call, objects)
            verdicts = list(await answer if self.is_async or isawaitable(answer) else answer)
        except Exception:  # noqa: BLE001 -- whatever a rule raises, it denies
            _log.exception("The rule %s failed, and so denies.", self.name)
            return [None] * len(objects)
        if len(verdicts) != len(objects):
            _log.error("The rule %s answered for another number of objects.", self.name)
            return [None] * len(objects)
        try:
            convert((verdicts,), _Verdicts)  # a fifth of the time of asking each for its type
        except ValidationError:
            return [verdict if isinstance(verdict, bool) else None for verdict in verdicts]
        return verdicts

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class AllOf(Term):
    """True where each term is."""

    terms: tuple[Term, ...]

    @override
    def static(self, grants: Grants) -> Verdict:
        verdicts = {term.static(grants) for term in self.terms}
        return False if False in verdicts else None if None in verdicts else True

    @override
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        return await _narrow(self.terms, call, objects, undecided=True)

    @override
    def leaves(self) -> Iterator[Term]:
        for term in self.terms:
            yield from term.leaves()

    def __str__(self) -> str:
        return " & ".join(
            f"({term})" if isinstance(term, AnyOf) else str(term) for term in self.terms
        )


@dataclass(frozen=True)
class AnyOf(Term):
    """True where one of the terms is."""

    terms: tuple[Term, ...]

    @override
    def static(self, grants: Grants) -> Verdict:
        verdicts = {term.static(grants) for term in self.terms}
        return True if True in verdicts else None if None in verdicts else False

    @override
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        return await _narrow(self.terms, call, objects, undecided=False)

    @override
    def leaves(self) -> Iterator[Term]:
        for term in self.terms:
            yield from term.leaves()

    def __str__(self) -> str:
        return " | ".join(str(term) for term in self.terms)


@dataclass(frozen=True)
class Not(Term):
    """True for signed-in callers for whom the term is false; never for anonymous ones."""

    term: Term

    @override
    def static(self, grants: Grants) -> Verdict:
        if AUTHENTICATED not in grants:
            return False
        verdict = self.term.static(grants)
        return None if verdict is None else not verdict

    @override
    async def decide(self, call: Call, objects: Sequence[Any]) -> list[Verdict]:
        if not call.principal.is_authenticated:
            return [False] * len(objects)
        verdicts = await self.term.decide(call, objects)
        return [None if verdict is None else not verdict for verdict in verdicts]

    @override
    def leaves(self) -> Iterator[Term]:
        yield from self.term.leaves()

    def __str__(self) -> str:
        return f"~({self.term})" if isinstance(self.term, AllOf | AnyOf) else f"~{self.term}"


async def _narrow(
    terms: Sequence[Term], call: Call, objects: Sequence[Any], *, undecided: bool
) -> list[Verdict]:
    """Ask term after term about the objects that are still ``undecided``, static ones first."""
    verdicts: list[Verdict] = [undecided] * len(objects)
    open_rows = list(range(len(objects)))
    grants = call.principal.grants
    for term in sorted(terms, key=lambda term: term.static(grants) is None):
        answers = await term.decide(call, [objects[row] for row in open_rows])
        for row, answer in zip(open_rows, answers, strict=True):
            verdicts[row] = answer
        open_rows = [row for row in open_rows if verdicts[row] is undecided]
        if not open_rows:
            break
    return verdicts
