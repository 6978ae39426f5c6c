"""Rules: what stands in ``permission_classes=[…]`` of a field, or in ``directives=[…]`` elsewhere.

    email: str | None = strawberry.field(
        permission_classes=[HasPermission("user:read") | IsSelf()]
    )

A rule is an instance whose call returns itself, since Strawberry calls each entry of
``permission_classes`` to get one. So it also holds, checked row by row, on a stock
``strawberry.Schema``; :class:`graph_api.Schema` decides what it can before execution.
"""

from __future__ import annotations

import logging
import re
from abc import ABCMeta
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import isawaitable, iscoroutinefunction, signature
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self, cast, overload

from strawberry.annotation import StrawberryAnnotation
from strawberry.permission import BasePermission
from strawberry.schema_directive import Location, StrawberrySchemaDirective
from strawberry.types import Info
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from graph_api.authorization.principal import (
    AUTHENTICATED,
    Grants,
    Principal,
    permission_grant,
    role_grant,
)
from graph_api.authorization.terms import (
    AllOf,
    AnyOf,
    Call,
    Everyone,
    Granted,
    Not,
    ObjectTerm,
    Term,
    Verdict,
)
from graph_api.errors import ConfigurationError, Forbidden, GraphApiError, Unauthenticated

_log = logging.getLogger(__name__)


class RuleType(ABCMeta):
    """Tells type checkers that rules compose; Strawberry types its entries as classes."""

    if TYPE_CHECKING:

        def __or__(cls, other: type[BasePermission]) -> type[Rule]: ...
        def __and__(cls, other: type[BasePermission]) -> type[Rule]: ...
        def __invert__(cls) -> type[Rule]: ...


