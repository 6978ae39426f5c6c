"""The secret key: one derived key for each use."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from graph_api.errors import ConfigurationError
from graph_api.tokens.secrets import SecretKey, hkdf

CURRENT = SecretStr("the current secret, 32 bytes long, or more")
FORMER = SecretStr("a former secret, also 32 bytes long or more")


def test_derivation_is_hkdf_sha256_of_rfc_5869() -> None:
    # Test case 1 of appendix A.1, cut to 32 bytes.
    derived = hkdf(bytes([0x0B] * 22), bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), bytes(range(13)))
    assert derived.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"


def test_each_use_and_each_salt_has_a_key_of_its_own() -> None:
    secret = SecretKey(CURRENT)
    keys = [secret.derive(b"a"), secret.derive(b"b"), secret.derive(b"a", b"salt")]
    assert len({*keys, CURRENT.get_secret_value().encode()}) == 4
    assert {len(key) for key in keys} == {32}
    assert secret.derive(b"a") == keys[0]


def test_fallbacks_come_after_the_current_secret() -> None:
    keys = SecretKey(CURRENT, [FORMER]).derive_all(b"use", b"salt")
    assert keys == [
        SecretKey(CURRENT).derive(b"use", b"salt"),
        SecretKey(FORMER).derive(b"use", b"salt"),
    ]
    assert SecretKey(CURRENT, [FORMER]).derive(b"use", b"salt") == keys[0]


@pytest.mark.parametrize("short", ["", "x" * 31])
def test_a_short_secret_is_refused_and_the_message_says_the_cure(short: str) -> None:
    for secrets in ((SecretStr(short), []), (CURRENT, [SecretStr(short)])):
        with pytest.raises(ConfigurationError, match="openssl rand -base64 48") as refusal:
            SecretKey(*secrets)
        assert "xxx" not in f"{refusal.value!r}"


def test_no_representation_shows_a_secret() -> None:
    shown = f"{SecretKey(CURRENT, [FORMER])!r}{SecretKey(CURRENT, [FORMER])}"
    assert "secret, " not in shown
