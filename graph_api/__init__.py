"""graph-api: a GraphQL API with JWT authorization.

The public door: what an application imports. GraphQL types of the accounts stand in
:mod:`graph_api.accounts.graphql`, the database in :mod:`graph_api.db`.
"""

from graph_api.app import create_app
from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import (
    Carrier,
    Conceal,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Reject,
    Rule,
    Trial,
    rule,
)
from graph_api.context import Context
from graph_api.errors import BadUserInput, Conflict, Forbidden, GraphApiError, NotFound
from graph_api.execution.columns import EVERYTHING, Lazy, Names, reads
from graph_api.execution.extend import extend
from graph_api.execution.federation import FederationSchema
from graph_api.execution.schema import Schema
from graph_api.relay import (
    After,
    Before,
    Connection,
    First,
    Info,
    Last,
    Node,
    caller,
    connect,
    connect_each,
    fetch_by_id,
    page_args,
)
from graph_api.settings import Settings

__all__ = [
    "EVERYTHING",
    "After",
    "BadUserInput",
    "Before",
    "Carrier",
    "Conceal",
    "Conflict",
    "Connection",
    "Context",
    "FederationSchema",
    "First",
    "Forbidden",
    "GraphApiError",
    "HasPermission",
    "HasRole",
    "Info",
    "IsAuthenticated",
    "IsSelf",
    "Last",
    "Lazy",
    "Names",
    "Node",
    "NotFound",
    "Principal",
    "Public",
    "Reject",
    "Rule",
    "Schema",
    "Settings",
    "Trial",
    "caller",
    "connect",
    "connect_each",
    "create_app",
    "extend",
    "fetch_by_id",
    "page_args",
    "reads",
    "rule",
]
