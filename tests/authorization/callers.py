"""Callers, and the contexts that carry them."""

from __future__ import annotations

from dataclasses import dataclass, field

from graph_api.authorization.principal import ANONYMOUS, Principal


@dataclass
class Caller:
    """A context object: who asks, and what was called meanwhile."""

    principal: Principal
    calls: list[str] = field(default_factory=list)


def principal(*permissions: str, subject: str = "usr_1", roles: tuple[str, ...] = ()) -> Principal:
    return Principal(subject, "ses_1", frozenset(roles), frozenset(permissions))


def caller(*permissions: str, subject: str = "usr_1", roles: tuple[str, ...] = ()) -> Caller:
    return Caller(principal(*permissions, subject=subject, roles=roles))


def anonymous() -> Caller:
    return Caller(ANONYMOUS)
