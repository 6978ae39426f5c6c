"""Signed tokens in compact serialization (RFC 7515, section 7.1), read strictly.

PyJWT's own reader takes the last of several members of one name, and ``=`` at the end of a
part, and adds half as much time again as the signature takes. Here a token has one spelling
and one meaning, and PyJWT is left what it is for: the signature.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from graph_api.tokens import base64url

MAX_TOKEN_BYTES = 4_096
"""The longest token that is issued or read. Headers of 8 kB are refused by common proxies."""

T = TypeVar("T")


class RefusedToken(ValueError):
    """Why a token is refused: for the log, while the client learns only that it is."""


@dataclass(frozen=True, repr=False)
class CompactToken:
    """The parts of a token; nothing about them has been verified.

    Attributes:
        header: JSON, if it is a token at all.
        payload: the same.
        signed: what the signature is over: the first two parts as they came.
        signature: the bytes of the signature.
    """

    header: bytes
    payload: bytes
    signed: bytes
    signature: bytes


def read_compact(token: str) -> CompactToken:
    """Take a token apart.

    Raises:
        RefusedToken: when it is too long, or not three parts of canonical base64url.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise RefusedToken("too long")
    try:
        header, payload, signature = map(base64url.decode, token.split("."))
    except ValueError:
        raise RefusedToken("not three parts of canonical base64url") from None
    return CompactToken(header, payload, token.rpartition(".")[0].encode(), signature)


def read_json(data: bytes, shape: type[T]) -> T:
    """Read a JSON object (RFC 8259) in which each name stands once, in the shape of a struct.

    Raises:
        RefusedToken: when it is anything else.
    """
    try:
        return msgspec.convert(_JSON.decode(data.decode()), shape)
    except (ValueError, RecursionError) as error:
        raise RefusedToken(f"{shape.__name__}: {error}") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that stands twice: readers differ on which one counts (RFC 8725, 2.4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


_JSON = json.JSONDecoder(object_pairs_hook=_members)
