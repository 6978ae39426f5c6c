"""The accounts as GraphQL: types, and the root types that an application inherits."""

from graph_api.accounts.graphql.acting import acting
from graph_api.accounts.graphql.mutation import AccountsMutation
from graph_api.accounts.graphql.query import AccountsQuery
from graph_api.accounts.graphql.types import USERS, AuditEvent, Role, Session, User, users

__all__ = [
    "USERS",
    "AccountsMutation",
    "AccountsQuery",
    "AuditEvent",
    "Role",
    "Session",
    "User",
    "acting",
    "users",
]
