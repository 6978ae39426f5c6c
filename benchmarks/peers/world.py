"""What every peer shares: the people, and who asks."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

READER = "reader"
"""The role that may read all of a person."""


def _read() -> dict[str, Any]:
    world: dict[str, Any] = json.loads(Path(os.environ["BENCHMARK_WORLD"]).read_text("utf-8"))
    return world


WORLD = _read()
PEOPLE: list[dict[str, Any]] = WORLD["people"]


@dataclass(frozen=True)
class Caller:
    """Who asks: nobody by default."""

    subject: str | None = None
    roles: frozenset[str] = frozenset()


class Callers:
    """Verifies tokens, and remembers those that were genuine, as the peers on Node do."""

    def __init__(self) -> None:
        self._key: Any = load_pem_public_key(WORLD["public_key"].encode())
        self._known: dict[str, tuple[float, Caller]] = {}

    def of(self, authorization: str | None) -> Caller:
        """Return who a header names."""
        if authorization is None:
            return Caller()
        token = authorization.removeprefix("Bearer ")
        expires_at, caller = self._known.get(token, (0, Caller()))
        return caller if expires_at > time.time() else self._verify(token)

    def _verify(self, token: str) -> Caller:
        claims = jwt.decode(
            token,
            self._key,
            algorithms=["ES256"],
            issuer=WORLD["issuer"],
            audience=WORLD["audience"],
            options={"require": ["exp", "nbf", "sub"]},
        )
        caller = Caller(claims["sub"], frozenset(claims["roles"]))
        self._known[token] = claims["exp"], caller
        return caller
