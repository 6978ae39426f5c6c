"""The algebra: what is decided in part and then in bulk equals the whole rule."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strawberry.permission import BasePermission

from graph_api.authorization.principal import (
    ANONYMOUS,
    AUTHENTICATED,
    Principal,
    permission_grant,
    role_grant,
)
from graph_api.authorization.rules import HasPermission, IsAuthenticated, IsSelf, Public, Rule, rule
from graph_api.authorization.terms import (
    AllOf,
    AnyOf,
    Call,
    Everyone,
    Granted,
    Not,
    ObjectTerm,
    Term,
)
from graph_api.errors import ConfigurationError
from tests.authorization.callers import caller, principal

LEAVES = ("owns", "shares", "likes")
FAILURES = ("raises", "answers a number", "answers too few", "answers nothing", "async raises")
Row = dict[str, bool]
"""An object: what each healthy leaf says of it."""


class Leaf:
    """An object rule that keeps count, and may be broken."""

    def __init__(self, name: str, failure: str | None, *, is_async: bool = False) -> None:
        self.name, self.failure, self.is_async = name, failure, is_async
        self.calls = 0

    def __call__(self, _call: Call, rows: Sequence[Row]) -> Any:
        self.calls += 1
        if self.failure == "raises":
            raise RuntimeError("broken")
        answer = self._answer(rows)
        return self._later(answer) if self.is_async or self.failure == "async raises" else answer

    def _answer(self, rows: Sequence[Row]) -> Any:
        match self.failure:
            case "answers a number":
                return [1 for _ in rows]
            case "answers too few":
                return [row[self.name] for row in rows][:-1] if rows else [True]
            case "answers nothing":
                return None
        return [row[self.name] for row in rows]

    async def _later(self, answer: Any) -> Any:
        await asyncio.sleep(0)
        if self.failure == "async raises":
            raise RuntimeError("broken")
        return answer


def terms(leaves: Sequence[Leaf]) -> st.SearchStrategy[Term]:
    atoms: list[Term] = [
        Everyone(),
        Granted(AUTHENTICATED),
        Granted(role_grant("editor")),
        Granted(permission_grant("user:read")),
        *(ObjectTerm(leaf.name, leaf) for leaf in leaves),
    ]

    def wider(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(inner.map(Not), several.map(AllOf), several.map(AnyOf))

    return st.recursive(st.sampled_from(atoms), wider, max_leaves=8)


principals = st.one_of(
    st.just(ANONYMOUS),
    st.builds(
        Principal,
        subject=st.just("usr_1"),
        roles=st.sets(st.just("editor")).map(frozenset),
        permissions=st.sets(st.just("user:read")).map(frozenset),
    ),
)
rows = st.lists(st.fixed_dictionaries({name: st.booleans() for name in LEAVES}), max_size=4)


def holds(term: Term, who: Principal, row: Row) -> bool:
    """The obvious interpreter: one caller, one object, two values."""
    match term:
        case Everyone():
            return True
        case Granted(grant):
            return grant in who.grants
        case ObjectTerm(name):
            return who.is_authenticated and row[name]
        case Not(inner):
            return who.is_authenticated and not holds(inner, who, row)
        case AllOf(inners):
            return all(holds(inner, who, row) for inner in inners)
        case AnyOf(inners):
            return any(holds(inner, who, row) for inner in inners)
    raise AssertionError(term)


def judge(term: Term, objects: Sequence[Row], who: Principal) -> list[bool]:
    return asyncio.run(Rule(term).check_many(objects, who))


@given(st.data(), principals, rows, st.lists(st.booleans(), min_size=3, max_size=3))
def test_what_the_grants_decide_then_the_objects_is_what_the_whole_rule_says(
    data: st.DataObject, who: Principal, objects: list[Row], is_async: list[bool]
) -> None:
    """Soundness of the evaluation in part, as Cedar states it for its policies."""
    leaves = [
        Leaf(name, None, is_async=later) for name, later in zip(LEAVES, is_async, strict=True)
    ]
    term = data.draw(terms(leaves))
    whole = [holds(term, who, row) for row in objects]
    static = term.static(who.grants)
    if static is not None:
        assert whole == [static] * len(objects)
    assert judge(term, objects, who) == whole


@given(st.data(), principals)
def test_what_the_grants_leave_open_hangs_on_an_object_rule(
    data: st.DataObject, who: Principal
) -> None:
    term = data.draw(terms([]))
    assert term.static(who.grants) is holds(term, who, {})


@given(st.data(), principals, rows, st.tuples(*[st.sampled_from((None, *FAILURES))] * 3))
def test_a_broken_leaf_opens_nothing(
    data: st.DataObject, who: Principal, objects: list[Row], failures: tuple[str | None, ...]
) -> None:
    """What passes would pass whatever the broken leaves had said."""
    term = data.draw(terms([Leaf(*each) for each in zip(LEAVES, failures, strict=True)]))
    broken = [name for name, failure in zip(LEAVES, failures, strict=True) if failure]
    for row, passed in zip(objects, judge(term, objects, who), strict=True):
        if passed:
            for said in product((True, False), repeat=len(broken)):
                assert holds(term, who, row | dict(zip(broken, said, strict=True)))


@pytest.mark.parametrize("failure", FAILURES)
def test_a_leaf_that_fails_denies_the_whole_rule_under_not_too(failure: str) -> None:
    failing, owns = ObjectTerm("shares", Leaf("shares", failure)), ObjectTerm("o", Leaf("o", None))
    row = dict.fromkeys((*LEAVES, "o"), True)
    for term in (
        failing,
        Not(failing),
        Not(Not(failing)),
        AllOf((failing, owns)),
        AnyOf((failing, owns)),
        Not(AllOf((failing, owns))),
        Not(AnyOf((failing, owns))),
        AllOf((owns, Not(failing))),
    ):
        assert judge(term, [row], principal()) == [False], str(term)


@given(st.data(), rows)
def test_each_leaf_is_asked_once_for_all_objects(data: st.DataObject, objects: list[Row]) -> None:
    leaf = Leaf("owns", None)
    term = data.draw(terms([leaf]))
    judge(term, objects, principal())
    assert leaf.calls <= sum(isinstance(each, ObjectTerm) for each in term.leaves())


def test_whom_the_grants_decide_no_object_rule_is_asked_for() -> None:
    leaf = Leaf("owns", "raises")
    term = AnyOf((ObjectTerm("owns", leaf), Granted(permission_grant("user:read"))))
    assert judge(term, [{"owns": False}], principal("user:read")) == [True]
    assert leaf.calls == 0


@given(st.data(), principals)
def test_grants_alone_are_judged_by_kleenes_logic(data: st.DataObject, who: Principal) -> None:
    assume(who.is_authenticated)
    a, b, c = (data.draw(terms([Leaf(name, None) for name in LEAVES])) for _ in range(3))

    def same(one: Term, other: Term) -> None:
        assert one.static(who.grants) is other.static(who.grants)

    same(Not(Not(a)), a)
    same(Not(AllOf((a, b))), AnyOf((Not(a), Not(b))))
    same(Not(AnyOf((a, b))), AllOf((Not(a), Not(b))))
    same(AllOf((a, b)), AllOf((b, a)))
    same(AllOf((a, AllOf((b, c)))), AllOf((AllOf((a, b)), c)))
    same(AllOf((a, AnyOf((b, c)))), AnyOf((AllOf((a, b)), AllOf((a, c)))))
    same(AnyOf((a, AllOf((a, b)))), a)


@given(st.data(), rows)
def test_not_passes_no_anonymous_caller(data: st.DataObject, objects: list[Row]) -> None:
    term = Not(data.draw(terms([Leaf(name, None) for name in LEAVES])))
    assert term.static(ANONYMOUS.grants) is False
    assert judge(term, objects, ANONYMOUS) == [False] * len(objects)


def test_nobody_anonymous_owns_a_thing() -> None:
    class Orphan:
        id = None

    mine: Any = IsSelf()
    assert mine.static(ANONYMOUS.grants) is False
    assert asyncio.run(mine.check_many([Orphan()], ANONYMOUS)) == [False]


class Opaque(BasePermission):
    """A permission as any Strawberry application has it."""

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(source == "open")


class OpaqueLater(BasePermission):
    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(source == "open")


@pytest.mark.parametrize("stranger", [Opaque, OpaqueLater])
@pytest.mark.parametrize("who", [ANONYMOUS, principal()])
def test_a_strangers_permission_is_asked_about_each_object(
    stranger: type[BasePermission], who: Principal
) -> None:
    either: Any = HasPermission("user:read") | stranger
    assert either.static(who.grants) is None
    assert asyncio.run(either.check_many(["open", "shut"], who)) == [True, False]


@pytest.mark.parametrize(
    "composite",
    [
        lambda: ~Rule.of(Opaque),
        lambda: ~(HasPermission("user:read") & Opaque),
        lambda: ~(Rule.of(Opaque) | IsAuthenticated()),
    ],
)
def test_a_stranger_under_not_stops_the_start(composite: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"class\(Opaque\)"):
        composite()


def test_what_is_no_permission_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no rule"):
        Public() | "admin"  # type: ignore[operator]


@given(st.data(), principals, rows)
def test_a_stock_schema_gets_the_same_answer_row_by_row(
    data: st.DataObject, who: Principal, objects: list[Row]
) -> None:
    whole = Rule(data.draw(terms([Leaf(name, None) for name in LEAVES])))

    class Info:
        context = caller()

    Info.context.principal = who

    async def ask(row: Row) -> bool:
        info: Any = Info
        answer = whole.has_permission(row, info)
        return answer if isinstance(answer, bool) else await answer

    assert [asyncio.run(ask(row)) for row in objects] == judge(whole.term, objects, who)


def test_an_own_rule_gets_what_it_asks_for() -> None:
    seen: dict[str, Any] = {}

    @rule
    def owns(who: Principal, objects: Sequence[str], *, arguments: Any, info: Any) -> list[bool]:
        seen.update(arguments=arguments, info=info)
        return [each == who.subject for each in objects]

    mine: Any = owns
    answer = mine.check_many(["usr_1", "usr_2"], principal(), {"first": 1}, "the info")
    assert asyncio.run(answer) == [True, False]
    assert seen == {"arguments": {"first": 1}, "info": "the info"}


def test_is_self_by_argument_reads_below_inputs_by_graphql_names() -> None:
    class Input:
        def __init__(self, user_id: str) -> None:
            self.user_id = user_id

    mine: Any = IsSelf(arg="input.userId")
    for user_id, passes in (("usr_1", True), ("usr_2", False)):
        answer = mine.check_many([None], principal(), {"input": Input(user_id)})
        assert asyncio.run(answer) == [passes]
    assert asyncio.run(mine.check_many([None], principal(), {})) == [False]
