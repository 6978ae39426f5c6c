"""Access tokens: short-lived JWTs that say who asks and what they may (RFC 9068).

``roles`` and ``scope`` are what queries are judged by; no database is asked.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import jwt
from msgspec import Meta, Struct, to_builtins

from graph_api.clock import Clock, utc_now
from graph_api.errors import BadUserInput, SessionEnded, Unauthenticated
from graph_api.tokens.compact import MAX_TOKEN_BYTES, RefusedToken, read_compact, read_json
from graph_api.tokens.keys import KeySet, VerifyingKey

CLIENT_ID = "graph-api"
TYPE = "at+jwt"

_SCOPE_TOKEN = r"[!#-\[\]-~]+"  # noqa: S105 -- the grammar of RFC 6749, section 3.3
Identifier = Annotated[str, Meta(pattern=r"\A[!-~]+\Z")]
Scope = Annotated[str, Meta(pattern=rf"\A({_SCOPE_TOKEN}( {_SCOPE_TOKEN})*)?\Z")]
Role = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[int, Meta(ge=0, lt=253_402_300_800)]  # datetime ends with the year 9999


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """The header, and all of it.

    ``jku``, ``jwk``, ``x5u``, ``crit``, ``b64``, ``zip`` and the like are not ignored but
    refused, so that no other reader of the same token can act on them.
    """

    alg: str
    kid: str
    typ: str


class Claims(Struct, frozen=True):
    """The claims (RFC 9068, section 2.2), each of them required; times in seconds since 1970."""

    iss: str
    sub: Identifier
    aud: str | list[str]
    exp: Seconds
    nbf: Seconds
    iat: Seconds
    jti: Identifier
    sid: Identifier
    client_id: Identifier
    roles: list[Role]
    scope: Scope

    @property
    def not_before(self) -> Seconds:
        """From when on the token is good: nobody issues one in the future."""
        return max(self.nbf, self.iat)


class TokenTooLarge(BadUserInput):
    """The roles and permissions do not fit into an access token."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The roles and permissions make an access token of {size} bytes, and "
            f"{MAX_TOKEN_BYTES} fit: take some away.",
            reason="token_too_large",
        )


@dataclass(frozen=True)
class IssuedToken:
    """A new access token.

    Attributes:
        token: what the client sends as its bearer.
        expires_in: its lifetime, in whole seconds.
        expires_at: the end of it, in UTC.
    """

    token: str = field(repr=False)
    expires_in: int
    expires_at: datetime


@dataclass(frozen=True)
class AccessClaims:
    """What a genuine access token says.

    Attributes:
        subject: the user's id.
        session_id: the id of the session that it belongs to.
        roles: names of all roles held, those included by others among them.
        permissions: all permissions that follow, ``noun:verb``.
        issued_at: when it was issued, in UTC.
        not_before: from when on it is good, in UTC, without leeway.
        expires_at: when it ends, in UTC, without leeway.
        token_id: its own id (``jti``).
    """

    subject: str
    session_id: str
    roles: frozenset[str]
    permissions: frozenset[str]
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    token_id: str


