"""Who asks: the caller as the access token tells, frozen for the time of one operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

AUTHENTICATED = "authenticated"
READS_SCHEMA = "schema:read"
"""The permission with which one sees the whole schema, and why one is denied."""
Grants = frozenset[str]
"""What static rules are judged by: ``authenticated``, ``role(NAME)``, ``permission(NOUN:VERB)``."""


def role_grant(name: str) -> str:
    """Return the grant that a role gives."""
    return f"role({name})"


def permission_grant(name: str) -> str:
    """Return the grant that a permission gives."""
    return f"permission({name})"


@dataclass(frozen=True)
class Principal:
    """The caller.

    Attributes:
        subject: the user's id, or None for an anonymous caller.
        session_id: the id of the session that the access token belongs to, or None.
        roles: names of the roles held, those included by others among them.
        permissions: all permissions, ``noun:verb``, that follow from the roles.
    """

    subject: str | None = None
    session_id: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_authenticated(self) -> bool:
        """Whether the caller is signed in."""
        return self.subject is not None

    @cached_property
    def grants(self) -> Grants:
        """The grants that follow; none for an anonymous caller."""
        if not self.is_authenticated:
            return frozenset()
        roles = map(role_grant, self.roles)
        return frozenset({AUTHENTICATED, *roles, *map(permission_grant, self.permissions)})


ANONYMOUS = Principal()