class Rule(BasePermission, metaclass=RuleType):
    """Who may read a field, reach a type, give an argument or use a value.

    Attributes:
        term: the expression that decides.
        ignores_bearer: see :func:`Public`.
        rejects: see :func:`Reject`.
        conceals: see :func:`Conceal`.
    """

    __strawberry_directive__ = StrawberrySchemaDirective(
        python_name="guard",
        graphql_name="guard",
        locations=[
            Location.FIELD_DEFINITION,
            Location.OBJECT,
            Location.INTERFACE,
            Location.ARGUMENT_DEFINITION,
            Location.INPUT_FIELD_DEFINITION,
            Location.ENUM_VALUE,
        ],
        fields=[
            StrawberryField(
                python_name="rule", graphql_name="rule", type_annotation=StrawberryAnnotation(str)
            )
        ],
        description="Who may use this: a rule in the grammar of docs/rules.md.",
        repeatable=True,
        origin=None,
    )

    def __init__(
        self,
        term: Term,
        *,
        ignores_bearer: bool = False,
        rejects: bool = False,
        conceals: bool = False,
    ) -> None:
        self.term = term
        self.ignores_bearer = ignores_bearer
        self.rejects = rejects
        self.conceals = conceals
        # For a schema that is not ours: what it says, and how it asks.
        self.message = f"You may not use this. It needs: {self.needs}"
        self.error_extensions = {"code": Forbidden.code}
        if any(leaf.is_async for leaf in term.leaves()):
            self.has_permission = self._has_permission_later  # type: ignore[method-assign]

    def __call__(self) -> Self:
        """Return the rule itself: Strawberry calls each entry of ``permission_classes``."""
        return self

    @property
    def schema_directive(self) -> object:
        """The rule itself, as Strawberry's ``PermissionExtension`` prints it."""
        return self

    @property
    def rule(self) -> str:
        """The canonical text, as ``@guard(rule: …)`` prints it."""
        text = f"{self.term}(ignoresBearer)" if self.ignores_bearer else str(self.term)
        text = f"conceal({text})" if self.conceals else text
        return f"reject({text})" if self.rejects else text

    @property
    def needs(self) -> str:
        """What a caller needs, as text: without what happens to one who lacks it."""
        return str(self.term)

    @property
    def stranger(self) -> BasePermission | None:
        """The permission of Strawberry's kind that this rule is, and nothing beside it."""
        judge = self.term.judge if isinstance(self.term, ObjectTerm) else None
        return judge.permission if isinstance(judge, _Ask) else None

    @cached_property
    def sees_field(self) -> bool:
        """Whether it looks at the arguments of the field that it guards, or at its info."""
        return any(each.sees_field for each in self.term.leaves() if isinstance(each, ObjectTerm))

    @property
    def reads(self) -> frozenset[str] | None:
        """The attributes of objects that it looks at; None if that is not known."""
        leaves = [each.reads for each in self.term.leaves() if isinstance(each, ObjectTerm)]
        return None if None in leaves else frozenset[str]().union(*filter(None, leaves))

    def static(self, grants: Grants) -> Verdict:
        """Judge by the grants alone: true, false, or None where the object must be known."""
        return self.term.static(grants)

    async def check_many(
        self,
        objects: Sequence[Any],
        principal: Principal,
        arguments: Mapping[str, Any] | None = None,
        info: Any = None,
    ) -> list[bool]:
        """Judge many objects in one call; a rule that fails denies."""
        if (verdict := self.static(principal.grants)) is not None:
            return [verdict] * len(objects)
        verdicts = await self.term.decide(Call(principal, arguments or {}, info), objects)
        # Counting one of the two is the fastest look at a list of bool and None.
        if verdicts.count(True) == len(verdicts):
            return verdicts  # type: ignore[return-value]
        return [verdict is True for verdict in verdicts]

    def check_now(
        self,
        objects: Sequence[Any],
        principal: Principal,
        arguments: Mapping[str, Any] | None = None,
        info: Any = None,
    ) -> list[bool]:
        """Judge as ``check_many`` does, without an event loop; a rule that has to wait denies."""
        checking = self.check_many(objects, principal, arguments, info)
        try:
            checking.send(None)
        except StopIteration as done:
            return list(done.value)
        checking.close()
        _log.error("The rule %s has to wait, in an operation that can't.", self.rule)
        return [False] * len(objects)

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool | Awaitable[bool]:
        """Judge one object, on a schema that is not ours."""
        return self.check_now([source], info.context.principal, kwargs, info)[0]

    async def _has_permission_later(self, source: Any, info: Info, **kwargs: Any) -> bool:
        return (await self.check_many([source], info.context.principal, kwargs, info))[0]

    def __or__(self, other: object) -> Rule:
        one, two = _without_mode(self), _without_mode(Rule.of(other))
        return Rule(AnyOf((*_parts(AnyOf, one), *_parts(AnyOf, two))))

    def __ror__(self, other: object) -> Rule:
        return Rule.of(other) | self

    def __and__(self, other: object) -> Rule:
        two = Rule.of(other)
        return Rule(
            AllOf((*_parts(AllOf, self), *_parts(AllOf, two))),
            rejects=self.rejects or two.rejects,
            conceals=self.conceals or two.conceals,
        )

    def __rand__(self, other: object) -> Rule:
        return Rule.of(other) & self

    def __invert__(self) -> Rule:
        for leaf in self.term.leaves():
            if isinstance(leaf, ObjectTerm) and leaf.is_stranger:
                raise ConfigurationError(
                    f"~ stands before {leaf}, a permission class that graph-api does not know: "
                    "if it failed, ~ would open the field. Write its opposite as a class."
                )
        return Rule(Not(_without_mode(self).term))

    @property
    def _whole(self) -> tuple[object, ...]:
        return self.term, self.ignores_bearer, self.rejects, self.conceals

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and self._whole == other._whole

    def __hash__(self) -> int:
        return hash(self._whole)

    def __repr__(self) -> str:
        return f"<rule {self.rule}>"

    @classmethod
    def of(cls, permission: object) -> Rule:
        """Return the rule, or a stranger's permission class wrapped as an object rule.

        Raises:
            ConfigurationError: for what is no permission.
        """
        if isinstance(permission, Rule):
            return permission
        if isinstance(permission, Tried):
            raise ConfigurationError(
                f"Trial({permission.rule.rule}) holds nothing, so it can be no part of a rule: "
                "it is an entry of its own in permission_classes."
            )
        if isinstance(permission, type) and issubclass(permission, BasePermission):
            permission = permission()
        if isinstance(permission, BasePermission):
            name = f"class({type(permission).__name__})"
            is_async = iscoroutinefunction(permission.has_permission)
            return Rule(ObjectTerm(name, _Ask(permission), is_stranger=True, is_async=is_async))
        raise ConfigurationError(f"{permission!r} is no rule and no Strawberry permission.")


