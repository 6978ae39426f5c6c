"""Keys: which are taken, how they are named, what is published."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import JWKRegistry, OctKey
from pydantic import SecretStr

from graph_api.settings import Algorithm
from graph_api.tokens.keys import (
    KeySet,
    PrivateKey,
    RefusedKey,
    SigningKey,
    VerifyingKey,
    read_jwks,
)
from tests.tokens.signing import ALGORITHMS, key, key_set

ASYMMETRIC: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA")


def pem(private: Any, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    text: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return text


# Names


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_key_is_named_by_its_rfc_7638_thumbprint(algorithm: Algorithm) -> None:
    published = key(algorithm).verifying().jwk()
    assert JWKRegistry.import_key(published).thumbprint() == published["kid"] == key(algorithm).kid


def test_the_thumbprint_is_that_of_the_rfcs_example() -> None:
    # RFC 8037, appendix A.2 and A.3.
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    public = VerifyingKey("", "EdDSA", private.public_key()).jwk()
    assert public["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert JWKRegistry.import_key(public).thumbprint() == (
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    )


def test_the_name_of_a_shared_secret_is_stable_and_not_its_thumbprint() -> None:
    secret = SecretStr("correct horse battery staple, and more")
    named = SigningKey.from_secret(secret)
    assert named.kid == SigningKey.from_secret(secret).kid != key("HS256").kid
    assert named.kid != OctKey.import_key(secret.get_secret_value()).thumbprint()


# Kept and read again


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_key_that_is_kept_and_read_is_the_same_key(algorithm: Algorithm) -> None:
    kept = key(algorithm)
    read = SigningKey.from_pem(kept.kid, algorithm, kept.to_pem())
    assert read.verifying() == kept.verifying()
    assert read.to_pem() == kept.to_pem()


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_pem_is_refused(text: bytes) -> None:
    with pytest.raises(RefusedKey, match="Key k1 is no unencrypted private key"):
        SigningKey.from_pem("k1", "ES256", text)


def test_an_encrypted_pem_is_refused_rather_than_asked_about() -> None:
    with pytest.raises(RefusedKey):
        SigningKey.from_pem("k1", "ES256", pem(key("ES256").private, b"password"))


# Weak or unfit keys


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [
        ("RS256", rsa.generate_private_key(65_537, 1_024)),
        ("ES256", ec.generate_private_key(ec.SECP384R1())),
        ("ES256", ec.generate_private_key(ec.SECP256K1())),
        ("EdDSA", ed448.Ed448PrivateKey.generate()),
        ("EdDSA", x25519.X25519PrivateKey.generate()),
        ("RS256", ec.generate_private_key(ec.SECP256R1())),
        ("ES256", ed25519.Ed25519PrivateKey.generate()),
        ("HS256", ed25519.Ed25519PrivateKey.generate()),
        ("RS256", dsa.generate_private_key(1_024)),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_weak_key_or_one_of_another_kind_is_refused(algorithm: Algorithm, private: Any) -> None:
    with pytest.raises(RefusedKey):
        SigningKey.from_pem("k1", algorithm, pem(private))


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_a_short_hmac_secret_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(RefusedKey) as refusal:
        SigningKey.from_secret(SecretStr(secret))
    assert "xxx" not in f"{refusal.value!r}"


def test_a_public_key_is_no_hmac_secret() -> None:
    public = key("ES256").verifying().public
    assert isinstance(public, ec.EllipticCurvePublicKey)
    for encoding in (Encoding.PEM, Encoding.DER):
        text = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(RefusedKey):
            VerifyingKey("k1", "HS256", text)


# Published


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_published_key_says_what_it_is_for_and_nothing_private(algorithm: Algorithm) -> None:
    (published,) = key_set(key(algorithm)).jwks()["keys"]
    assert published["use"] == "sig"
    assert published["key_ops"] == ["verify"]
    assert published["alg"] == algorithm
    assert not published.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}
    assert not JWKRegistry.import_key(published).is_private


def test_all_keys_that_verify_are_published_but_never_a_shared_secret() -> None:
    keys = key_set(key("HS256"), key("ES256"), key("EdDSA"))
    assert {jwk["kid"] for jwk in keys.jwks()["keys"]} == {key("ES256").kid, key("EdDSA").kid}
    with pytest.raises(RefusedKey, match="never published"):
        key("HS256").verifying().jwk()
    with pytest.raises(RefusedKey, match="has no PEM"):
        key("HS256").to_pem()


def test_what_is_published_is_read_back() -> None:
    keys = key_set(*map(key, ASYMMETRIC))
    assert read_jwks(keys.jwks()) == keys.verifying


@given(
    st.dictionaries(
        st.sampled_from(["kid", "alg", "kty", "crv", "x", "y", "n", "e", "use", "key_ops"]),
        st.none() | st.integers() | st.text() | st.lists(st.text()) | st.binary(),
    ),
    st.sampled_from(ASYMMETRIC),
)
def test_any_jwk_is_read_or_refused(changes: dict[str, Any], algorithm: Algorithm) -> None:
    try:
        read = VerifyingKey.from_jwk(key(algorithm).verifying().jwk() | changes)
    except RefusedKey:
        return
    assert read.public == key(algorithm).verifying().public


# Key sets


def test_a_key_stands_under_its_own_name_only() -> None:
    signing, other = key("ES256"), key("EdDSA")
    with pytest.raises(RefusedKey, match="another kid"):
        KeySet(signing, {signing.kid: other.verifying()})


def test_the_key_that_signs_also_verifies() -> None:
    with pytest.raises(RefusedKey, match="among those that verify"):
        KeySet(key("ES256"), {})


# What is not told


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_representation_shows_a_key(algorithm: Algorithm) -> None:
    signing = key(algorithm)
    shown = f"{signing!r}{signing}{signing.verifying()!r}{key_set(signing)!r}"
    assert "private=" not in shown
    assert "public=" not in shown
    assert signing.kid in shown


def test_types_of_private_keys_are_named_for_callers() -> None:
    assert isinstance(key("ES256").private, PrivateKey)
