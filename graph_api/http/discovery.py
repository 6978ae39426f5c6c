"""Discovery: how others find our keys from the issuer's URL alone.

OpenID Connect Discovery 1.0, section 4; RFC 8414; RFC 7517. All of it is built from ``ISSUER``,
never from the request's ``Host``. There is no authorization or token endpoint to name: signing in
is a mutation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from graph_api.settings import Settings

JWKS = "/.well-known/jwks.json"
OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"

MAX_AGE = 300
"""Seconds for which a verifier may keep the keys; rotation waits that long."""


def discovery_routes(
    settings: Settings, jwks: Callable[[], dict[str, Any]]
) -> list[HTTPRouteHandler]:
    """Return the handlers of the discovery documents.

    Args:
        settings: the issuer and how tokens are signed.
        jwks: returns the public keys of the moment, as a JWK set.
    """
    metadata = _metadata(settings)
    path = urlsplit(settings.issuer).path.rstrip("/")

    @get(_locations(path, OPENID, OAUTH), include_in_schema=False, sync_to_thread=False)
    def configuration() -> Response[bytes]:
        return _document(metadata)

    @get(_locations(path, JWKS), include_in_schema=False, sync_to_thread=False)
    def keys() -> Response[bytes]:
        return _document(jwks())

    return [configuration, keys]


def _locations(path: str, *well_known: str) -> list[str]:
    """Return where a document is looked for if the issuer has a path.

    OpenID puts ``/.well-known/`` behind it, RFC 8414, section 3.1, before it; and a proxy may take
    it away.
    """
    return sorted({at for each in well_known for at in (each, each + path, path + each)})


def _metadata(settings: Settings) -> dict[str, Any]:
    return {
        "issuer": settings.issuer,
        "jwks_uri": settings.issuer + JWKS,
        "response_types_supported": [],
        "grant_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [settings.signing_algorithm],
    }


def _document(content: dict[str, Any]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content),
        media_type="application/json",
        headers={"Cache-Control": f"public, max-age={MAX_AGE}"},
    )
