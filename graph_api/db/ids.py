"""Ids that name their type and sort by time: ``usr_`` and a UUIDv7 in Crockford base32 (TypeID)."""

from __future__ import annotations

from typeid import TypeID
from typeid.errors import TypeIDException


def new_id(prefix: str) -> str:
    """Return a new id, such as ``usr_01k…``: ``prefix``, ``_`` and 26 characters."""
    return str(TypeID(prefix=prefix))


def prefix_of(value: str) -> str | None:
    """Return the prefix of a well-formed id, else None."""
    try:
        return TypeID.from_string(value).prefix or None
    except TypeIDException:
        return None
