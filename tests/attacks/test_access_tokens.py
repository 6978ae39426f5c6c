"""No forged token passes, none is slow, none raises anything but a refusal."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import get_algorithm_by_name
from pydantic import SecretStr

from graph_api.errors import Unauthenticated
from graph_api.settings import Algorithm
from graph_api.tokens.keys import RefusedKey, VerifyingKey, read_jwks
from graph_api.tokens.refresh import RefreshToken, mint
from graph_api.tokens.secrets import SecretKey
from tests.attacks.forgeries import FORGERIES, Forgery, Genuine, with_claims, with_header
from tests.tokens.signing import ALGORITHMS, access_tokens, issue, key, sign


def genuine(algorithm: Algorithm) -> Genuine:
    return Genuine(issue(access_tokens(key(algorithm))), key(algorithm))


def refuses(token: str, algorithm: Algorithm = "ES256") -> bool:
    with pytest.raises(Unauthenticated) as refusal:
        access_tokens(key(algorithm)).verify(token)
    return refusal.value.reason == "token_invalid"


@pytest.mark.parametrize("forgery", FORGERIES, ids=str)
def test_a_forged_token_is_invalid(forgery: Forgery) -> None:
    original = genuine(forgery.against)
    token = forgery.forge(original)
    assert token != original.token
    assert refuses(token, forgery.against)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_corpus_forges_well_so_that_only_what_it_changes_is_refused(
    algorithm: Algorithm,
) -> None:
    tokens = access_tokens(key(algorithm))
    for unchanged in (with_header(), with_claims()):
        assert tokens.verify(unchanged(genuine(algorithm)))


def test_the_corpus_names_each_forgery_once() -> None:
    assert [name for name, times in Counter(map(str, FORGERIES)).items() if times > 1] == []


def test_no_forged_token_is_slow() -> None:
    tokens = [(it, it.forge(genuine(it.against))) for it in FORGERIES]
    verifiers = {algorithm: access_tokens(key(algorithm)) for algorithm in ALGORITHMS}
    started = perf_counter()
    for forgery, token in tokens:
        with pytest.raises(Unauthenticated):
            verifiers[forgery.against].verify(token)
    # About 20 µs each; the bound leaves room for a busy machine.
    assert perf_counter() - started < len(tokens) * 0.002


def test_a_refresh_token_is_no_access_token() -> None:
    secret = SecretKey(SecretStr("a secret of this test, 32 bytes or more"))
    assert refuses(mint(secret, RefreshToken("ses_01k8xabcdefghjkmnpqrstvwxy", 1), bytes(32)))


def test_rfc_8725_2_1_two_keys_of_a_set_do_not_lend_each_other_their_algorithm() -> None:
    both = access_tokens(key("ES256"), key("HS256"))
    token = Genuine(issue(both), key("ES256"))
    pairs: list[tuple[Algorithm, Algorithm]] = [("ES256", "HS256"), ("HS256", "ES256")]
    for signer, named in pairs:
        for alg in (signer, named):
            header = token.header | {"alg": alg, "kid": key(named).kid}
            with pytest.raises(Unauthenticated) as refusal:
                both.verify(sign(key(signer), header, token.claims))
            assert refusal.value.reason == "token_invalid"


# Keys of somebody else


ES256_JWK = key("ES256").verifying().jwk()
SHORT_RSA = rsa.generate_private_key(65_537, 1_024).public_key()


def test_the_key_that_the_next_test_spoils_is_good() -> None:
    assert VerifyingKey.from_jwk(ES256_JWK) == key("ES256").verifying()


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("RFC 7517 4.2", {"use": "enc"}),
        ("RFC 7517 4.2", {"use": ["sig"]}),
        ("RFC 7517 4.3", {"key_ops": ["encrypt"]}),
        ("RFC 7517 4.3", {"key_ops": ["verify", "deriveKey"]}),
        ("RFC 7517 4.3", {"key_ops": []}),
        ("RFC 7517 4.3", {"key_ops": "verify"}),
        ("RFC 7517 4.4", {"alg": "none"}),
        ("RFC 7517 4.4", {"alg": "RS256"}),
        ("RFC 7517 4.4", {"alg": "ECDH-ES"}),
        ("RFC 7517 4.4", {"alg": None}),
        ("RFC 7517 4.5", {"kid": ""}),
        ("RFC 7517 4.5", {"kid": None}),
        ("RFC 7517 9.2", get_algorithm_by_name("ES256").to_jwk(key("ES256").private, as_dict=True)),
        ("RFC 7518 6.2", {"crv": "P-384"}),
        ("RFC 7518 6.2", {"kty": "oct", "k": "AAAA"}),
        ("CVE-2020-0601", {"y": ES256_JWK["x"]}),
        ("RFC 7518 6.2", {"x": 1}),
        ("RFC 7518 6.2", {"x": ""}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_spoilt_jwk_is_refused(source: str, changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedKey):
        VerifyingKey.from_jwk(ES256_JWK | changes)


def test_rfc_7518_3_2_a_symmetric_jwk_is_refused_whatever_its_length() -> None:
    for length in (1, 64):
        jwk = {"kty": "oct", "kid": "k1", "alg": "HS256", "k": "AAAA" * length}
        with pytest.raises(RefusedKey):
            VerifyingKey.from_jwk(jwk)


def test_rfc_7518_3_3_a_short_rsa_key_is_refused() -> None:
    with pytest.raises(RefusedKey, match="1024 bits"):
        VerifyingKey("k1", "RS256", SHORT_RSA)


def test_rfc_7517_4_5_a_set_with_one_kid_for_two_keys_is_refused() -> None:
    other = key("ES256", "forger").verifying().jwk() | {"kid": ES256_JWK["kid"]}
    for keys in ([ES256_JWK, other], [other, ES256_JWK], [ES256_JWK, ES256_JWK]):
        with pytest.raises(RefusedKey, match="one kid"):
            read_jwks({"keys": keys})


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": [1]}], ids=str)
def test_rfc_7517_5_what_is_no_jwk_set_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(RefusedKey):
        read_jwks(document)
