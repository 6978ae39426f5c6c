"""Access tokens: what is issued, what is accepted, and until when."""

from __future__ import annotations

import string
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as jose
from joserfc.jwk import ECKey, KeySet, KeySetSerialization, OctKey, OKPKey, RSAKey

from graph_api.errors import SessionEnded, Unauthenticated
from graph_api.settings import Algorithm
from graph_api.tokens.access import AccessTokens, TokenTooLarge
from graph_api.tokens.compact import MAX_TOKEN_BYTES
from tests.tokens.signing import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    access_tokens,
    claims_of,
    header_of,
    issue,
    key,
    key_set,
    later,
    sign,
)

TOKENS = access_tokens()
VALID = issue(TOKENS)
NOW_SECONDS = int(NOW.timestamp())
BASE64URL = string.ascii_letters + string.digits + "-_"
# PyJWT and most gateways know Ed25519 only by the name that RFC 9864 deprecates.
RFC_9864 = pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")


def reason(tokens: AccessTokens, token: str) -> str | None:
    with pytest.raises(Unauthenticated) as refusal:
        tokens.verify(token)
    return refusal.value.reason


# What is issued


def test_a_token_has_the_header_and_the_claims_of_rfc_9068() -> None:
    assert header_of(VALID) == {"alg": "ES256", "kid": key("ES256").kid, "typ": "at+jwt"}
    claims = claims_of(VALID)
    assert len(claims.pop("jti")) == 22
    assert claims == {
        "iss": ISSUER,
        "sub": "usr_01k8xabcdefghjkmnpqrstvwxy",
        "aud": AUDIENCE,
        "exp": NOW_SECONDS + 300,
        "nbf": NOW_SECONDS,
        "iat": NOW_SECONDS,
        "sid": "ses_01k8xabcdefghjkmnpqrstvwxy",
        "client_id": "graph-api",
        "roles": ["editor", "user"],
        "scope": "article:publish user:read",
    }


