"""The accounts as GraphQL: types, and the root types that an application inherits."""

from graph_api.accounts.graphql.acting import acting
from graph_api.accounts.graphql.mutation import AccountsMutation
from graph_api.accounts.graphql.query import AccountsQuery
from graph_api.accounts.graphql.types import AuditEvent, Role, Session, User

__all__ = ["AccountsMutation", "AccountsQuery", "AuditEvent", "Role", "Session", "User", "acting"]
