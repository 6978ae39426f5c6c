"""Exact answers about rules, for all sets of grants at once: nothing is sampled.

A rule is a Boolean function of atoms: the grants that it names, and what its object rules say. It
is kept as a reduced ordered binary decision diagram (Bryant, "Graph-Based Algorithms for Boolean
Function Manipulation", 1986), so that two rules are the same if their diagrams are.

What can't be is left out by construction: whoever holds a grant is signed in, and who is not owns
nothing. Roles can be edited, so none is taken to imply a permission. Every object rule is taken to
answer; one that fails only denies.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from graph_api.authorization.principal import AUTHENTICATED, Grants
from graph_api.authorization.terms import AllOf, AnyOf, Everyone, Granted, Not, ObjectTerm, Term


@dataclass(frozen=True)
class Atom:
    """What is true or not of a caller and an object.

    Attributes:
        text: the leaf of the rule: a grant, or the name of an object rule.
        is_object: an object rule says it.
        at: what tells it from atoms of the same text: where its object is, or who is judged.
        is_callers: it is true only if the caller is signed in.
    """

    text: str
    is_object: bool = False
    at: str = ""
    is_callers: bool = True

    def __str__(self) -> str:
        where = f" {self.at}" if self.at else ""
        what = "argument" if self.text.startswith("self(arg: ") else "object"
        return f"{self.text}{where}" + (f" (depends on the {what})" if self.is_object else "")


SIGNED_IN = Atom(AUTHENTICATED)


@dataclass(frozen=True)
class Literal:
    """An atom that must be true, or must not."""

    atom: Atom
    holds: bool

    def __str__(self) -> str:
        return f"{self.atom}" if self.holds else f"without {self.atom}"


GrantSet = frozenset[Literal]
"""What a caller must hold, what they must not, and what object rules must say."""


class Constant(enum.Enum):
    """A function that hangs on nothing."""

    NEVER = False
    ALWAYS = True


NEVER, ALWAYS = Constant.NEVER, Constant.ALWAYS


@dataclass(frozen=True, eq=False)
class Node:
    """A diagram that asks for one atom first; there is one of each in an analysis."""

    atom: Atom
    low: Function
    high: Function


Function = Constant | Node


class Analysis:
    """Diagrams that can be compared with each other."""

    def __init__(self) -> None:
        self._order = {SIGNED_IN: 0}
        self._nodes: dict[tuple[Atom, Function, Function], Node] = {}
        self._chosen: dict[tuple[Function, Function, Function], Function] = {}
        self._minimal: dict[Node, frozenset[GrantSet]] = {}

    def of(self, term: Term, *, at: str = "", whose: str = "") -> Function:
        """Return the function of a term.

        Args:
            term: the term.
            at: where the object is that its object rules look at, if there are several.
            whose: the one who is judged, if it is not the caller: signed in, with other grants.
        """
        match term:
            case AllOf():
                return self.all(self.of(each, at=at, whose=whose) for each in term.terms)
            case AnyOf():
                return self.any(self.of(each, at=at, whose=whose) for each in term.terms)
            case Not():
                return self.without(self._signed_in(whose), self.of(term.term, at=at, whose=whose))
        return self._leaf(term, at, whose)

    def all(self, functions: Iterable[Function]) -> Function:
        """Return what is true where each function is."""
        whole: Function = ALWAYS
        for each in functions:
            whole = self.choose(whole, each, NEVER)
        return whole

    def any(self, functions: Iterable[Function]) -> Function:
        """Return what is true where one of the functions is."""
        whole: Function = NEVER
        for each in functions:
            whole = self.choose(whole, ALWAYS, each)
        return whole

    def without(self, one: Function, other: Function) -> Function:
        """Return what is true where the one is and the other is not."""
        return self.choose(other, NEVER, one)

    def choose(self, condition: Function, then: Function, otherwise: Function) -> Function:
        """Return ``then`` where the condition is true, and ``otherwise`` where it is not."""
        if isinstance(condition, Constant):
            return then if condition is ALWAYS else otherwise
        if then is otherwise:
            return then
        key = condition, then, otherwise
        if key not in self._chosen:
            atoms = (each.atom for each in key if isinstance(each, Node))
            first = min(atoms, key=self._order.__getitem__)
            low, high = (
                self.choose(*(_given(each, first, to) for each in key)) for to in (NEVER, ALWAYS)
            )
            self._chosen[key] = self._node(first, low, high)
        return self._chosen[key]

    def minimal(self, function: Function) -> frozenset[GrantSet]:
        """Return the smallest sets of grants for which a function is true: its prime implicants.

        (Coudert and Madre, "Implicit and Incremental Computation of Primes", 1992.)
        """
        if isinstance(function, Constant):
            return frozenset({frozenset[Literal]()} if function is ALWAYS else ())
        if function not in self._minimal:
            either_way = self.minimal(self.choose(function.low, function.high, NEVER))
            self._minimal[function] = either_way | {
                each | {Literal(function.atom, holds)}
                for holds, rest in ((False, function.low), (True, function.high))
                for each in self.minimal(rest)
                if not any(smaller <= each for smaller in either_way)
            }
        return self._minimal[function]

    def lacking(self, function: Function, grants: Grants, *, most: int) -> frozenset[GrantSet]:
        """Return the smallest sets of what somebody with these grants lacks of a function.

        Args:
            function: what would have to be true.
            grants: what they hold.
            most: how many sets to return at most; a rule may have exponentially many.
        """
        known: dict[Node, frozenset[GrantSet]] = {}

        def lacks(of: Function) -> frozenset[GrantSet]:
            if isinstance(of, Constant):
                return self.minimal(of)
            if of not in known:
                either_way = self.choose(of.low, of.high, NEVER)
                sets = set(lacks(either_way)) if of.atom.is_object else set()
                for holds, rest in ((False, of.low), (True, of.high)):
                    is_free = not of.atom.is_object and (of.atom.text in grants) is holds
                    lack = frozenset[Literal](() if is_free else [Literal(of.atom, holds)])
                    sets |= {each | lack for each in lacks(rest)}
                known[of] = _smallest(sets, most)
            return known[of]

        return lacks(function)

    def _leaf(self, term: Term, at: str, whose: str) -> Function:
        match term:
            case Everyone():
                return ALWAYS
            case Granted() if term.grant == AUTHENTICATED:
                return self._signed_in(whose)
            case Granted():
                return self._held(Atom(term.grant, at=whose, is_callers=not whose), whose)
            case ObjectTerm(is_stranger=True):
                return self._true(Atom(term.name, is_object=True, at=at, is_callers=False))
            case ObjectTerm():
                return self._held(
                    Atom(term.name, is_object=True, at=at, is_callers=not whose), whose
                )
        raise TypeError(f"{term!r} is a term of an unknown kind.")

    def _signed_in(self, whose: str) -> Function:
        return ALWAYS if whose else self._true(SIGNED_IN)

    def _held(self, atom: Atom, whose: str) -> Function:
        """Return the atom, which only somebody signed in can have."""
        return self.choose(self._signed_in(whose), self._true(atom), NEVER)

    def _true(self, atom: Atom) -> Function:
        self._order.setdefault(atom, len(self._order))
        return self._node(atom, NEVER, ALWAYS)

    def _node(self, atom: Atom, low: Function, high: Function) -> Function:
        if low is high:
            return low
        return self._nodes.setdefault((atom, low, high), Node(atom, low, high))


def _given(function: Function, atom: Atom, to: Constant) -> Function:
    """Return the function where the atom is known, which no other precedes in it."""
    if isinstance(function, Constant) or function.atom != atom:
        return function
    return function.high if to is ALWAYS else function.low


def _smallest(sets: Collection[GrantSet], most: int) -> frozenset[GrantSet]:
    """Return the sets that include no other, so many of the smallest."""
    least = [one for one in sets if not any(other < one for other in sets)]
    return frozenset(least if len(least) <= most else sorted(least, key=_rank)[:most])


def listed(sets: Collection[GrantSet]) -> list[list[str]]:
    """Return sets of grants as texts, the smallest first, without what goes without saying."""
    told = [_unsaid(one) for one in sets if not any(_is_special(one, each) for each in sets)]
    return [[str(each) for each in _sorted(one)] for one in sorted(told, key=_rank)]


def sentence(one: Collection[str]) -> str:
    """Return a set of grants, as ``listed`` gives them, for people."""
    if not one:
        return "everyone"
    return {
        AUTHENTICATED: "everyone signed in",
        f"without {AUTHENTICATED}": "anonymous callers",
    }.get(" & ".join(one), " & ".join(one))


def _sorted(one: GrantSet) -> list[Literal]:
    return sorted(one, key=lambda each: (not each.holds, each.atom.is_object, str(each)))


def _rank(one: GrantSet) -> tuple[int, bool, bool, list[str]]:
    """Sort by size; what the caller's grants alone open comes first."""
    atoms = [each.atom for each in one]
    is_others = any(each.at and not each.is_object for each in atoms)
    return len(one), any(each.is_object for each in atoms), is_others, list(map(str, _sorted(one)))


def _unsaid(one: GrantSet) -> GrantSet:
    """Leave out that the caller is signed in, where something else of the set says so."""
    signed_in = Literal(SIGNED_IN, holds=True)
    says_so = any(each.holds and each.atom.is_callers for each in one - {signed_in})
    return one - {signed_in} if says_so else one


def _is_special(one: GrantSet, other: GrantSet) -> bool:
    """Whether the one is of anonymous callers, whom the other has among those without a grant."""
    anonymous = Literal(SIGNED_IN, holds=False)
    return anonymous in one - other and all(
        each in one or (each.atom.is_callers and not each.holds) for each in other
    )
