"""The accounts' queries."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import strawberry
from graphql import DocumentNode, separate_operations
from sqlalchemy import select
from sqlmodel import col

from graph_api.accounts.audit import select_events
from graph_api.accounts.graphql.access import Access, FieldAccess
from graph_api.accounts.graphql.inputs import (
    AuditEventFilter,
    AuditEventOrder,
    UserFilter,
    UserOrder,
    order_by,
)
from graph_api.accounts.graphql.schema_matrix import SchemaMatrix, schema_matrix
from graph_api.accounts.graphql.types import (
    EVENTS,
    ROLES,
    USERS,
    AuditEvent,
    Role,
    Session,
    User,
    sessions_of,
    users,
)
from graph_api.accounts.inputs import require_text
from graph_api.accounts.roles import SHIPPED_PERMISSIONS, SHIPPED_ROLES
from graph_api.accounts.users import select_users
from graph_api.authorization.access import coordinates_of, verdict
from graph_api.authorization.rules import (
    HasPermission,
    IsAuthenticated,
    IsSelf,
    Public,
)
from graph_api.db import Rows
from graph_api.db.tables import AuditEventRow, RoleRow, UserRow
from graph_api.errors import BadUserInput
from graph_api.execution.columns import Lazy
from graph_api.relay import (
    After,
    Before,
    Connection,
    First,
    Info,
    Last,
    Node,
    connect,
    find_node,
    find_nodes,
    page_args,
)

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


@strawberry.type(name="Query", description="What can be asked.")
class AccountsQuery:
    """The root fields for accounts. An application's Query inherits them."""

    __permissions__: ClassVar = SHIPPED_PERMISSIONS
    __roles__: ClassVar = SHIPPED_ROLES

    @strawberry.field(
        description="Who is signed in; null for an anonymous caller.",
        permission_classes=[Public()],
        graphql_type=User | None,
    )
    def me(self, info: Info) -> Lazy[User | None] | None:
        """Return the caller."""
        subject = info.context.principal.subject
        return info.context.fetch(users, subject) if subject else None

    @strawberry.field(
        description="A user by id.",
        permission_classes=[HasPermission("user:read") | IsSelf(arg="id")],
        graphql_type=User | None,
    )
    def user(self, info: Info, id: IdArgument) -> Lazy[User | None]:  # noqa: A002 -- its name
        """Return a user, or None."""
        return info.context.fetch(users, str(id))

    @strawberry.field(
        description="All users, the oldest account first unless sorted otherwise.",
        permission_classes=[HasPermission("user:read")],
        graphql_type=Connection[User] | None,
    )
    def users(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Annotated[  # noqa: A002 -- its name in the schema
            UserFilter | None, strawberry.argument(description="Which of them.")
        ] = strawberry.UNSET,
        order_by_: Annotated[
            list[UserOrder] | None,
            strawberry.argument(name="orderBy", description="How to sort them."),
        ] = strawberry.UNSET,
    ) -> Lazy[Connection[User]]:
        """Return a page of users."""
        return connect(
            info.context,
            select_users((filter or UserFilter()).narrow()),
            key=col(UserRow.id),
            args=page_args(first, after, last, before),
            node=USERS,
            order=order_by(UserRow, order_by_ or []),
        )

    @strawberry.field(
        description="All roles, by name.",
        permission_classes=[HasPermission("role:read")],
        graphql_type=list[Role] | None,
    )
    def roles(self, info: Info) -> Rows[Role]:
        """Return the roles."""
        return Rows(select(RoleRow).order_by(col(RoleRow.name)), ROLES, info.context.db)

    @strawberry.field(
        description="The caller's sessions, the newest first; or another user's.",
        permission_classes=[IsAuthenticated()],
        graphql_type=Connection[Session] | None,
    )
    def sessions(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        user_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Whose; the caller's by default.",
                directives=[HasPermission("session:read")],
            ),
        ] = strawberry.UNSET,
    ) -> Lazy[Connection[Session]]:
        """Return a page of sessions."""
        args = page_args(first, after, last, before)
        own = info.context.principal.subject or ""
        whose = own if user_id in (None, strawberry.UNSET) else require_text(user_id, "userId")
        return sessions_of(info.context, whose, args)

    @strawberry.field(
        description="What has happened, the oldest first unless sorted otherwise.",
        permission_classes=[HasPermission("audit:read")],
        graphql_type=Connection[AuditEvent] | None,
    )
    def audit_events(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Annotated[  # noqa: A002 -- its name in the schema
            AuditEventFilter | None, strawberry.argument(description="Which of them.")
        ] = strawberry.UNSET,
        order_by_: Annotated[
            list[AuditEventOrder] | None,
            strawberry.argument(name="orderBy", description="How to sort them."),
        ] = strawberry.UNSET,
    ) -> Lazy[Connection[AuditEvent]]:
        """Return a page of audit events."""
        return connect(
            info.context,
            select_events((filter or AuditEventFilter()).narrow()),
            key=col(AuditEventRow.id),
            args=page_args(first, after, last, before),
            node=EVENTS,
            order=order_by(AuditEventRow, order_by_ or []),
        )

    @strawberry.field(
        description="An object by id; null if there is none that the caller may see.",
        permission_classes=[Public()],
    )
    async def node(self, info: Info, id: IdArgument) -> Node | None:  # noqa: A002 -- its name
        """Return a node, or None."""
        return await find_node(info, id)

    @strawberry.field(
        description="Objects by their ids, each null if there is none that the caller may see.",
        permission_classes=[Public()],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="The ids, at most 100.")
        ],
    ) -> list[Node | None]:
        """Return nodes in the order of their ids."""
        return await find_nodes(info, ids)

    @strawberry.field(
        description="What the caller may do, so that a client can hide what would be refused.",
        permission_classes=[Public()],
    )
    def access(
        self,
        info: Info,
        coordinates: Annotated[
            list[str] | None, strawberry.argument(description="Fields, such as `User.email`.")
        ] = strawberry.UNSET,
        document: Annotated[
            str | None,
            strawberry.argument(description="A document, of which all fields are meant."),
        ] = strawberry.UNSET,
        operation_name: Annotated[
            str | None, strawberry.argument(description="Which operation of the document.")
        ] = strawberry.UNSET,
    ) -> list[FieldAccess]:
        """Return the verdicts on the fields, each field once."""
        schema: Any = info.schema
        known = schema.names.schema(info.context.principal)
        asked = dict.fromkeys(coordinates or [])
        if document:
            node = _selected(schema.documents.parse(document).node, operation_name or None)
            asked |= dict.fromkeys(coordinates_of(known, node))
        grants = info.context.principal.grants
        return [
            FieldAccess(coordinate=each, access=Access(verdict(schema.rules, known, each, grants)))
            for each in asked
        ]

    @strawberry.field(
        description="Who may use what: the schema's rules, decided for each role as it is now.",
        permission_classes=[HasPermission("role:read") & HasPermission("schema:read")],
    )
    async def schema_matrix(self, info: Info) -> SchemaMatrix | None:
        """Return the matrix of the whole schema."""
        schema: Any = info.schema
        return await schema_matrix(info.context, schema.rules)


def _selected(document: DocumentNode, operation_name: str | None) -> DocumentNode:
    """Return the document, or of several operations the named one with its fragments."""
    if operation_name is None:
        return document
    operations = separate_operations(document)
    if operation_name not in operations:
        raise BadUserInput.at("operationName", "The document has no operation of that name.")
    return operations[operation_name]
