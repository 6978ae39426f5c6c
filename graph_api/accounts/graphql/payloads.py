"""What the accounts' mutations return."""

from __future__ import annotations

import strawberry

from graph_api.accounts.graphql.types import Role, Session, User
from graph_api.accounts.sign_in import SignedIn
from graph_api.authorization.principal import Principal
from graph_api.authorization.rulebook import ACTING
from graph_api.authorization.rules import Carrier


def _signed_in(payload: AuthPayload) -> Principal:
    return payload.principal


@strawberry.type(description="New tokens, and whose they are.", directives=[Carrier()])
class AuthPayload:
    """The payload of what signs somebody in. Below ``user`` they are judged, not the caller."""

    access_token: str = strawberry.field(
        description="Send it as `Authorization: Bearer …`; keep it in memory only."
    )
    refresh_token: str | None = strawberry.field(
        description="Gives the next pair, once; null where it is kept in a cookie."
    )
    token_type: str = strawberry.field(description="`Bearer`.")
    expires_in: int = strawberry.field(description="Lifetime of the access token, in seconds.")
    user: User = strawberry.field(description="Who has signed in.", metadata={ACTING: _signed_in})
    principal: strawberry.Private[Principal]

    @classmethod
    def of(cls, signed_in: SignedIn) -> AuthPayload:
        """Return what a sign-in answers."""
        return cls(
            access_token=signed_in.access_token,
            refresh_token=signed_in.refresh_token if signed_in.mode == "body" else None,
            token_type="Bearer",  # noqa: S106 -- the type's name, RFC 6750
            expires_in=signed_in.expires_in,
            user=User.of(signed_in.user),
            principal=Principal(
                subject=signed_in.subject,
                session_id=signed_in.session_id,
                roles=signed_in.roles,
                permissions=signed_in.permissions,
            ),
        )


@strawberry.type(description="The outcome of a registration.", directives=[Carrier()])
class RegisterPayload:
    """The payload of ``register``."""

    auth: AuthPayload | None = strawberry.field(
        description="The new user's tokens; null if the address must be confirmed first."
    )


@strawberry.type(description="The outcome of signing out.", directives=[Carrier()])
class LogoutPayload:
    """The payload of ``logout`` and ``logoutEverywhere``."""

    ended_session_ids: list[strawberry.ID] = strawberry.field(
        description="The sessions that ended now."
    )


@strawberry.type(description="The changed profile.", directives=[Carrier()])
class UpdateProfilePayload:
    """The payload of ``updateProfile``."""

    user: User = strawberry.field(description="Oneself, as changed.")


@strawberry.type(description="The ended session.", directives=[Carrier()])
class RevokeSessionPayload:
    """The payload of ``revokeSession``."""

    session: Session = strawberry.field(description="The session, as ended.")


@strawberry.type(description="The new user.", directives=[Carrier()])
class CreateUserPayload:
    """The payload of ``createUser``."""

    user: User = strawberry.field(description="The new user.")


@strawberry.type(description="The changed user.", directives=[Carrier()])
class UpdateUserPayload:
    """The payload of ``updateUser``."""

    user: User = strawberry.field(description="The user, as changed.")


@strawberry.type(description="The disabled user.", directives=[Carrier()])
class DisableUserPayload:
    """The payload of ``disableUser``."""

    user: User = strawberry.field(description="The user, as disabled.")


@strawberry.type(description="The enabled user.", directives=[Carrier()])
class EnableUserPayload:
    """The payload of ``enableUser``."""

    user: User = strawberry.field(description="The user, as enabled.")


@strawberry.type(description="The deleted user.", directives=[Carrier()])
class DeleteUserPayload:
    """The payload of ``deleteUser``."""

    deleted_user_id: strawberry.ID = strawberry.field(description="Who was deleted.")


@strawberry.type(description="The user with the role.", directives=[Carrier()])
class GrantRolePayload:
    """The payload of ``grantRole``."""

    user: User = strawberry.field(description="The user, with the role.")


@strawberry.type(description="The user without the role.", directives=[Carrier()])
class RevokeRolePayload:
    """The payload of ``revokeRole``."""

    user: User = strawberry.field(description="The user, without the role.")


@strawberry.type(description="The new role.", directives=[Carrier()])
class CreateRolePayload:
    """The payload of ``createRole``."""

    role: Role = strawberry.field(description="The new role.")


@strawberry.type(description="The changed role.", directives=[Carrier()])
class UpdateRolePayload:
    """The payload of ``updateRole``."""

    role: Role = strawberry.field(description="The role, as changed.")


@strawberry.type(description="The deleted role.", directives=[Carrier()])
class DeleteRolePayload:
    """The payload of ``deleteRole``."""

    deleted_role_id: strawberry.ID = strawberry.field(description="Which role was deleted.")