@dataclass(frozen=True)
class AccessTokens:
    """Issues and verifies the access tokens of one issuer.

    Attributes:
        issuer: our URL, compared byte by byte.
        audience: who the tokens are for.
        ttl: lifetime in seconds.
        leeway: seconds by which the clocks of servers may differ.
        keys: returns the keys as they are now; asked for every token.
        clock: returns the present instant.
    """

    issuer: str
    audience: str
    ttl: int
    leeway: int
    keys: Callable[[], KeySet] = field(repr=False)
    clock: Clock = field(default=utc_now, repr=False)

    def issue(
        self,
        *,
        subject: str,
        session_id: str,
        roles: Collection[str],
        permissions: Collection[str],
        session_expires_at: datetime,
    ) -> IssuedToken:
        """Issue a token that does not outlive its session.

        Args:
            subject: the user's id.
            session_id: the session's id.
            roles: all roles that the user holds, the included ones too.
            permissions: all permissions that follow.
            session_expires_at: the session's absolute end.

        Raises:
            SessionEnded: when that end is reached.
            TokenTooLarge: when the token would exceed 4096 bytes.
            ValueError: when a permission can't stand in a scope (RFC 6749, section 3.3).
        """
        now = int(self.clock().timestamp())
        expires = min(now + self.ttl, int(session_expires_at.timestamp()))
        if expires <= now:
            raise SessionEnded
        claims = Claims(
            iss=self.issuer,
            sub=subject,
            aud=self.audience,
            exp=expires,
            nbf=now,
            iat=now,
            jti=secrets.token_urlsafe(16),
            sid=session_id,
            client_id=CLIENT_ID,
            roles=sorted(set(roles)),
            scope=_scope(permissions),
        )
        return IssuedToken(self._sign(claims), expires - now, _instant(expires))

    def verify(self, token: str, *, allow_expired: bool = False) -> AccessClaims:
        """Return what a token says, if it is one of ours.

        Args:
            token: any text.
            allow_expired: take a genuine token whose time is over too; logout does, to learn
                which session to end.

        Raises:
            Unauthenticated: ``token_expired`` for a genuine token whose time is over, else
                ``token_invalid``. The cause says why, without a value out of the token.
        """
        try:
            claims = self._genuine(token)
        except RefusedToken as error:
            raise Unauthenticated(
                "The access token is not valid. Refresh it or sign in again.",
                reason="token_invalid",
            ) from error
        if not allow_expired and self._is_over(claims.exp, self._now()):
            raise Unauthenticated(
                "The access token has expired. Refresh it and repeat the request.",
                reason="token_expired",
            )
        return _access_claims(claims)

    def is_timely(self, not_before: float, expires_at: float) -> bool:
        """Whether a genuine token's time, in seconds since 1970, has come and is not over."""
        now = self._now()
        return self._has_come(not_before, now) and not self._is_over(expires_at, now)

    def _sign(self, claims: Claims) -> str:
        key = self.keys().signing
        headers = {"typ": TYPE, "kid": key.kid}
        token = jwt.encode(to_builtins(claims), key.private, key.algorithm, headers)
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenTooLarge(len(token))
        return token

    def _genuine(self, token: str) -> Claims:
        """Return the claims of a token that is ours, be its time over or not."""
        parts = read_compact(token)
        key = self._key(read_json(parts.header, Header))
        if not key.verify(parts.signed, parts.signature):
            raise RefusedToken("the signature is not by the key that the header names")
        claims = read_json(parts.payload, Claims)
        self._judge(claims)
        return claims

    def _key(self, header: Header) -> VerifyingKey:
        """Return the key that the header names: it, not the header, says the algorithm."""
        key = self.keys().verifying.get(header.kid)
        if key is None:
            raise RefusedToken("no such key")
        if header.alg != key.algorithm:
            raise RefusedToken("another algorithm than the key's")
        if header.typ.lower() not in {TYPE, f"application/{TYPE}"}:  # RFC 9068, section 4
            raise RefusedToken("not an access token")
        return key

    def _judge(self, claims: Claims) -> None:
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        problems = {
            "another issuer": claims.iss != self.issuer,
            "another audience": self.audience not in audiences,
            "another client": claims.client_id != CLIENT_ID,
            "not valid yet": not self._has_come(claims.not_before, self._now()),
        }
        if any(problems.values()):
            raise RefusedToken(", ".join(name for name, is_so in problems.items() if is_so))

    # The times are judged here because PyJWT asks the system's clock and not ours.

    def _has_come(self, not_before: float, now: float) -> bool:
        return not_before <= now + self.leeway

    def _is_over(self, expires_at: float, now: float) -> bool:
        return now >= expires_at + self.leeway

    def _now(self) -> float:
        return self.clock().timestamp()


def _scope(permissions: Collection[str]) -> str:
    """Join permissions; one with a space inside would be read back as two."""
    for permission in permissions:
        if not re.fullmatch(_SCOPE_TOKEN, permission):
            raise ValueError(f"{permission!r} can't stand in a scope (RFC 6749, section 3.3)")
    return " ".join(sorted(set(permissions)))


def _access_claims(claims: Claims) -> AccessClaims:
    return AccessClaims(
        subject=claims.sub,
        session_id=claims.sid,
        roles=frozenset(claims.roles),
        permissions=frozenset(claims.scope.split()),
        issued_at=_instant(claims.iat),
        not_before=_instant(claims.not_before),
        expires_at=_instant(claims.exp),
        token_id=claims.jti,
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
