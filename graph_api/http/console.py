"""The console under ``/console``: an Angular application, whose built files the package ships.

``console/`` at the root of the repository makes them. A checkout without them starts all the same.
"""

from __future__ import annotations

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

from graph_api.http.built import answer
from graph_api.http.graphiql import address

PATH = "/console"

BUILD = "just console"
"""The command that builds it."""

# The name of a built file changes with its bytes: `main-O3RSNQSH.js`.
_HASHED = re.compile(r"-[\w-]{8}\.(?:js|css)")

# Angular gives the nonce to the style elements of its components. Trusted Types: a string becomes
# HTML by Angular's own policy, or by that of GraphiQL, and both sanitize it; it becomes no script.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types angular dompurify default"
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
            return answer(request, name, built[name], is_final=bool(_HASHED.search(name)))
        if PurePosixPath(name).suffix:
            raise NotFoundException
        return _page(built["index.html"])

    return console


def _page(template: bytes) -> Response[bytes]:
    nonce = secrets.token_urlsafe(16)
    written = {"nonce": nonce, "script": address("graphiql.js"), "style": address("graphiql.css")}
    for name, value in written.items():
        template = template.replace(f"{{{name}}}".encode(), value.encode())
    return Response(
        template,
        media_type="text/html",
        headers={"Cache-Control": "no-store", "Content-Security-Policy": _CSP.format(nonce=nonce)},
    )


def _not_built() -> Response[bytes]:
    sentence = f"The console is not built: run `{BUILD}` in the checkout, then ask again."
    headers = {"Cache-Control": "no-store"}
    return Response(sentence.encode(), status_code=404, media_type="text/plain", headers=headers)


def _built() -> Mapping[str, bytes]:
    """Return the built files by name: no path is ever made of a request."""
    return _read() if _folder().is_dir() else {}


def _folder() -> Any:
    return files("graph_api.http") / "static" / "console"


@cache
def _read() -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in _folder().iterdir() if file.is_file()}
