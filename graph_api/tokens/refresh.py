"""Refresh tokens: ``gar1.SESSION.COUNTER.MAC``, derived and not stored.

The MAC is HMAC-SHA256 under a key of its own for each session: HKDF of the server's secret with
the session's random salt. So the database alone makes no token, and neither does the secret
alone; and the token of a given counter can be derived again, byte by byte, when a client comes
twice because the first answer was lost.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from graph_api.errors import SessionEnded
from graph_api.tokens import base64url
from graph_api.tokens.secrets import SecretKey

_LABEL = b"graph-api refresh token"
# The counter is canonical and fits the 32 bits of its column.
_TOKEN = re.compile(r"gar1\.([a-z0-9_]{1,64})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class RefreshToken:
    """Which refresh token it is: the session's id, and how often that session was refreshed."""

    session_id: str
    counter: int

    def __str__(self) -> str:
        return f"gar1.{self.session_id}.{self.counter}"


@dataclass(frozen=True)
class UnverifiedRefreshToken:
    """A well-formed refresh token that anybody may have made up.

    Attributes:
        session_id: whose salt is needed to verify it. Use nothing else of that row before.
    """

    session_id: str
    _counter: int = field(repr=False)
    _mac: str = field(repr=False)

    def verify(self, secret: SecretKey, salt: bytes) -> RefreshToken:
        """Return the token if it was minted with the current secret or a fallback.

        Raises:
            SessionEnded: ``refresh_token_invalid`` when it was not.
        """
        token = RefreshToken(self.session_id, self._counter)
        for key in secret.derive_all(_LABEL, salt):
            if hmac.compare_digest(_mac(key, token), self._mac):
                return token
        raise _invalid()


def mint(secret: SecretKey, token: RefreshToken, salt: bytes) -> str:
    """Return the text of a token, always the same for the same arguments.

    Args:
        secret: its current secret is used.
        token: the session and its counter, 0 at sign-in.
        salt: the session's 32 random bytes.
    """
    return f"{token}.{_mac(secret.derive(_LABEL, salt), token)}"


def read(text: str) -> UnverifiedRefreshToken:
    """Read what a client sent, before the database is asked.

    Raises:
        SessionEnded: ``refresh_token_invalid`` when it is no refresh token.
    """
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise _invalid()
    session_id, counter, mac = match.groups()
    return UnverifiedRefreshToken(session_id, int(counter), mac)


def _mac(key: bytes, token: RefreshToken) -> str:
    return base64url.encode(hmac.digest(key, str(token).encode(), hashlib.sha256))


def _invalid() -> SessionEnded:
    return SessionEnded(
        "The refresh token is not valid. Sign in again.", reason="refresh_token_invalid"
    )