class Tried(BasePermission):
    """An entry of ``permission_classes`` that holds nothing yet, see :func:`Trial`.

    Attributes:
        rule: what is tried.
    """

    schema_directive = None  # what holds nothing is not printed

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self) -> Self:
        """Return the trial itself, as a rule does."""
        return self

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        """Allow, on a schema that is not ours."""
        return True


@dataclass(frozen=True)
class _Ask:
    """Asks a stranger's permission about each object: it knows no batch."""

    permission: BasePermission

    async def __call__(self, call: Call, objects: Sequence[Any]) -> list[Any]:
        ask = self.permission.has_permission
        answers = []
        for one in objects:
            answer = ask(one, call.info, **call.arguments)
            answers.append(await answer if isawaitable(answer) else answer)
        return answers


@dataclass(frozen=True)
class _SelfBy:
    """Compares an attribute of each object with the caller's id."""

    attribute: str

    def __call__(self, call: Call, objects: Sequence[Any]) -> list[bool]:
        subject = call.principal.subject
        return [each == subject for each in map(attrgetter(self.attribute), objects)]


@dataclass(frozen=True)
class _SelfArgument:
    """Compares an argument with the caller's id; the objects don't matter."""

    path: tuple[str, ...]

    def __call__(self, call: Call, objects: Sequence[Any]) -> list[bool]:
        value: Any = call.arguments
        for name in self.path:
            members = value if isinstance(value, Mapping) else vars(value)
            value = next(members[key] for key in members if to_camel_case(key) == name)
        return [value == call.principal.subject] * len(objects)


_NAME = re.compile(r"[\w.:/-]+")
_WORDS = {"public", "carrier", "authenticated", "reject", "conceal"}