def test_no_two_tokens_have_one_id() -> None:
    assert claims_of(issue(TOKENS))["jti"] != claims_of(issue(TOKENS))["jti"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(
    roles=st.frozensets(st.text(st.characters(codec="utf-8"), min_size=1), max_size=5),
    permissions=st.frozensets(st.from_regex(r"[a-z]+:[a-z]+", fullmatch=True), max_size=5),
)
def test_what_is_issued_is_what_is_read(
    algorithm: Algorithm, roles: frozenset[str], permissions: frozenset[str]
) -> None:
    tokens = access_tokens(key(algorithm))
    token = issue(tokens, subject="usr_1", session_id="ses_1", roles=roles, permissions=permissions)
    claims = tokens.verify(token)
    assert (claims.subject, claims.session_id) == ("usr_1", "ses_1")
    assert (claims.roles, claims.permissions) == (roles, permissions)
    assert (claims.issued_at, claims.expires_at) == (NOW, NOW + timedelta(seconds=300))
    assert claims.token_id == claims_of(token)["jti"]


@RFC_9864
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_another_library_verifies_with_our_published_keys_alone(algorithm: Algorithm) -> None:
    tokens = access_tokens(key(algorithm))
    published = KeySet.import_key_set(cast("KeySetSerialization", tokens.keys().jwks()))
    token = jose.decode(issue(tokens), published, algorithms=[algorithm])
    jose.JWTClaimsRegistry(
        now=lambda: NOW_SECONDS,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
    ).validate(token.claims)
    assert token.header["typ"] == "at+jwt"


@RFC_9864
@pytest.mark.parametrize(
    ("algorithm", "jose_key"),
    [("ES256", ECKey), ("RS256", RSAKey), ("EdDSA", OKPKey), ("HS256", OctKey)],
)
def test_another_library_signs_what_we_accept(algorithm: Algorithm, jose_key: type[ECKey]) -> None:
    ours = key(algorithm)
    secret = ours.private if isinstance(ours.private, bytes) else ours.to_pem()
    header = {"alg": algorithm, "kid": ours.kid, "typ": "at+jwt"}
    theirs = jose.encode(
        header, claims_of(VALID), jose_key.import_key(secret), algorithms=[algorithm]
    )
    assert access_tokens(ours).verify(theirs) == TOKENS.verify(VALID)


def test_a_token_too_large_for_the_wire_is_not_issued() -> None:
    with pytest.raises(TokenTooLarge, match=r"make an access token of \d+ bytes, and 4096 fit"):
        issue(TOKENS, permissions=[f"noun{number}:verb" for number in range(300)])


@given(st.integers(100, 160))
def test_every_token_that_is_issued_can_be_read(permissions: int) -> None:
    try:
        token = issue(TOKENS, permissions=[f"permission{n:03}:read" for n in range(permissions)])
    except TokenTooLarge:
        return
    assert len(token) <= MAX_TOKEN_BYTES
    assert len(TOKENS.verify(token).permissions) == permissions


@pytest.mark.parametrize("permission", ["user:read audit:read", "", " ", 'a"b', "ä:b", "a\\b"])
def test_a_permission_never_becomes_two_in_the_scope(permission: str) -> None:
    with pytest.raises(ValueError, match="can't stand in a scope"):
        issue(TOKENS, permissions=[permission])


# How long it is good


@pytest.mark.parametrize(("left", "lifetime"), [(1_000, 300), (300, 300), (17, 17), (17.9, 17)])
def test_a_token_never_outlives_its_session(left: float, lifetime: int) -> None:
    end = NOW + timedelta(seconds=left)
    issued = TOKENS.issue(
        subject="usr_1", session_id="ses_1", roles=(), permissions=(), session_expires_at=end
    )
    assert issued.expires_in == lifetime
    assert issued.expires_at == NOW + timedelta(seconds=lifetime) <= end
    assert TOKENS.verify(issued.token).expires_at == issued.expires_at


@pytest.mark.parametrize("left", [0.9, 0, -1])
def test_a_session_at_its_end_gets_no_token(left: float) -> None:
    with pytest.raises(SessionEnded):
        issue(TOKENS, session_expires_at=NOW + timedelta(seconds=left))


@pytest.mark.parametrize("seconds", [0, 299, 304.999])
def test_a_token_is_good_until_its_end_and_the_leeway(seconds: float) -> None:
    assert later(TOKENS, seconds=seconds).verify(VALID)


@pytest.mark.parametrize("seconds", [305, 10_000_000])
def test_then_it_has_expired_and_the_message_says_how_to_mend_it(seconds: int) -> None:
    with pytest.raises(Unauthenticated, match=r"has expired\. Refresh it and repeat") as refusal:
        later(TOKENS, seconds=seconds).verify(VALID)
    assert refusal.value.reason == "token_expired"


def test_a_token_of_a_server_whose_clock_is_ahead_is_good_within_the_leeway() -> None:
    assert later(TOKENS, seconds=-5).verify(VALID)
    assert reason(later(TOKENS, seconds=-5.001), VALID) == "token_invalid"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused(claim: str) -> None:
    claims = claims_of(VALID)
    ahead = sign(key("ES256"), header_of(VALID), claims | {claim: NOW_SECONDS + 5})
    assert TOKENS.verify(ahead)
    beyond = sign(key("ES256"), header_of(VALID), claims | {claim: NOW_SECONDS + 6})
    assert reason(TOKENS, beyond) == "token_invalid"


def test_logout_reads_a_token_whose_time_is_over_and_nothing_else() -> None:
    tomorrow = later(TOKENS, days=1)
    assert tomorrow.verify(VALID, allow_expired=True).session_id.startswith("ses_")
    for wrong in (VALID[:-1], sign(key("ES256", "forger"), header_of(VALID), claims_of(VALID))):
        with pytest.raises(Unauthenticated) as refusal:
            tomorrow.verify(wrong, allow_expired=True)
        assert refusal.value.reason == "token_invalid"


def test_a_forged_token_is_invalid_and_not_expired_so_that_no_one_probes_with_it() -> None:
    forged = sign(key("ES256", "forger"), header_of(VALID), claims_of(VALID) | {"exp": 1})
    assert reason(TOKENS, forged) == "token_invalid"


# What is accepted


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_the_type_is_a_media_type_in_either_form_and_any_case(typ: str) -> None:
    assert TOKENS.verify(sign(key("ES256"), header_of(VALID) | {"typ": typ}, claims_of(VALID)))


def test_our_audience_may_stand_among_others() -> None:
    claims = claims_of(VALID) | {"aud": ["https://other.example.com", AUDIENCE]}
    assert TOKENS.verify(sign(key("ES256"), header_of(VALID), claims))


def test_a_claim_of_a_newer_version_is_passed_over() -> None:
    assert TOKENS.verify(sign(key("ES256"), header_of(VALID), claims_of(VALID) | {"acr": "1"}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_after_a_rotation_the_tokens_of_both_keys_are_good(algorithm: Algorithm) -> None:
    old, new = key("ES256"), key(algorithm, "rotated")
    rotated = access_tokens(new, old)
    assert header_of(issue(rotated))["kid"] == new.kid
    assert rotated.verify(issue(rotated))
    assert rotated.verify(VALID)
    assert reason(access_tokens(new), VALID) == "token_invalid"


def test_the_keys_are_asked_for_every_time() -> None:
    sets = iter([key_set(key("ES256")), key_set(key("EdDSA"))])
    tokens = AccessTokens(ISSUER, AUDIENCE, 300, 5, lambda: next(sets), lambda: NOW)
    assert tokens.verify(VALID)
    assert reason(tokens, VALID) == "token_invalid"


# What is not


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_character_of_a_token_can_be_changed(algorithm: Algorithm) -> None:
    tokens = access_tokens(key(algorithm))
    token = issue(tokens)
    for place, character in enumerate(token):
        flipped = chr(ord(character) ^ 1)
        assert reason(tokens, token[:place] + flipped + token[place + 1 :]) == "token_invalid"


@given(
    place=st.integers(0, len(VALID) - 1), character=st.sampled_from(BASE64URL + ".=") | st.text()
)
def test_no_character_can_be_replaced(place: int, character: str) -> None:
    changed = VALID[:place] + character + VALID[place + 1 :]
    if changed != VALID:
        assert reason(TOKENS, changed) == "token_invalid"


@given(place=st.integers(0, len(VALID)), characters=st.text(BASE64URL + ".= \n", min_size=1))
def test_nothing_can_be_put_in(place: int, characters: str) -> None:
    assert reason(TOKENS, VALID[:place] + characters + VALID[place:]) == "token_invalid"


@given(start=st.integers(0, len(VALID)), stop=st.integers(0, len(VALID)))
def test_no_piece_of_a_token_is_a_token(start: int, stop: int) -> None:
    if VALID[start:stop] != VALID:
        assert reason(TOKENS, VALID[start:stop]) == "token_invalid"


@given(st.text(st.characters()) | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    assert reason(TOKENS, text) == "token_invalid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), JSON))
def test_any_header_is_refused_and_nothing_else_is_raised(header: dict[str, object]) -> None:
    forged = sign(key("ES256"), header_of(VALID) | {"crit": []} | header, claims_of(VALID))
    assert reason(TOKENS, forged) == "token_invalid"


@given(header=st.binary(), payload=st.binary())
def test_any_bytes_are_refused_though_our_own_key_signed_them(
    header: bytes, payload: bytes
) -> None:
    ours = key("ES256")
    assert reason(TOKENS, sign(ours, header, payload)) == "token_invalid"
    assert reason(TOKENS, sign(ours, header_of(VALID), payload)) == "token_invalid"


# What is not told


def test_no_secret_shows_in_a_representation_or_a_refusal() -> None:
    issued = TOKENS.issue(
        subject="usr_1",
        session_id="ses_1",
        roles=(),
        permissions=(),
        session_expires_at=NOW + timedelta(days=1),
    )
    assert issued.token not in f"{issued!r}{issued}"
    assert "keys" not in f"{TOKENS!r}"
    with pytest.raises(Unauthenticated) as refusal:
        TOKENS.verify(VALID + "A")
    told = f"{refusal.value!r} {refusal.value} {refusal.value.__cause__!r}"
    assert not any(piece in told for piece in VALID.split("."))
    assert refusal.value.extensions == {"code": "UNAUTHENTICATED", "reason": "token_invalid"}
