"""The keys of access tokens: made, read, judged, and published as JWKs (RFC 7517).

PyJWT signs and verifies with any key that fits the algorithm, be it short or published for
encryption. What is a key here has been judged when it was made, so the tokens need not ask.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt import InvalidKeyError, get_algorithm_by_name
from pydantic import SecretStr

from graph_api.errors import ConfigurationError
from graph_api.settings import Algorithm
from graph_api.tokens import base64url
from graph_api.tokens.secrets import hkdf

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey | bytes
PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey | bytes
JWK = dict[str, Any]

_PUBLIC_TYPES: dict[Algorithm, type] = {
    "ES256": EllipticCurvePublicKey,
    "RS256": RSAPublicKey,
    "EdDSA": Ed25519PublicKey,  # PyJWT would take Ed448 too
    "HS256": bytes,
}
_GENERATE: dict[Algorithm, Callable[[], PrivateKey]] = {
    "ES256": lambda: generate_ec(SECP256R1()),
    "RS256": lambda: generate_rsa(public_exponent=65_537, key_size=3_072),
    "EdDSA": Ed25519PrivateKey.generate,
    "HS256": lambda: os.urandom(32),
}
_THUMBPRINT_MEMBERS = ("crv", "e", "kty", "n", "x", "y")  # RFC 7638, section 3.2


class PublishedKey(msgspec.Struct, frozen=True):
    """What a JWK must say about itself: it is for verifying, with one of our algorithms."""

    kid: Annotated[str, msgspec.Meta(min_length=1)]
    alg: Literal["ES256", "RS256", "EdDSA"]
    use: Literal["sig"] = "sig"
    key_ops: tuple[Literal["verify"]] = ("verify",)


class RefusedKey(ConfigurationError):
    """A key that is too weak, does not fit its algorithm, or is meant for something else."""


@dataclass(frozen=True)
class VerifyingKey:
    """The half of a key that verifies.

    Attributes:
        kid: the id by which a token's header names it.
        algorithm: the one algorithm that it is used with, whatever a header says.
        public: the public key; for HS256 the secret itself.

    Raises:
        RefusedKey: for RSA under 2048 bits, HMAC under 32 bytes, a curve or type that does not
            belong to the algorithm, or a PEM, DER or JWK in the place of an HMAC secret.
    """

    kid: str
    algorithm: Algorithm
    public: PublicKey = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.public, _PUBLIC_TYPES[self.algorithm]):
            raise RefusedKey(f"The type of the key does not fit {self.algorithm}.")
        algorithm = get_algorithm_by_name(self.algorithm)
        try:
            too_short = algorithm.check_key_length(algorithm.prepare_key(self.public))
        except InvalidKeyError as error:
            raise RefusedKey(str(error)) from None
        if too_short:
            raise RefusedKey(too_short)

    def verify(self, signed: bytes, signature: bytes) -> bool:
        """Tell whether the signature over these bytes is by this key."""
        return get_algorithm_by_name(self.algorithm).verify(signed, self.public, signature)

    def jwk(self) -> JWK:
        """Return the public key as a JWK (RFC 7517, section 4).

        Raises:
            RefusedKey: for HS256, whose key verifies and signs: it is never published.
        """
        if self.algorithm == "HS256":
            raise RefusedKey("An HS256 key is a secret and is never published.")
        use = {"use": "sig", "key_ops": ["verify"], "alg": self.algorithm, "kid": self.kid}
        return _parameters(self.algorithm, self.public) | use

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> VerifyingKey:
        """Read the public JWK of somebody else.

        Raises:
            RefusedKey: for a key that is private, symmetric, weak, malformed, without ``kid`` or
                ``alg``, or published for anything but verifying (RFC 7517, sections 4.2, 4.3).
        """
        try:
            published = msgspec.convert(jwk, PublishedKey)
        except msgspec.ValidationError as error:
            raise RefusedKey(f"The JWK is refused: {error}.") from None
        public = _read_parameters(published.alg, jwk)
        return cls(published.kid, published.alg, public)


@dataclass(frozen=True)
class SigningKey:
    """A key that signs access tokens.

    Attributes:
        kid: the RFC 7638 thumbprint of the public key (for HS256 a value derived from it).
        algorithm: the one algorithm that it is used with.
        private: the private key; for HS256 the secret.

    Raises:
        RefusedKey: as :class:`VerifyingKey` does.
    """

    kid: str
    algorithm: Algorithm
    private: PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        self.verifying()

    @classmethod
    def generate(cls, algorithm: Algorithm) -> SigningKey:
        """Make a new key: P-256, RSA of 3072 bits, Ed25519, or 32 random bytes."""
        private = _GENERATE[algorithm]()
        return cls(_kid(algorithm, _public(private)), algorithm, private)

    @classmethod
    def from_secret(cls, secret: SecretStr) -> SigningKey:
        """Make the HS256 key of a shared secret of 32 bytes or more."""
        private = secret.get_secret_value().encode()
        return cls(_kid("HS256", private), "HS256", private)

    @classmethod
    def from_pem(cls, kid: str, algorithm: Algorithm, pem: bytes) -> SigningKey:
        """Read what :meth:`to_pem` wrote, or another unencrypted private key in PEM.

        Raises:
            RefusedKey: when it is no such key, or one that :class:`VerifyingKey` refuses.
        """
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise RefusedKey(f"Key {kid} is no unencrypted private key in PEM.") from None
        return cls(kid, algorithm, cast("PrivateKey", private))

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS #8; whoever keeps it encrypts it.

        Raises:
            RefusedKey: for HS256, whose secret is a setting and is not kept by us.
        """
        if isinstance(self.private, bytes):
            raise RefusedKey("An HS256 key has no PEM: its secret stays in the settings.")
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def verifying(self) -> VerifyingKey:
        """Return the half that verifies."""
        return VerifyingKey(self.kid, self.algorithm, _public(self.private))


