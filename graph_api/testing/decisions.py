"""What is decided about a field or an operation, before anything runs; no server, no database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graph_api.app import permissions_of, roles_of
from graph_api.authorization.analysis import sentence
from graph_api.authorization.explanation import OUTCOMES, Explained, Outcome
from graph_api.authorization.matrix import holder
from graph_api.authorization.principal import ANONYMOUS, Grants, Principal
from graph_api.authorization.why import why
from graph_api.execution.explain import explain
from graph_api.execution.schema import Schema

Names = str | Collection[str]


def assert_allowed(
    schema: Schema,
    what: str,
    *,
    roles: Names | None = None,
    permissions: Names | None = None,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless the caller's grants allow a field, or each field of a document.

    What depends on the object is not allowed by the grants: ask the server for that.

    Args:
        schema: the schema.
        what: a coordinate (``Type.field``, ``Type.field(argument:)``, ``Input.field``,
            ``Enum.VALUE``), or a document, which is told by its braces.
        roles: the declared roles that the caller holds, with what follows from them.
        permissions: the permissions that they hold beside those. Without both it is an anonymous
            caller; ``roles=()`` is somebody signed in who holds nothing.
        variables: those of the document.

    Raises:
        AssertionError: saying what is not allowed, and what is missing.
        LookupError: nobody declared such a role or permission.
        NotFound: the schema has no such coordinate.
        GraphApiError: as :func:`graph_api.execution.explain.explain` for the document.
    """
    __tracebackhide__ = True
    caller = _caller(schema, roles, permissions)
    fields = list(_decided(schema, what, caller, variables))
    others = [each for each in fields if each.outcome is not Outcome.ALLOWED]
    if others:
        raise AssertionError("Not allowed:\n" + "\n".join(map(_line, others)))


def assert_denied(
    schema: Schema,
    what: str,
    *,
    roles: Names | None = None,
    permissions: Names | None = None,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless the caller's grants deny a field, or some field of a document.

    The arguments and errors are those of :func:`assert_allowed`.

    Raises:
        AssertionError: saying what is decided instead.
    """
    __tracebackhide__ = True
    caller = _caller(schema, roles, permissions)
    fields = list(_decided(schema, what, caller, variables))
    if not any(each.outcome is Outcome.DENIED for each in fields):
        raise AssertionError("Nothing is denied:\n" + "\n".join(map(_line, fields)))


def _caller(schema: Schema, roles: Names | None, permissions: Names | None) -> Principal:
    if roles is None and permissions is None:
        return ANONYMOUS
    declared = permissions_of(schema)
    role_names = _declared("role", roles, roles_of(schema))
    held = holder(role_names, roles_of(schema), declared)
    more = _declared("permission", permissions, declared)
    return Principal("somebody", roles=held.roles, permissions=held.permissions | more)


def _declared(kind: str, names: Names | None, there: Collection[str]) -> frozenset[str]:
    given = frozenset([names] if isinstance(names, str) else names or ())
    if unknown := given - set(there):
        known = ", ".join(sorted(there))
        raise LookupError(f"There is no declared {kind} {min(unknown)!r}: there are {known}.")
    return given


def _decided(
    schema: Schema, what: str, caller: Principal, variables: Mapping[str, Any] | None
) -> Iterator[Explained]:
    if "{" in what:
        yield from explain(schema, what, caller, variables=variables).fields
    else:
        yield _of_coordinate(schema, what, caller.grants)


def _of_coordinate(schema: Schema, coordinate: str, grants: Grants) -> Explained:
    rule = schema.rules.rule_of(coordinate)
    outcome = OUTCOMES[rule.static(grants) if rule else True]
    missing = why(rule, grants)["missing"] if rule and outcome is not Outcome.ALLOWED else []
    return Explained((), coordinate, outcome, rule.rule if rule else "none", missing)


def _line(one: Explained) -> str:
    place = f"{'.'.join(one.path)} ({one.coordinate})" if one.path else one.coordinate
    missing = "; or ".join(map(sentence, one.missing))
    lacks = f"; missing: {missing}" if missing else ""
    return f"  - {place} is {one.outcome.value}, by the rule {one.rule}{lacks}"
