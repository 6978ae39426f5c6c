"""Whose pages may send mutations.

``SameSite`` is no defence between ports or subdomains of a site, so the browser's word for where
a request comes from decides: ``Origin``, else ``Sec-Fetch-Site``. Those who send neither are no
browsers of today, and a page can't make one leave them out.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from graph_api.errors import Forbidden
from graph_api.http.cookies import SESSION_FIELD
from graph_api.http.head import Head
from graph_api.settings import Settings

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def trusted_origins(settings: Settings) -> frozenset[str]:
    """Return the issuer's origin and the listed ones, exactly as browsers write them."""
    return frozenset(map(origin_of, (settings.issuer, *settings.allowed_origins)))


def origin_of(url: str) -> str:
    """Return the origin of a URL: scheme, host, and port unless it is the default (RFC 6454)."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))
    return f"{parts.scheme}://{host}"


def check_origin(head: Head, trusted: frozenset[str]) -> None:
    """Refuse a mutation that a stranger's page sends.

    A trusted ``Origin`` is enough, be the page of another site (``Sec-Fetch-Site: cross-site``):
    that is what listing it is for. The request's own origin, by a ``Host`` that is known to be
    ours, is trusted. A request in a cookie session must say its origin.

    Raises:
        Forbidden: with the reason ``origin_not_allowed``.
    """
    given = head.values(b"origin")
    if given:
        allowed = len(given) == 1 and (given[0] in trusted or given[0] == _own_origin(head))
    else:
        site = head.text(b"sec-fetch-site") if b"sec-fetch-site" in head else "none"
        allowed = site in {"none", "same-origin"} and SESSION_FIELD not in head
    if not allowed:
        raise Forbidden(
            "Pages of this origin may not send mutations; GRAPH_API_ALLOWED_ORIGINS lists who may.",
            reason="origin_not_allowed",
        )


def _own_origin(head: Head) -> str | None:
    """Return the origin that a request came to; None for a ``Host`` that is no host."""
    try:
        return origin_of(f"{head.scope['scheme']}://{head.text(b'host')}")
    except ValueError:
        return None
