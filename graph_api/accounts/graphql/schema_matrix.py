"""The matrix of the schema, as the server has it now: what each stored role may use."""

from __future__ import annotations

from collections.abc import Mapping

import strawberry
from sqlalchemy import select
from sqlmodel import col

from graph_api.accounts.graphql import loaders
from graph_api.accounts.graphql.access import Access
from graph_api.accounts.graphql.types import roles_included_by
from graph_api.authorization.matrix import holder, matrix
from graph_api.authorization.principal import ANONYMOUS, AUTHENTICATED, Grants
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Carrier
from graph_api.context import Context
from graph_api.db.tables import RoleRow


@strawberry.type(description="A rule of the schema, and whom it lets pass.", directives=[Carrier()])
class SchemaRule:
    """One row of the matrix."""

    coordinate: str = strawberry.field(
        description="What has the rule: a field, an argument, an input field or an enum value."
    )
    rule: str = strawberry.field(description="The whole rule; `none` if nothing covers the field.")
    anonymous: Access = strawberry.field(description="What callers may do who are not signed in.")
    signed_in: Access = strawberry.field(description="What anyone may do who is signed in.")
    roles: list[Access] = strawberry.field(
        description="What each role may do, in the order of the matrix's `roles`."
    )


@strawberry.type(
    description="Who may use what, before it is known whose it is.", directives=[Carrier()]
)
class SchemaMatrix:
    """The matrix."""

    roles: list[str] = strawberry.field(description="The roles that there are, by name.")
    rules: list[SchemaRule] = strawberry.field(description="The rules, by coordinate.")


async def schema_matrix(context: Context, book: RuleBook) -> SchemaMatrix:
    """Return the matrix of the rules for the roles that are stored, with what they include."""
    held = await _held(context)
    permissions = frozenset().union(*held.values())
    roles = {name: holder([name], held, permissions).grants for name in held}
    # By position, since a role may be called `anonymous`.
    everyone = [ANONYMOUS.grants, frozenset({AUTHENTICATED}), *roles.values()]
    rows = matrix(book, _numbered(everyone))
    return SchemaMatrix(
        roles=list(roles),
        rules=[
            _rule(row.coordinate, row.rule, *map(Access, row.verdicts.values())) for row in rows
        ],
    )


async def _held(context: Context) -> dict[str, list[str]]:
    """Return the permissions of each role, and the names of the roles that it includes."""
    async with context.db.read() as session:
        rows = (await session.scalars(select(RoleRow).order_by(col(RoleRow.name)))).all()
    ids = [row.id for row in rows]
    permissions = await loaders.permissions_of_roles(context, ids)
    included = await roles_included_by(context, ids)
    return {
        row.name: [*own, *(each.name for each in others)]
        for row, own, others in zip(rows, permissions, included, strict=True)
    }


def _numbered(everyone: list[Grants]) -> Mapping[str, Grants]:
    return {str(number): grants for number, grants in enumerate(everyone)}


def _rule(
    coordinate: str, rule: str, anonymous: Access, signed_in: Access, *roles: Access
) -> SchemaRule:
    return SchemaRule(
        coordinate=coordinate,
        rule=rule,
        anonymous=anonymous,
        signed_in=signed_in,
        roles=list(roles),
    )
