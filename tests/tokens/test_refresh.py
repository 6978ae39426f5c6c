"""Refresh tokens: derived from session, counter, salt and secret; anything else is refused."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from graph_api.errors import SessionEnded
from graph_api.tokens.refresh import RefreshToken, mint, read
from graph_api.tokens.secrets import SecretKey

OLD = SecretKey(SecretStr("the first secret of this server, long enough"))
NEW = SecretKey(SecretStr("the second secret of this server, long enough"), [OLD.current])
SALT = bytes(range(32))
TOKEN = RefreshToken("ses_01k8xabcdefghjkmnpqrstvwxy", 17)
TEXT = mint(OLD, TOKEN, SALT)

sessions = st.from_regex(r"ses_[0-9a-z]{26}", fullmatch=True)
counters = st.integers(0, 999_999_999)
salts = st.binary(min_size=32, max_size=32)


def refused(text: str, secret: SecretKey = OLD, salt: bytes = SALT) -> bool:
    with pytest.raises(SessionEnded, match=r"is not valid\. Sign in again\.") as refusal:
        read(text).verify(secret, salt)
    return refusal.value.reason == "refresh_token_invalid"


@given(sessions, counters, salts)
def test_what_is_minted_is_what_is_read(session_id: str, counter: int, salt: bytes) -> None:
    token = RefreshToken(session_id, counter)
    unverified = read(mint(OLD, token, salt))
    assert unverified.session_id == session_id
    assert unverified.verify(OLD, salt) == token


def test_its_shape_is_version_session_counter_and_mac() -> None:
    version, session_id, counter, mac = TEXT.split(".")
    assert (version, session_id, counter, len(mac)) == ("gar1", TOKEN.session_id, "17", 43)


@given(sessions, counters, salts)
def test_minting_again_gives_the_same_bytes(session_id: str, counter: int, salt: bytes) -> None:
    token = RefreshToken(session_id, counter)
    assert mint(OLD, token, salt) == mint(OLD, token, salt)


def test_a_fallback_still_verifies_while_minting_uses_the_current_secret() -> None:
    assert read(TEXT).verify(NEW, SALT) == TOKEN
    successor = mint(NEW, RefreshToken(TOKEN.session_id, 18), SALT)
    assert read(successor).verify(NEW, SALT).counter == 18
    assert refused(successor, OLD)


@given(st.integers(0, len(TEXT) - 1), st.characters() | st.sampled_from("0123456789._-aZ"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    assert changed == TEXT or refused(changed)


@given(st.integers(0, len(TEXT)), st.text(min_size=1))
def test_nothing_can_be_put_in(place: int, text: str) -> None:
    assert refused(TEXT[:place] + text + TEXT[place:])


@given(salts)
def test_the_token_of_one_session_is_not_that_of_another(salt: bytes) -> None:
    assert salt == SALT or refused(TEXT, salt=salt)
    other = TEXT.replace(TOKEN.session_id, "ses_01k8xabcdefghjkmnpqrstvwxz")
    assert refused(other)


@pytest.mark.parametrize("counter", ["16", "18", "017", "-17", "+17", "1_7", "17.0", "1\u0667"])
def test_the_counter_can_be_neither_changed_nor_respelled(counter: str) -> None:
    assert refused(TEXT.replace(".17.", f".{counter}."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gar1",
        "gar1...",
        TEXT[:-1],
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT,
        TEXT.upper(),
        TEXT.replace("gar1", "gar2"),
        TEXT.replace(".17.", f".{10**12}."),
        TEXT.replace("ses_", "ses_'; DROP TABLE graph_api_session; --"),
        TEXT.replace("ses_", "ses_\x00"),
        TEXT + "A" * 1_000_000,
        "gar1." + "a" * 1_000_000,
        "\ud800",
    ],
    ids=lambda text: text[:40],
)
def test_malformed_text_is_refused_before_anything_is_looked_up(text: str) -> None:
    with pytest.raises(SessionEnded) as refusal:
        read(text)
    assert refusal.value.reason == "refresh_token_invalid"


@given(st.text(st.characters()) | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    assert refused(text)


def test_the_mac_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def compare(ours: str, theirs: str) -> bool:
        compared.append((ours, theirs))
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", compare)
    read(TEXT).verify(NEW, SALT)
    assert [theirs for _, theirs in compared] == [TEXT.rpartition(".")[2]] * 2


def test_no_representation_shows_what_could_be_sent() -> None:
    shown = f"{read(TEXT)!r}{read(TEXT)}{TOKEN!r}{TOKEN}"
    assert TEXT.rpartition(".")[2] not in shown
