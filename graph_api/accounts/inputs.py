"""Text that people send: how it is cleaned, and what is refused before a database sees it."""

from __future__ import annotations

from graph_api.errors import BadUserInput

MAXIMUM_EMAIL_LENGTH = 254
MAXIMUM_TEXT_LENGTH = 200


def is_text(value: str, *, maximum: int = MAXIMUM_TEXT_LENGTH) -> bool:
    """Whether it is printable and not too long; a NUL or half a surrogate can't be stored."""
    return len(value) <= maximum and value.isprintable()


def normalise_email(value: str) -> str | None:
    """Return an address as it is stored, without outer spaces and in lower case.

    Only its shape is looked at: one ``@`` with something on both sides, no spaces or control
    characters, at most 254 characters (RFC 5321, section 4.5.3.1.3). None for anything else.
    """
    email = value.strip().lower()
    local_part, _, domain = email.partition("@")
    well_formed = local_part and domain and "@" not in domain and " " not in email
    return email if well_formed and is_text(email, maximum=MAXIMUM_EMAIL_LENGTH) else None


def require_email(value: str, path: str) -> str:
    """Return an address as it is stored.

    Raises:
        BadUserInput: at ``path`` (dotted, such as ``input.email``), when it is none.
    """
    email = normalise_email(value)
    if email is None:
        raise BadUserInput.at(path, "This is no e-mail address.")
    return email


def require_text(value: str, path: str) -> str:
    """Return text without outer spaces.

    Raises:
        BadUserInput: at ``path``, when it is too long or holds control characters.
    """
    text = value.strip()
    if not is_text(text):
        raise BadUserInput.at(
            path, f"At most {MAXIMUM_TEXT_LENGTH} characters, without line breaks."
        )
    return text


def optional_text(value: str | None, path: str) -> str | None:
    """Return text without outer spaces, None when nothing is left of it.

    Raises:
        BadUserInput: as :func:`require_text`.
    """
    return require_text(value or "", path) or None
