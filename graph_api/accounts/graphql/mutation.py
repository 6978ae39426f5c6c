"""The accounts' mutations: each hands its input to the accounts and returns a payload."""

from __future__ import annotations

from typing import Annotated, cast

import strawberry

from graph_api.accounts import Accounts, roles, sessions, sign_in, users
from graph_api.accounts.graphql import inputs, payloads
from graph_api.accounts.graphql.inputs import given
from graph_api.accounts.graphql.types import Role, Session, User
from graph_api.accounts.sign_in import SignedIn
from graph_api.authorization.rules import HasPermission, IsAuthenticated, Public
from graph_api.db.tables import SessionMode
from graph_api.errors import BadUserInput, SessionEnded
from graph_api.relay import Info

WRITE_USERS = HasPermission("user:write")
WRITE_ROLES = HasPermission("role:write")
INPUT = strawberry.argument(description="What to do it with.")


def _accounts(info: Info) -> Accounts:
    """Return the accounts, to change them."""
    info.context.forget()
    return info.context.part(Accounts)


@strawberry.type(name="Mutation", description="What can be done.")
class AccountsMutation:
    """The root mutations for accounts. An application's Mutation inherits them."""

    @strawberry.mutation(
        description="Sign in with a password.", permission_classes=[Public(ignores_bearer=True)]
    )
    async def login(
        self,
        info: Info,
        input: Annotated[inputs.LoginInput, INPUT],  # noqa: A002
    ) -> payloads.AuthPayload | None:
        """Begin a session."""
        signed_in = await sign_in.login(
            _accounts(info),
            input.email,
            input.password,
            origin=info.context.origin,
            mode=_wanted_mode(info),
        )
        return await _entered(info, signed_in)

    @strawberry.mutation(
        description="Exchange a refresh token for new tokens.",
        permission_classes=[Public(ignores_bearer=True)],
    )
    async def refresh(
        self,
        info: Info,
        input: Annotated[inputs.RefreshInput | None, INPUT] = strawberry.UNSET,  # noqa: A002
    ) -> payloads.AuthPayload | None:
        """Renew a session."""
        token, came_in = _presented(info, input)
        if not token and info.context.cookie.wanted:
            raise SessionEnded("There is no session. Sign in.", reason="refresh_token_missing")
        if not token:
            raise BadUserInput.at("input.refreshToken", "Give the refresh token that came last.")
        signed_in = await sign_in.refresh(
            _accounts(info), token, came_in=came_in, origin=info.context.origin
        )
        return _tokens(info, signed_in)

    @strawberry.mutation(
        description="End the session of the refresh token, the cookie, or else of the bearer.",
        permission_classes=[Public(ignores_bearer=True)],
    )
    async def logout(
        self,
        info: Info,
        input: Annotated[inputs.LogoutInput | None, INPUT] = strawberry.UNSET,  # noqa: A002
    ) -> payloads.LogoutPayload | None:
        """End sessions; whoever is signed out already stays so."""
        try:
            token, came_in = _presented(info, input)
        finally:
            info.context.cookie.remove()
        ended = await sign_in.logout(
            _accounts(info),
            refresh_token=token,
            came_in=came_in,
            access_token=info.context.bearer,
            origin=info.context.origin,
        )
        return _logged_out(ended)

    @strawberry.mutation(
        description="End all sessions of the caller.", permission_classes=[IsAuthenticated()]
    )
    async def logout_everywhere(self, info: Info) -> payloads.LogoutPayload | None:
        """End all sessions, this one too."""
        return _logged_out(
            await sign_in.logout_everywhere(
                _accounts(info), by=info.context.principal, origin=info.context.origin
            )
        )

    @strawberry.mutation(
        description="Make an account for oneself, where this is open.",
        permission_classes=[Public(ignores_bearer=True)],
    )
    async def register(
        self,
        info: Info,
        input: Annotated[inputs.RegisterInput, INPUT],  # noqa: A002
    ) -> payloads.RegisterPayload | None:
        """Make an account and begin a session."""
        new = users.NewUser(**given(**vars(input)))
        signed_in = await sign_in.register(
            _accounts(info), new, origin=info.context.origin, mode=_wanted_mode(info)
        )
        return payloads.RegisterPayload(auth=await _entered(info, signed_in))

    @strawberry.mutation(
        description="Change one's own password; all other sessions end.",
        permission_classes=[IsAuthenticated()],
    )
    async def change_password(
        self,
        info: Info,
        input: Annotated[inputs.ChangePasswordInput, INPUT],  # noqa: A002
    ) -> payloads.AuthPayload | None:
        """Change the password and renew this session."""
        signed_in = await sign_in.change_password(
            _accounts(info),
            input.current_password,
            input.new_password,
            by=info.context.principal,
            origin=info.context.origin,
        )
        return _tokens(info, signed_in)

    @strawberry.mutation(
        description="Change what others see of oneself.", permission_classes=[IsAuthenticated()]
    )
    async def update_profile(
        self,
        info: Info,
        input: Annotated[inputs.UpdateProfileInput, INPUT],  # noqa: A002
    ) -> payloads.UpdateProfilePayload | None:
        """Change the caller's name."""
        if input.name is strawberry.UNSET:
            raise BadUserInput.at("input.name", "Give the name; null removes it.")
        row = await users.update_profile(
            _accounts(info),
            input.name,
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.UpdateProfilePayload(user=User.of(row))

    @strawberry.mutation(
        description="End a session: one's own, or another's with `session:write`.",
        permission_classes=[IsAuthenticated()],
    )
    async def revoke_session(
        self,
        info: Info,
        input: Annotated[inputs.RevokeSessionInput, INPUT],  # noqa: A002
    ) -> payloads.RevokeSessionPayload | None:
        """End a session."""
        row = await sessions.revoke(
            _accounts(info),
            input.session_id,
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.RevokeSessionPayload(session=Session.of(row))

    @strawberry.mutation(
        description="Make an account for somebody.", permission_classes=[WRITE_USERS]
    )
    async def create_user(
        self,
        info: Info,
        input: Annotated[inputs.CreateUserInput, INPUT],  # noqa: A002
    ) -> payloads.CreateUserPayload | None:
        """Create a user."""
        new = users.NewUser(**given(**vars(input)) | {"role_ids": input.role_ids or ()})
        row = await users.create(
            _accounts(info), new, by=info.context.principal, origin=info.context.origin
        )
        return payloads.CreateUserPayload(user=User.of(row))

    @strawberry.mutation(
        description="Change somebody's address or name.", permission_classes=[WRITE_USERS]
    )
    async def update_user(
        self,
        info: Info,
        input: Annotated[inputs.UpdateUserInput, INPUT],  # noqa: A002
    ) -> payloads.UpdateUserPayload | None:
        """Change a user."""
        changes = given(email=input.email, name=input.name)
        if changes.get("email", "") is None:
            raise BadUserInput.at("input.email", "An account can't be without an address.")
        row = await users.update(
            _accounts(info),
            input.user_id,
            cast("users.UserChanges", changes),
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.UpdateUserPayload(user=User.of(row))

    @strawberry.mutation(
        description="Disable an account; its sessions end.", permission_classes=[WRITE_USERS]
    )
    async def disable_user(
        self,
        info: Info,
        input: Annotated[inputs.DisableUserInput, INPUT],  # noqa: A002
    ) -> payloads.DisableUserPayload | None:
        """Disable a user."""
        row = await users.disable(
            _accounts(info), input.user_id, by=info.context.principal, origin=info.context.origin
        )
        return payloads.DisableUserPayload(user=User.of(row))

    @strawberry.mutation(description="Enable a disabled account.", permission_classes=[WRITE_USERS])
    async def enable_user(
        self,
        info: Info,
        input: Annotated[inputs.EnableUserInput, INPUT],  # noqa: A002
    ) -> payloads.EnableUserPayload | None:
        """Enable a user."""
        row = await users.enable(
            _accounts(info), input.user_id, by=info.context.principal, origin=info.context.origin
        )
        return payloads.EnableUserPayload(user=User.of(row))

    @strawberry.mutation(
        description="Delete an account and its sessions.", permission_classes=[WRITE_USERS]
    )
    async def delete_user(
        self,
        info: Info,
        input: Annotated[inputs.DeleteUserInput, INPUT],  # noqa: A002
    ) -> payloads.DeleteUserPayload | None:
        """Delete a user."""
        row = await users.remove(
            _accounts(info), input.user_id, by=info.context.principal, origin=info.context.origin
        )
        return payloads.DeleteUserPayload(deleted_user_id=strawberry.ID(row.id))

    @strawberry.mutation(
        description="Grant a role; none that holds what one lacks.",
        permission_classes=[WRITE_USERS],
    )
    async def grant_role(
        self,
        info: Info,
        input: Annotated[inputs.GrantRoleInput, INPUT],  # noqa: A002
    ) -> payloads.GrantRolePayload | None:
        """Grant a role to a user."""
        row = await users.grant_role(
            _accounts(info),
            input.user_id,
            input.role_id,
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.GrantRolePayload(user=User.of(row))

    @strawberry.mutation(description="Take a role away.", permission_classes=[WRITE_USERS])
    async def revoke_role(
        self,
        info: Info,
        input: Annotated[inputs.RevokeRoleInput, INPUT],  # noqa: A002
    ) -> payloads.RevokeRolePayload | None:
        """Take a role from a user."""
        row = await users.revoke_role(
            _accounts(info),
            input.user_id,
            input.role_id,
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.RevokeRolePayload(user=User.of(row))

    @strawberry.mutation(description="Make a role.", permission_classes=[WRITE_ROLES])
    async def create_role(
        self,
        info: Info,
        input: Annotated[inputs.CreateRoleInput, INPUT],  # noqa: A002
    ) -> payloads.CreateRolePayload | None:
        """Create a role."""
        new = roles.NewRole(
            name=input.name,
            description=input.description or None,
            permissions=input.permissions or (),
            include_ids=input.include_ids or (),
        )
        row = await roles.create(
            _accounts(info), new, by=info.context.principal, origin=info.context.origin
        )
        return payloads.CreateRolePayload(role=Role.of(row))

    @strawberry.mutation(description="Change what a role grants.", permission_classes=[WRITE_ROLES])
    async def update_role(
        self,
        info: Info,
        input: Annotated[inputs.UpdateRoleInput, INPUT],  # noqa: A002
    ) -> payloads.UpdateRolePayload | None:
        """Change a role."""
        changes = given(description=input.description)
        changes |= {
            name: value or ()
            for name, value in given(
                permissions=input.permissions, include_ids=input.include_ids
            ).items()
        }
        row = await roles.update(
            _accounts(info),
            input.role_id,
            cast("roles.RoleChanges", changes),
            by=info.context.principal,
            origin=info.context.origin,
        )
        return payloads.UpdateRolePayload(role=Role.of(row))

    @strawberry.mutation(
        description="Delete a role; whoever held it holds it no more.",
        permission_classes=[WRITE_ROLES],
    )
    async def delete_role(
        self,
        info: Info,
        input: Annotated[inputs.DeleteRoleInput, INPUT],  # noqa: A002
    ) -> payloads.DeleteRolePayload | None:
        """Delete a role."""
        row = await roles.remove(
            _accounts(info), input.role_id, by=info.context.principal, origin=info.context.origin
        )
        return payloads.DeleteRolePayload(deleted_role_id=strawberry.ID(row.id))


def _wanted_mode(info: Info) -> SessionMode:
    return "cookie" if info.context.cookie.wanted else "body"


def _presented(
    info: Info,
    input: inputs.RefreshInput | inputs.LogoutInput | None,  # noqa: A002
) -> tuple[str | None, SessionMode]:
    """Return the refresh token of a request, and where it stood.

    Raises:
        BadUserInput: if there are two: it is not for us to pick a session.
    """
    in_body = (input.refresh_token or None) if input else None
    in_cookie = info.context.cookie.token
    if in_body and in_cookie:
        raise BadUserInput.at("input.refreshToken", "The session cookie came too: send one.")
    return (in_cookie, "cookie") if in_cookie else (in_body, "body")


async def _entered(info: Info, signed_in: SignedIn) -> payloads.AuthPayload:
    """Return the tokens of a new session; the one that the cookie held until now ends."""
    if old := info.context.cookie.token:
        await sign_in.logout(
            _accounts(info), refresh_token=old, came_in="cookie", origin=info.context.origin
        )
    return _tokens(info, signed_in)


def _tokens(info: Info, signed_in: SignedIn) -> payloads.AuthPayload:
    """Return the tokens; the refresh token of a cookie session is in the cookie only."""
    if signed_in.mode == "cookie":
        info.context.cookie.keep(signed_in.refresh_token, signed_in.session_expires_in)
    return payloads.AuthPayload.of(signed_in)


def _logged_out(ended: list[str]) -> payloads.LogoutPayload:
    return payloads.LogoutPayload(ended_session_ids=list(map(strawberry.ID, ended)))
