"""A corpus of forged access tokens, each named after the record of its attack.

What needs a signature is signed by the server's own key wherever that is possible: then the
defence that the attack is aimed at stands alone between the token and the caller.
``jwt_tool`` is ticarpi's; RFC 8725 is the best current practice for JWTs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import get_algorithm_by_name

from graph_api.settings import Algorithm
from graph_api.tokens import base64url
from graph_api.tokens.keys import SigningKey
from tests.tokens.signing import claims_of, header_of, key, part, sign

MEGABYTE = 1_000_000
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
NO_TEXT: tuple[Any, ...] = (None, 0, 1.5, True, [], {}, ["x"], {"x": 1})
NO_TIME: tuple[Any, ...] = (None, "", "1", 1.5, 1e300, True, -1, 2**53, 10**30, [], [1], {})


@dataclass(frozen=True)
class Genuine:
    """A token of the server, and the key that signed it."""

    token: str
    key: SigningKey

    @property
    def header(self) -> dict[str, Any]:
        return header_of(self.token)

    @property
    def claims(self) -> dict[str, Any]:
        return claims_of(self.token)

    @property
    def parts(self) -> list[str]:
        return self.token.split(".")


Forge = Callable[[Genuine], str]


@dataclass(frozen=True)
class Forgery:
    """How a token is forged.

    Attributes:
        source: who recorded the attack.
        name: what is done.
        forge: makes the token from a genuine one.
        against: the algorithm of the server's key.
    """

    source: str
    name: str
    forge: Forge
    against: Algorithm = "ES256"

    def __str__(self) -> str:
        return f"{self.source}: {self.name}"


# Ways to forge


def with_header(**members: Any) -> Forge:
    return lambda genuine: sign(genuine.key, genuine.header | members, genuine.claims)


def without_header(name: str) -> Forge:
    return lambda genuine: sign(genuine.key, _without(genuine.header, name), genuine.claims)


def with_claims(**members: Any) -> Forge:
    return lambda genuine: sign(genuine.key, genuine.header, genuine.claims | members)


def without_claim(name: str) -> Forge:
    return lambda genuine: sign(genuine.key, genuine.header, _without(genuine.claims, name))


def with_claim_like(name: str, change: Callable[[str], Any]) -> Forge:
    return lambda genuine: with_claims(**{name: change(genuine.claims[name])})(genuine)


def with_header_bytes(change: Callable[[bytes], bytes]) -> Forge:
    return lambda genuine: sign(genuine.key, change(_dump(genuine.header)), genuine.claims)


def with_payload_bytes(change: Callable[[bytes], bytes]) -> Forge:
    return lambda genuine: sign(genuine.key, genuine.header, change(_dump(genuine.claims)))


def with_signature(change: Callable[[bytes], bytes]) -> Forge:
    def forge(genuine: Genuine) -> str:
        header, payload, signature = genuine.parts
        return f"{header}.{payload}.{base64url.encode(change(base64url.decode(signature)))}"

    return forge


def with_text(change: Callable[[str], str]) -> Forge:
    return lambda genuine: change(genuine.token)


def unsigned(alg: str) -> Forge:
    return lambda genuine: f"{part(genuine.header | {'alg': alg})}.{genuine.parts[1]}."


def signature_kept(**header: Any) -> Forge:
    return lambda genuine: ".".join([part(genuine.header | header), *genuine.parts[1:]])


def by_forger(**header: Any) -> Forge:
    forger = key("ES256", "forger")
    return lambda genuine: sign(forger, genuine.header | header, genuine.claims)


def by_hmac(secret: bytes, **header: Any) -> Forge:
    def forge(genuine: Genuine) -> str:
        changed = genuine.header | {"alg": "HS256"} | header
        signed = f"{part(changed)}.{genuine.parts[1]}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        return f"{signed}.{base64url.encode(mac)}"

    return forge


def by_public_key(spell: Callable[[Any], bytes]) -> Forge:
    return lambda genuine: by_hmac(spell(genuine.key.verifying()))(genuine)


def _without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in members.items() if other != name}


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


# The signature, and the key that it is by


def no_signature() -> Iterator[Forgery]:
    none = ["".join(letters) for letters in product("nN", "oO", "nN", "eE")]
    for alg in [*none, " none", "none ", "none\x00", "", "null"]:
        yield Forgery("CVE-2015-2951, jwt_tool -X a", f"alg {alg!r}", unsigned(alg))
    yield Forgery("CVE-2020-28042, jwt_tool -X n", "empty signature", unsigned("ES256"))
    yield Forgery("RFC 8725 2.1", "alg none, signature kept", signature_kept(alg="none"))
    yield Forgery("CVE-2022-23540", "no alg", without_header("alg"))
    for value in (None, 0, True, [], ["ES256"], {"alg": "ES256"}):
        yield Forgery("RFC 7515 4.1.1", f"alg {value!r}", with_header(alg=value))


def key_confusion() -> Iterator[Forgery]:
    spellings: dict[str, Callable[[Any], bytes]] = {
        "PEM": lambda it: it.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": lambda it: it.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "SSH": lambda it: it.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "JWK": lambda it: _dump(it.jwk()),
        "kid": lambda it: it.kid.encode(),
    }
    sources: dict[Algorithm, str] = {
        "RS256": "CVE-2016-10555, jwt_tool -X k",
        "ES256": "CVE-2024-33663",
        "EdDSA": "CVE-2022-29217",
    }
    for (against, source), (name, spell) in product(sources.items(), spellings.items()):
        yield Forgery(source, f"{against}'s {name} as secret", by_public_key(spell), against)


def other_algorithms() -> Iterator[Forgery]:
    def by_pss(genuine: Genuine) -> str:
        return sign(genuine.key, genuine.header | {"alg": "PS256"}, genuine.claims, "PS256")

    source = "RFC 8725 3.1"
    yield Forgery(source, "PS256 by an RS256 key", by_pss, "RS256")
    yield Forgery(source, "Ed25519 for EdDSA", with_header(alg="Ed25519"), "EdDSA")
    algorithms: tuple[Algorithm, ...] = ("ES256", "RS256", "HS256")
    for against, alg in product(algorithms, ("ES384", "RS512", "HS512", "EdDSA")):
        yield Forgery(source, f"{alg} for {against}", with_header(alg=alg), against)
    for alg in ("es256", "ES256 ", "ES256\x00"):
        yield Forgery(source, f"{alg!r} for ES256", with_header(alg=alg))


def guessed_secrets() -> Iterator[Forgery]:
    against: tuple[Algorithm, ...] = ("ES256", "HS256")
    for secret, algorithm in product((b"", b"\0", b"secret", b"null", bytes(32)), against):
        name = f"{secret!r} as {algorithm}'s secret"
        yield Forgery("CVE-2019-20933, jwt_tool -X b", name, by_hmac(secret), algorithm)


def key_names() -> Iterator[Forgery]:
    names = {
        "jwt_tool -I -hc kid, path": (
            "/dev/null",
            "../../../../../../dev/null",
            "file:///dev/null",
            "/proc/sys/kernel/randomize_va_space",
        ),
        "jwt_tool -I -hc kid, SQL": ("' OR '1'='1", "x' UNION SELECT '1';--"),
        "jwt_tool -I -hc kid, command": ("|sleep 5", "$(sleep 5)", "`sleep 5`"),
        "RFC 8725 3.10": ("https://forger.example/key", "http://169.254.169.254/", "ldap://x"),
        "RFC 7515 4.1.4": ("", "\x00", "*", "None", "0", "\ud800"),
    }
    for source, kids in names.items():
        for kid in kids:
            yield Forgery(source, f"kid {kid!r}, empty secret", by_hmac(b"", kid=kid))
            yield Forgery(source, f"kid {kid!r}, genuine key", with_header(kid=kid))
    for value in NO_TEXT:
        yield Forgery("RFC 7515 4.1.4", f"kid {value!r}", with_header(kid=value))
    yield Forgery("RFC 7515 4.1.4", "no kid", without_header("kid"))
    yield Forgery("RFC 8725 3.8", "our kid, another's key", by_forger())


def keys_brought_along() -> Iterator[Forgery]:
    forger = key("ES256", "forger")
    url = "https://forger.example/keys"
    members: dict[str, tuple[str, Any]] = {
        "jwk": ("CVE-2018-0114, jwt_tool -X i", forger.verifying().jwk()),
        "jku": ("RFC 8725 3.10, jwt_tool -X s", url),
        "x5u": ("RFC 8725 3.10", url),
        "x5c": ("RFC 7515 4.1.6", ["MIIB"]),
        "x5t": ("RFC 7515 4.1.7", "AAAA"),
        "x5t#S256": ("RFC 7515 4.1.8", "AAAA"),
    }
    for name, (source, value) in members.items():
        brought = {name: value}
        yield Forgery(source, f"{name}, by its key", by_forger(**brought))
        yield Forgery(source, f"{name} and kid, by its key", by_forger(kid=forger.kid, **brought))
        yield Forgery(source, f"{name}, genuine key", with_header(**brought))


def damaged_signatures() -> Iterator[Forgery]:
    changes: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda _: b"",
        "zeroed": lambda it: bytes(len(it)),
        "cut to a byte": lambda it: it[:1],
        "a byte less": lambda it: it[:-1],
        "a zero less": lambda it: it[1:],
        "a byte more": lambda it: it + b"\0",
        "doubled": lambda it: it + it,
    }
    algorithms: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA", "HS256")
    for against, (name, change) in product(algorithms, changes.items()):
        yield Forgery("CVE-2020-28042", f"{against}, {name}", with_signature(change), against)


def psychic_signatures() -> Iterator[Forgery]:
    def by(r: int, s: int) -> Forge:
        return with_signature(lambda _: r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def der(raw: bytes) -> bytes:
        return encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )

    values = {"0": 0, "1": 1, "n": ORDER, "n-1": ORDER - 1, "2^256-1": 2**256 - 1}
    for (r, r_value), (s, s_value) in product(values.items(), repeat=2):
        yield Forgery("CVE-2022-21449, jwt_tool -X p", f"r={r} s={s}", by(r_value, s_value))
    yield Forgery("RFC 7518 3.4", "DER instead of r and s", with_signature(der))


# The header


def extensions() -> Iterator[Forgery]:
    lists: tuple[Any, ...] = (["exp"], ["x"], ["b64"], ["alg"], ["crit"], [], [1], None, "exp", {})
    for value in lists:
        yield Forgery("RFC 7515 4.1.11", f"crit {value!r}", with_header(crit=value))
    yield Forgery("RFC 7515 4.1.11", "crit that stands there", with_header(crit=["x"], x=1))
    for b64 in (False, True, None, 0, "false"):
        yield Forgery("RFC 7797 3", f"b64 {b64!r} in crit", with_header(b64=b64, crit=["b64"]))
        yield Forgery("RFC 7797 6", f"b64 {b64!r} alone", with_header(b64=b64))
    yield Forgery("RFC 7797 5.2", "payload unencoded", _unencoded)
    yield Forgery("CVE-2024-33664", "zip, payload deflated", _zipped)
    for name in ("zip", "enc", "cty", "apu", "p2c", "iss", "url", "nonce", "x"):
        yield Forgery("RFC 8725 3.10", f"{name} in the header", with_header(**{name: "DEF"}))


def _unencoded(genuine: Genuine) -> str:
    header = part(genuine.header | {"b64": False, "crit": ["b64"]})
    signed = header.encode() + b"." + _dump(genuine.claims)
    signature = get_algorithm_by_name("ES256").sign(signed, genuine.key.private)
    return f"{signed.decode()}.{base64url.encode(signature)}"


def _zipped(genuine: Genuine) -> str:
    return sign(genuine.key, genuine.header | {"zip": "DEF"}, zlib.compress(_dump(genuine.claims)))


def types() -> Iterator[Forgery]:
    for typ in ("JWT", "logout+jwt", "dpop+jwt", "at-jwt", "at+jwt ", "", "text/at+jwt"):
        yield Forgery("RFC 9068 4", f"typ {typ!r}", with_header(typ=typ))
    for value in (*NO_TEXT, ["at+jwt"]):
        yield Forgery("RFC 8725 3.11", f"typ {value!r}", with_header(typ=value))
    yield Forgery("RFC 8725 3.11", "no typ", without_header("typ"))


# The claims


def names_twice() -> Iterator[Forgery]:
    def first(name: str) -> Callable[[bytes], bytes]:
        return lambda text: f'{{"{name}":"x",'.encode() + text[1:]

    def last(name: str) -> Callable[[bytes], bytes]:
        return lambda text: (
            text[:-1] + b"," + json.dumps({name: json.loads(text)[name]}).encode()[1:]
        )

    for name, at in product(("alg", "kid", "typ"), (first, last)):
        yield Forgery("RFC 8725 2.4", f"{name}, {at.__name__}", with_header_bytes(at(name)))
    for name, at in product(("sub", "exp", "aud", "iss", "roles", "scope", "sid"), (first, last)):
        yield Forgery("RFC 7519 4", f"{name}, {at.__name__}", with_payload_bytes(at(name)))
    inside = with_payload_bytes(lambda text: text[:-1] + b',"x":{"a":1,"a":2}}')
    yield Forgery("RFC 7519 4", "inside a claim", inside)


def absurd_claims() -> Iterator[Forgery]:
    identifiers = (*NO_TEXT, "", " ", "a b", "a\n", "\x00", "\ud800", "\u00e4")
    absurd: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(("sub", "sid", "jti"), identifiers),
        **dict.fromkeys(("exp", "nbf", "iat"), NO_TIME),
        "client_id": (*identifiers, "other"),
        "roles": (None, "admin", {"admin": True}, 1, [1], [None], [["admin"]], [""], [{}]),
        "scope": (
            *NO_TEXT,
            ["user:read"],
            " ",
            "a  b",
            " a",
            "a ",
            "a\nb",
            'a"b',
            "a\\b",
            "\u00e4",
        ),
        "iss": (*NO_TEXT, ""),
        "aud": (None, "", 1, True, {}, [], [None], [1], [[]]),
    }
    for name, values in absurd.items():
        yield Forgery("RFC 9068 2.2", f"no {name}", without_claim(name))
        for value in values:
            yield Forgery("RFC 8725 3.11", f"{name} {value!r}", with_claims(**{name: value}))


def absurd_numbers() -> Iterator[Forgery]:
    def spelled(number: str) -> Callable[[bytes], bytes]:
        return lambda text: text.replace(b'"exp": ', b'"exp": ' + number.encode())

    for number in ("1e", "-", "+", "0", "0x", "1.", "NaN", "Infinity", "9" * 2_000):
        yield Forgery("RFC 8259 6", f"exp {number[:9]}…", with_payload_bytes(spelled(number)))


def other_issuers() -> Iterator[Forgery]:
    nearly: dict[str, Callable[[str], str]] = {
        "cut": lambda url: url[:-1],
        "longer": lambda url: url + ".forger.example",
        "with a slash": lambda url: url + "/",
        "in capitals": str.upper,
        "with a space": lambda url: url + " ",
        "with NUL": lambda url: url + "\x00",
        "a letter": lambda url: url[0],
    }
    for name, change in nearly.items():
        yield Forgery("CVE-2024-53861", f"issuer {name}", with_claim_like("iss", change))
        yield Forgery("RFC 8725 3.9", f"audience {name}", with_claim_like("aud", change))
    for name, wrap in {"list": lambda it: [it], "object": lambda it: {it: 1}}.items():
        yield Forgery("CVE-2024-53861", f"issuer in a {name}", with_claim_like("iss", wrap))
    object_with_ours = with_claim_like("aud", lambda ours: {ours: 1})
    yield Forgery("CVE-2020-26160", "audience in an object", object_with_ours)
    beside_a_number = with_claim_like("aud", lambda ours: [ours, 1])
    yield Forgery("CVE-2020-26160", "audience beside a number", beside_a_number)
    issuer_as_audience: Forge = lambda it: with_claims(aud=it.claims["iss"])(it)  # noqa: E731
    yield Forgery("RFC 8725 3.9", "our issuer as audience", issuer_as_audience)


# The text


def other_serializations() -> Iterator[Forgery]:
    def flattened(genuine: Genuine) -> str:
        names = ("protected", "payload", "signature")
        return json.dumps(dict(zip(names, genuine.parts, strict=True)))

    def mixed(genuine: Genuine) -> str:
        _, payload, signature = genuine.parts
        rest = {"payload": payload, "signature": signature}
        return (
            f'{{"  {part(genuine.header)}.{part(genuine.claims)}.":"", {_dump(rest).decode()[1:]}'
        )

    def nested(genuine: Genuine) -> str:
        return sign(genuine.key, genuine.header | {"cty": "JWT"}, genuine.token.encode())

    def nested_unsaid(genuine: Genuine) -> str:
        return sign(genuine.key, genuine.header, genuine.token.encode())

    yield Forgery("CVE-2022-39227", "JSON serialization, flattened", flattened)
    yield Forgery("CVE-2022-39227", "JSON around a compact token", mixed)
    yield Forgery("RFC 7519 5.2", "a token in a token", nested)
    yield Forgery("RFC 7519 5.2", "a token in a token, no cty", nested_unsaid)
    yield Forgery("RFC 7516 9", "five parts", with_text(lambda it: f"{it}.AAAA.AAAA"))


def spellings() -> Iterator[Forgery]:
    changes: dict[str, Callable[[str], str]] = {
        "nothing": lambda _: "",
        "two dots": lambda _: "..",
        "two parts": lambda it: it.rpartition(".")[0],
        "four parts": lambda it: f"{it}.",
        "a part before": lambda it: f".{it}",
        "no header": lambda it: "." + it.partition(".")[2],
        "no payload": lambda it: "..".join(it.split(".")[::2]),
        "the scheme": lambda it: f"Bearer {it}",
        "two tokens": lambda it: f"{it},{it}",
        "quoted": lambda it: f'"{it}"',
        "space before": lambda it: f" {it}",
        "padded": lambda it: ".".join(each + "=" * (-len(each) % 4) for each in it.split(".")),
        "base64 as MIME has it": _plain_base64,
        "lines as MIME has them": lambda it: f"{it[:76]}\n{it[76:]}",
        "foreign characters": "!".join,
        "full-width": lambda it: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in it),
        "unused bits set": lambda it: it[:-1] + chr(ord(it[-1]) + 1),
    }
    for name, change in changes.items():
        yield Forgery("RFC 7515 2", name, with_text(change))
    for end in ("=", "==", "\n", "\r\n", " ", "\x00", "+", "/", "%3D", "\u200b", "\ud800"):
        yield Forgery("RFC 7515 2", f"{end!r} at the end", with_text(_ending(end)))


def _ending(end: str) -> Callable[[str], str]:
    return lambda token: token + end


def _plain_base64(token: str) -> str:
    return ".".join(base64.b64encode(base64url.decode(each)).decode() for each in token.split("."))


def documents() -> Iterator[Forgery]:
    changes: dict[str, Callable[[bytes], bytes]] = {
        "invalid UTF-8": lambda it: it[:-1] + b',"x":"\xff"}',
        "overlong UTF-8": lambda it: it[:-1] + b',"x":"\xc1\xa1"}',
        "UTF-16": lambda it: it.decode().encode("utf-16"),
        "a byte order mark": lambda it: b"\xef\xbb\xbf" + it,
        "two objects": lambda it: it + b"{}",
        "a comma at the end": lambda it: it[:-1] + b",}",
        "a comment": lambda it: it + b"/**/",
        "NUL at the end": lambda it: it + b"\0",
        "not closed": lambda it: it[:-1],
        "single quotes": lambda it: it.replace(b'"', b"'"),
        "in an array": lambda it: b"[" + it + b"]",
        "a string": lambda _: b'"x"',
        "null": lambda _: b"null",
        "a number": lambda _: b"1",
        "an empty object": lambda _: b"{}",
        "2,000 brackets": lambda _: b"[" * 2_000,
        "1,000 objects": lambda it: it[:-1] + b',"x":' + b'{"":' * 500 + b"1" + b"}" * 501,
        "2,000 brackets in a member": lambda it: it[:-1] + b',"x":' + b"[" * 2_000,
    }
    for name, change in changes.items():
        yield Forgery("RFC 7515 5.2", f"header: {name}", with_header_bytes(change))
        if name != "1,000 objects":
            yield Forgery("RFC 7519 7.2", f"payload: {name}", with_payload_bytes(change))


def sizes() -> Iterator[Forgery]:
    def just_over(genuine: Genuine) -> str:
        room = (4_096 - len(genuine.token)) * 3 // 4
        return with_claims(x="x" * room)(genuine)

    ways: dict[str, Forge] = {
        "letters": with_text(lambda _: "A" * MEGABYTE),
        "dots": with_text(lambda _: "." * MEGABYTE),
        "more after a token": with_text(lambda it: it.ljust(MEGABYTE, "A")),
        "spaces around a token": with_text(lambda it: it.center(MEGABYTE)),
        "not ASCII": with_text(lambda _: "\U0001f511" * MEGABYTE),
        "kid": with_header(kid="k" * MEGABYTE),
        "a claim": with_claims(x="x" * MEGABYTE),
        "brackets": with_payload_bytes(lambda _: b"[" * MEGABYTE),
        "a signature": with_signature(lambda _: bytes(MEGABYTE)),
    }
    for name, forge in ways.items():
        yield Forgery("RFC 8725 3.11", f"1 MB of {name}", forge)
    yield Forgery("RFC 8725 3.11", "a few bytes over 4096", just_over)


FORGERIES = [
    *no_signature(),
    *key_confusion(),
    *other_algorithms(),
    *guessed_secrets(),
    *key_names(),
    *keys_brought_along(),
    *damaged_signatures(),
    *psychic_signatures(),
    *extensions(),
    *types(),
    *names_twice(),
    *absurd_claims(),
    *absurd_numbers(),
    *other_issuers(),
    *other_serializations(),
    *spellings(),
    *documents(),
    *sizes(),
]