def _named(name: str) -> str:
    """Return the name, if the canonical text can hold it without doubt.

    Raises:
        ConfigurationError: it has other characters than letters, digits and ``_ . : / -``.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} in a rule: names are of letters, digits and the characters _ . : / -"
        )
    return name


def _parts(kind: type[AnyOf | AllOf], rule: Rule) -> tuple[Term, ...]:
    return rule.term.terms if isinstance(rule.term, kind) else (rule.term,)


def _without_mode(rule: Rule) -> Rule:
    """Return the rule, which is to be one of several that may pass, or the opposite of one.

    Raises:
        ConfigurationError: it says what happens to one who is denied, who may pass all the same.
    """
    if rule.rejects or rule.conceals:
        raise ConfigurationError(
            f"{rule.rule} stands under | or ~: Reject and Conceal stand around a whole rule."
        )
    return rule


def _declared(rule: Rule) -> type[Rule]:
    """Type a rule as Strawberry types the entries of ``permission_classes``: as a class."""
    return cast("type[Rule]", rule)


def Public(*, ignores_bearer: bool = False) -> type[Rule]:  # noqa: N802
    """Everyone, signed in or not.

    Args:
        ignores_bearer: on a root mutation field: a request for such fields alone is served as
            anonymous without a look at its bearer, which may have expired (``login``, ``refresh``).
    """
    return _declared(Rule(Everyone(), ignores_bearer=ignores_bearer))


def Carrier() -> type[Rule]:  # noqa: N802
    """On a type: whoever reached it may read it. For connections, edges and payloads."""
    return _declared(Rule(Everyone("carrier")))


def Trial(rule: object) -> type[BasePermission]:  # noqa: N802
    """Try a rule on a live schema: nothing is denied, what would be is logged and counted.

    It stands beside the rule that the field has already, and takes nothing's place.

        email = strawberry.field(permission_classes=[IsAuthenticated(), Trial(HasRole("admin"))])
    """
    return cast("type[BasePermission]", Tried(Rule.of(rule)))


def Reject(rule: object) -> type[Rule]:  # noqa: N802
    """Hold the rule, and run nothing of a query that it denies something of by the grants alone.

    That is what ``GRAPH_API_DENIED_FIELDS=reject`` does for all rules; a mutation is always so.
    What hangs on the object is known too late: it is null, as ever.
    """
    of = Rule.of(rule)
    moded = Rule(of.term, ignores_bearer=of.ignores_bearer, rejects=True, conceals=of.conceals)
    return _declared(moded)


def Conceal(rule: object) -> type[Rule]:  # noqa: N802
    """Hold the rule, and answer those whose grants it denies as if the name did not exist.

    That is what ``GRAPH_API_DENIED_NAMES=conceal`` does for all rules.
    """
    of = Rule.of(rule)
    moded = Rule(of.term, ignores_bearer=of.ignores_bearer, rejects=of.rejects, conceals=True)
    return _declared(moded)


def IsAuthenticated() -> type[Rule]:  # noqa: N802
    """Whoever is signed in."""
    return _declared(Rule(Granted(AUTHENTICATED)))


def HasRole(name: str) -> type[Rule]:  # noqa: N802
    """Whoever holds the role, or one that includes it."""
    return _declared(Rule(Granted(role_grant(_named(name)))))


def HasPermission(name: str) -> type[Rule]:  # noqa: N802
    """Whoever holds the permission, ``noun:verb``, through one of their roles."""
    return _declared(Rule(Granted(permission_grant(_named(name)))))


def IsSelf(*, by: str = "id", arg: str | None = None) -> type[Rule]:  # noqa: N802
    """Whoever the object is, or belongs to.

    Args:
        by: the attribute of the object that holds a user's id.
        arg: instead, the argument that holds it, by GraphQL name; dotted below inputs, such as
            ``input.userId``.
    """
    if arg is None:
        reads = frozenset({by})
        term = ObjectTerm(f"self({_named(by)})", _SelfBy(by), reads=reads, sees_field=False)
        return _declared(Rule(term))
    path = tuple(_named(arg).split("."))
    term = ObjectTerm(f"self(arg: {arg})", _SelfArgument(path), reads=frozenset())
    return _declared(Rule(term))


@overload
def rule(judge: Callable[..., Any]) -> type[Rule]: ...
@overload
def rule(*, reads: Iterable[str]) -> Callable[[Callable[..., Any]], type[Rule]]: ...


def rule(judge: Callable[..., Any] | None = None, *, reads: Iterable[str] | None = None) -> Any:
    """Make a rule of a function over a batch of objects.

        @rule(reads=["author_id"])
        async def owns(principal: Principal, articles: Sequence[Article]) -> Sequence[bool]:
            return [article.author_id == principal.subject for article in articles]

    The function is called once for a list, not once a row, and only for signed-in callers. It may
    take ``info`` and ``arguments`` (both as a resolver gets them) as keyword arguments.

    Args:
        judge: the function.
        reads: the attributes of the objects that it looks at, so that no others are fetched for
            it; all of them where it doesn't say (``@rule`` alone).
    """
    if judge is None:
        return partial(_rule, reads=frozenset(reads or ()))
    return _rule(judge, None)


def _rule(judge: Callable[..., Any], reads: frozenset[str] | None) -> type[Rule]:
    wanted = signature(judge).parameters.keys() & {"info", "arguments"}

    def ask(call: Call, objects: Sequence[Any]) -> Any:
        return judge(call.principal, objects, **{name: getattr(call, name) for name in wanted})

    name = judge.__name__
    if not name.isidentifier() or name in _WORDS:
        raise ConfigurationError(f"A rule can't be called {name}: it is printed by its name.")
    is_async = iscoroutinefunction(judge)
    term = ObjectTerm(name, ask, is_async=is_async, reads=reads, sees_field=bool(wanted))
    return _declared(Rule(term))


def denial(rule: Rule, coordinate: str, principal: Principal) -> GraphApiError:
    """Return the error for a denied coordinate: sign in first, or FORBIDDEN.

    A stranger's permission says it in its own words, which clients may know.
    """
    said = rule.stranger.message if rule.stranger else None
    if not principal.is_authenticated:
        return Unauthenticated(
            said
            or f"{coordinate} is not for anonymous callers: sign in and send the access token as "
            "'Authorization: Bearer …'.",
            reason="sign_in_required",
        )
    return Forbidden(said or f"You may not use {coordinate}. It needs: {rule.needs}")
