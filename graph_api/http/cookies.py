"""The session cookie: how a mutation brings it, and how an answer sets or removes it.

RFC 6265bis (draft-ietf-httpbis-rfc6265bis). Who reads names as browsers don't, trimming what is
no blank to them or unquoting, takes a cookie without a prefix for one that has it (PortSwigger,
'Cookie Chaos', 2025): so we compare names as they came.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph_api.context import SessionCookie
from graph_api.errors import BadUserInput
from graph_api.http.head import Head

SESSION_HEADER = "Graph-Api-Session"
"""Sent as ``cookie``, it asks for a session in a cookie. No form and no link can send it."""
SESSION_FIELD = SESSION_HEADER.lower().encode()
"""As ASGI has it."""

NAME = "__Host-Http-graph-api-refresh"
"""``__Host-``: no other host can set it. ``__Host-Http-``: nor can a script, in browsers that know
this prefix; the others see the first."""

_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"


def read_cookie(head: Head) -> SessionCookie:
    """Return the session cookie of a mutation; it is looked at only if the header asks for it.

    Raises:
        BadUserInput: for another mode than ``cookie``, or two cookies of the name.
    """
    modes = {mode.strip().lower() for mode in head.values(SESSION_FIELD)}
    if not modes:
        return SessionCookie()
    if modes != {"cookie"}:
        raise BadUserInput(f"{SESSION_HEADER} is `cookie` or absent.", reason="request_invalid")
    tokens = list(_values(head))
    if len(tokens) > 1:
        raise BadUserInput("Send one session cookie.", reason="request_invalid")
    return SessionCookie(wanted=True, token=(tokens[0] or None) if tokens else None)


def set_cookie(cookie: SessionCookie) -> dict[str, str]:
    """Return the header that does to the browser's cookie what the mutations did to ours."""
    if cookie.max_age is None:
        return {}
    value = f"{NAME}={cookie.token or ''}; Max-Age={cookie.max_age}; {_ATTRIBUTES}"
    return {"Set-Cookie": value}


def _values(head: Head) -> Iterator[str]:
    """Yield the values of the cookies that have exactly our name.

    HTTP/2 may split the header at any cookie (RFC 9113, section 8.2.3).
    """
    for field in head.values(b"cookie"):
        for pair in field.split(";"):
            name, _, value = pair.partition("=")
            if name.strip(" \t") == NAME:
                yield value.strip(" \t")
