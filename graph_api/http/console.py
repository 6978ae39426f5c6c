"""The console under ``/console``: an Angular application, whose built files the package ships.

``console/`` at the root of the repository makes them. A checkout without them starts all the same.
"""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

PATH = "/console"

BUILD = "just console"
"""The command that builds it."""

# Stated here, since `mimetypes` asks the operating system: Windows may say that .js is text/plain.
_MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}

# The name of a built file changes with its bytes (`main-O3RSNQSH.js`): a copy is good for a year.
_HASHED = re.compile(r"-[\w-]{8}\.(?:js|css)")
_KEPT = "public, max-age=31536000, immutable"
_SOME_TIME = "public, max-age=3600"

# Angular gives the nonce to the style elements of its components. Trusted Types: a string becomes
# HTML or a script by Angular's own policy only, which sanitizes it.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types angular"
)


def console_route() -> HTTPRouteHandler:
    """Return the route of the page and its files.

    Each path below ``/console`` that names no file answers with the page: its own router shows what
    the path means, so that a link into the console and a reload work.
    """

    @get([PATH, PATH + "/{path:path}"], include_in_schema=False, sync_to_thread=False)
    def console(request: Request[Any, Any, Any]) -> Response[bytes]:
        built = _built()
        name = request.scope["path"].removeprefix(PATH).strip("/")
        if not built:
            return _not_built()
        if name in built and name != "index.html":
            return _file(name, built[name], takes_gzip=_takes_gzip(request))
        if PurePosixPath(name).suffix:
            raise NotFoundException
        return _page(built["index.html"])

    return console


def _page(template: bytes) -> Response[bytes]:
    nonce = secrets.token_urlsafe(16)
    return Response(
        template.replace(b"{nonce}", nonce.encode()),
        media_type="text/html",
        headers={"Cache-Control": "no-store", "Content-Security-Policy": _CSP.format(nonce=nonce)},
    )


def _not_built() -> Response[bytes]:
    sentence = f"The console is not built: run `{BUILD}` in the checkout, then ask again."
    headers = {"Cache-Control": "no-store"}
    return Response(sentence.encode(), status_code=404, media_type="text/plain", headers=headers)


def _file(name: str, content: bytes, *, takes_gzip: bool) -> Response[bytes]:
    headers = {
        "Cache-Control": _KEPT if _HASHED.search(name) else _SOME_TIME,
        "Vary": "Accept-Encoding",
    }
    if takes_gzip:
        content, headers["Content-Encoding"] = _gzipped(content), "gzip"
    return Response(content, media_type=_MEDIA_TYPES[PurePosixPath(name).suffix], headers=headers)


def _takes_gzip(request: Request[Any, Any, Any]) -> bool:
    """Whether the client takes gzip (RFC 9110, section 12.5.3); `gzip;q=0` is rare, and heeded."""
    codings = request.headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
    return any(re.fullmatch(r"gzip(;q=(1|0\.0*[1-9]\d*)[.0]*)?", coding) for coding in codings)


@cache
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _built() -> Mapping[str, bytes]:
    """Return the built files by name: no path is ever made of a request."""
    return _read() if _folder().is_dir() else {}


def _folder() -> Any:
    return files("graph_api.http") / "static" / "console"


@cache
def _read() -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in _folder().iterdir() if file.is_file()}
