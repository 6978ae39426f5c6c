"""An issuer at a fixed instant, and a way to sign any bytes with its keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from jwt import get_algorithm_by_name

from graph_api.settings import Algorithm
from graph_api.tokens import base64url
from graph_api.tokens.access import AccessTokens
from graph_api.tokens.keys import KeySet, SigningKey

ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA", "HS256")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ISSUER = "https://api.example.com"
AUDIENCE = "https://clients.example.com"

Json = Mapping[str, Any] | bytes


@cache
def key(algorithm: Algorithm, owner: str = "server") -> SigningKey:
    """Return the owner's key, the same each time: RSA keys take long to make."""
    del owner
    return SigningKey.generate(algorithm)


def key_set(*keys: SigningKey) -> KeySet:
    """Return a set of which the first key signs."""
    return KeySet(keys[0], {each.kid: each.verifying() for each in keys})


def access_tokens(*keys: SigningKey, at: datetime = NOW) -> AccessTokens:
    keys_now = key_set(*keys or (key("ES256"),))
    return AccessTokens(ISSUER, AUDIENCE, 300, 5, lambda: keys_now, lambda: at)


def later(tokens: AccessTokens, **duration: float) -> AccessTokens:
    """Return the same issuer, some time after NOW."""
    return replace(tokens, clock=lambda: NOW + timedelta(**duration))


def issue(tokens: AccessTokens, **changes: Any) -> str:
    """Return a token for a user with a role and two permissions."""
    arguments: dict[str, Any] = {
        "subject": "usr_01k8xabcdefghjkmnpqrstvwxy",
        "session_id": "ses_01k8xabcdefghjkmnpqrstvwxy",
        "roles": ["user", "editor"],
        "permissions": ["user:read", "article:publish"],
        "session_expires_at": NOW + timedelta(days=90),
    }
    return tokens.issue(**arguments | changes).token


def sign(signer: SigningKey, header: Json, payload: Json, algorithm: str | None = None) -> str:
    """Sign anything, with nothing of ours in between but the key."""
    signed = f"{part(header)}.{part(payload)}"
    signature = get_algorithm_by_name(algorithm or signer.algorithm).sign(
        signed.encode(), signer.private
    )
    return f"{signed}.{base64url.encode(signature)}"


def part(value: Json) -> str:
    return base64url.encode(value if isinstance(value, bytes) else json.dumps(value).encode())


def header_of(token: str) -> dict[str, Any]:
    return _json(token.split(".", maxsplit=1)[0])


def claims_of(token: str) -> dict[str, Any]:
    return _json(token.split(".")[1])


def _json(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64url.decode(text))
    return value
