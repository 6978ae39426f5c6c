"""base64url without padding (RFC 7515, section 2), read in its one canonical spelling."""

from __future__ import annotations

import base64


def encode(data: bytes) -> str:
    """Return the text of some bytes, without ``=``."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a text.

    Raises:
        ValueError: for any spelling that :func:`encode` does not write. Python's decoder skips
            foreign characters and ignores unused bits, so one token would have many spellings.
    """
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