@dataclass(frozen=True)
class KeySet:
    """The key that signs now, and every key whose tokens are still good, by kid.

    Raises:
        RefusedKey: when a key stands under another kid than its own, or the signing key does
            not stand among those that verify.
    """

    signing: SigningKey
    verifying: Mapping[str, VerifyingKey]

    def __post_init__(self) -> None:
        if any(kid != key.kid for kid, key in self.verifying.items()):
            raise RefusedKey("A key stands under another kid than its own.")
        if self.verifying.get(self.signing.kid) != self.signing.verifying():
            raise RefusedKey("The signing key does not stand among those that verify.")

    def jwks(self) -> dict[str, list[JWK]]:
        """Return the public keys as a JWK set (RFC 7517, section 5); HS256 keys stay out."""
        keys = self.verifying.values()
        return {"keys": [key.jwk() for key in keys if key.algorithm != "HS256"]}


def read_jwks(jwks: Mapping[str, Any]) -> dict[str, VerifyingKey]:
    """Read the JWK set of somebody else, by kid.

    Raises:
        RefusedKey: when it is no JWK set, when one of its keys is refused, or when two have one
            kid: which of them verifies must not hang on their order.
    """
    members = jwks.get("keys")
    if not isinstance(members, list) or not all(isinstance(jwk, Mapping) for jwk in members):
        raise RefusedKey("It is no JWK set.")
    keys = {key.kid: key for key in map(VerifyingKey.from_jwk, members)}
    if len(keys) != len(members):
        raise RefusedKey("Two keys of the JWK set have one kid.")
    return keys


def _public(private: PrivateKey) -> PublicKey:
    return private if isinstance(private, bytes) else private.public_key()


def _parameters(algorithm: Algorithm, public: PublicKey) -> JWK:
    return get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)


def _read_parameters(algorithm: Algorithm, jwk: Mapping[str, Any]) -> PublicKey:
    try:
        return cast("PublicKey", get_algorithm_by_name(algorithm).from_jwk(dict(jwk)))
    except (InvalidKeyError, ValueError, TypeError):
        raise RefusedKey(f"The JWK is no {algorithm} key.") from None


def _kid(algorithm: Algorithm, public: PublicKey) -> str:
    """Return the RFC 7638 thumbprint, which section 7 advises against for secrets."""
    if isinstance(public, bytes):
        return base64url.encode(hkdf(public, b"graph-api HS256 kid"))
    parameters = _parameters(algorithm, public)
    members = {name: parameters[name] for name in _THUMBPRINT_MEMBERS if name in parameters}
    text = json.dumps(members, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode()).digest())
