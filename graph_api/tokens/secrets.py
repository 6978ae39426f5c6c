"""The server's secret, and the keys that are derived from it: one for each use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from graph_api.errors import ConfigurationError
from graph_api.settings import MINIMUM_SECRET_BYTES


def hkdf(secret: bytes, label: bytes, salt: bytes = b"") -> bytes:
    """Derive a 32-byte key by HKDF-SHA256 (RFC 5869) for the one use that the label names."""
    return HKDF(SHA256(), length=32, salt=salt, info=label).derive(secret)


@dataclass(frozen=True)
class SecretKey:
    """The secret key and its predecessors.

    Attributes:
        current: what everything new is made with; 32 bytes or more.
        fallbacks: former secrets, the latest first: still read, never written with.

    Raises:
        ConfigurationError: when one of them is shorter than 32 bytes.
    """

    current: SecretStr
    fallbacks: Sequence[SecretStr] = ()

    def __post_init__(self) -> None:
        if any(len(secret) < MINIMUM_SECRET_BYTES for secret in self._all()):
            raise ConfigurationError(
                f"A secret key is shorter than {MINIMUM_SECRET_BYTES} bytes: "
                "set it to the output of `openssl rand -base64 48`."
            )

    def derive(self, label: bytes, salt: bytes = b"") -> bytes:
        """Return the 32-byte key for one use, from the current secret."""
        return self.derive_all(label, salt)[0]

    def derive_all(self, label: bytes, salt: bytes = b"") -> list[bytes]:
        """Return the 32-byte keys for one use: of the current secret, then of each fallback."""
        return [hkdf(secret, label, salt) for secret in self._all()]

    def _all(self) -> list[bytes]:
        return [secret.get_secret_value().encode() for secret in (self.current, *self.fallbacks)]
