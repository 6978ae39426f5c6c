"""What stands between strangers and the application, outermost first."""

from __future__ import annotations

import logging

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import Scope

from graph_api.http.access_log import AccessLog
from graph_api.http.cors import Cors
from graph_api.http.hosts import KnownHosts
from graph_api.http.proxies import TrustedProxies
from graph_api.http.security_headers import SecurityHeaders
from graph_api.settings import Settings

log = logging.getLogger("graph_api.http")


def put_in_front(app: Litestar, settings: Settings) -> None:
    """Wrap an application in proxies, access log, security headers, host names and CORS.

    Litestar runs its ``middleware`` behind its router only, so an unknown path or method would
    answer without them.
    """
    inner = Cors(app.asgi_handler, settings.allowed_origins)
    known = KnownHosts(inner, settings.allowed_hosts)
    secure = SecurityHeaders(known, https=settings.issuer.startswith("https:"))
    app.after_exception.append(_log_unexpected)
    app.asgi_handler = TrustedProxies(AccessLog(secure), settings.trusted_proxies)


async def _log_unexpected(error: Exception, scope: Scope) -> None:
    """Log what a handler raised; Litestar answers 500 to it and tells the client nothing."""
    if not isinstance(error, HTTPException):
        log.error("unexpected error", extra={"path": scope["path"]}, exc_info=error)
